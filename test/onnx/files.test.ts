import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CraquelureError, invalidModel, unusableExternalData } from '../../src/messages/index.ts';
import { decodeModel } from '../../src/onnx/decode.ts';
import { encodeModel } from '../../src/onnx/encode.ts';
import { readModel, writeModel } from '../../src/onnx/files.ts';
import type { Attribute, Model, StoredTensor } from '../../src/onnx/model.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const bytes = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const weight: StoredTensor = {
  name: 'w',
  dtype: 'float32',
  dims: [2, 3],
  raw: bytes(Float32Array.of(1, 2, 3, 4, 5, 6)),
};

const modelOf = (
  initializers: readonly StoredTensor[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Model => ({
  irVersion: 8,
  opsets: { '': 17, 'com.microsoft': 1 },
  graph: {
    name: 'g',
    nodes: [{ name: 'n0', opType: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes }],
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [null, 3] }],
    initializers,
    valueInfo: [],
  },
  functions: [],
  metadata: { licence: 'MIT' },
});

const errorOf = async (promise: Promise<unknown>): Promise<CraquelureError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CraquelureError);
  return error as CraquelureError;
};

describe('encodeModel and decodeModel', () => {
  it('give back every kind of attribute, tensor and dimension', () => {
    const attributes: Record<string, Attribute> = {
      alpha: { kind: 'float', value: 0.5 },
      axis: { kind: 'int', value: -1 },
      ends: { kind: 'ints', value: [0, 2 ** 63, -(2 ** 63), 2 ** 40] },
      mode: { kind: 'string', value: 'Ärmel' },
      scales: { kind: 'floats', value: [1, 2.5] },
      names: { kind: 'strings', value: ['a', 'b'] },
      value: { kind: 'tensor', value: { ...weight, name: '' } },
      body: { kind: 'graph', value: { ...modelOf([weight]).graph, name: 'inner' } },
    };
    const strings: StoredTensor = { name: 's', dtype: 'string', dims: [1], strings: [Buffer.from('hi')] };
    const scalar: StoredTensor = { name: 'c', dtype: 'int64', dims: [], raw: bytes(BigInt64Array.of(-7n)) };
    const model = modelOf([weight, strings, scalar], attributes);
    const back = decodeModel(encodeModel(model));
    const plain = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (_, v) => (v?.type === 'Buffer' ? Array.from(v.data as number[]) : v)),
      );
    const listed = (value: Model): unknown => plain(decodeModel(encodeModel(value)));
    expect(listed(back)).toEqual(listed(model));
    expect(back.graph.nodes[0]!.attributes.ends).toEqual(attributes.ends);
    expect(back.graph.nodes[0]!.attributes.mode).toEqual(attributes.mode);
    expect(back.graph.inputs).toEqual(model.graph.inputs);
    expect(back.graph.outputs).toEqual(model.graph.outputs);
    expect(back.opsets).toEqual(model.opsets);
    expect(back.metadata).toEqual(model.metadata);
    expect(plain(back.graph.initializers)).toEqual(
      JSON.parse(
        JSON.stringify([weight, strings, scalar], (_, v) =>
          v?.type === 'Buffer' ? Array.from(v.data as number[]) : v instanceof Uint8Array ? [...v] : v,
        ),
      ),
    );
  });

  it('make weights views of the file, not copies', () => {
    const file = encodeModel(modelOf([weight]));
    const [tensor] = decodeModel(file).graph.initializers;
    expect(tensor!.raw!.buffer).toBe(file.buffer);
  });

  it('refuse bytes that are empty, truncated or something else', () => {
    const file = encodeModel(modelOf([weight]));
    expect(() => decodeModel(new Uint8Array(), { name: 'm' })).toThrow(
      invalidModel('m', 'the file is empty'),
    );
    for (const cut of [file.length - 1, file.length >> 1, 3]) {
      expect(() => decodeModel(file.subarray(0, cut), { name: 'm' })).toThrow(CraquelureError);
    }
    expect(() => decodeModel(Buffer.from('%PDF-1.7 not a model at all'), { name: 'm' })).toThrow(
      CraquelureError,
    );
  });

  it('refuse a tensor whose bytes do not fit its shape', () => {
    const short = encodeModel(modelOf([{ ...weight, raw: new Uint8Array(8) }]));
    expect(() => decodeModel(short, { name: 'm' })).toThrow(
      invalidModel('m', "tensor 'w' of shape [2,3] needs 24 bytes but has 8"),
    );
  });
});

describe('readModel', () => {
  const external = (location: string, offset = 0, length = 24): Model =>
    modelOf([{ name: 'w', dtype: 'float32', dims: [2, 3], external: { location, offset, length } }]);
  const written = async (name: string, model: Model): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, encodeModel(model));
    return path;
  };

  it('keeps external data external and knows its folder', async () => {
    await writeFile(join(folder, 'w.bin'), new Uint8Array(32));
    const model = await readModel(await written('ok.onnx', external('w.bin', 8)));
    expect(model.graph.initializers[0]).toEqual({
      name: 'w',
      dtype: 'float32',
      dims: [2, 3],
      external: { location: 'w.bin', offset: 8, length: 24 },
    });
    expect(model.folder).toBe(folder);
  });

  it('names what is wrong with external data', async () => {
    await writeFile(join(folder, 'short.bin'), new Uint8Array(20));
    await mkdir(join(folder, 'inner'), { recursive: true });
    await symlink('/etc/hostname', join(folder, 'inner', 'link.bin')).catch(() => undefined);
    const cases: [name: string, model: Model, why: string][] = [
      ['a.onnx', external('none.bin'), "'none.bin' is missing from the model's folder"],
      ['b.onnx', external('short.bin'), "'short.bin' has 20 bytes but 24 are needed"],
      ['c.onnx', external('short.bin', 0, 12), 'its shape [2,3] needs 24 bytes but it says 12'],
      ['d.onnx', external('../w.bin'), "'../w.bin' points outside the model's folder"],
      ['e.onnx', external('/etc/hostname'), "'/etc/hostname' points outside the model's folder"],
      ['f.onnx', external('inner/link.bin'), "'inner/link.bin' is a link out of the model's folder"],
    ];
    for (const [name, model, why] of cases) {
      const path = await written(name, model);
      expect((await errorOf(readModel(path))).message).toBe(unusableExternalData(path, 'w', why).message);
    }
  });

  it('names a file that is not there', async () => {
    const path = join(folder, 'nowhere.onnx');
    expect((await errorOf(readModel(path))).message).toContain(invalidModel(path, 'ENOENT').message);
  });
});

describe('writeModel', () => {
  it('writes what readModel reads, and leaves nothing half-written', async () => {
    const path = join(folder, 'written.onnx');
    await writeModel(modelOf([weight]), path);
    expect((await readModel(path)).graph.initializers[0]!.dims).toEqual([2, 3]);
    await errorOf(writeModel(modelOf([weight]), join(folder, 'no', 'such.onnx')).catch(rethrown));
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('does not part a model from its external data', async () => {
    await writeFile(join(folder, 'w.bin'), new Uint8Array(32));
    const tensor: StoredTensor = {
      name: 'w',
      dtype: 'float32',
      dims: [2, 3],
      external: { location: 'w.bin', offset: 0 },
    };
    const model = { ...modelOf([tensor]), folder };
    await writeModel(model, join(folder, 'beside.onnx'));
    const error = await errorOf(writeModel(model, join(tmpdir(), 'elsewhere.onnx')));
    expect(error.message).toBe(
      unusableExternalData(
        join(tmpdir(), 'elsewhere.onnx'),
        'w',
        `it lies in '${folder}'; write the model into that folder`,
      ).message,
    );
  });
});

/** Errors of the file system as they come; wrapped, so that one helper can look at both kinds. */
function rethrown(thrown: unknown): never {
  throw new CraquelureError('ONNX', String(thrown));
}
