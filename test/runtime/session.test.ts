import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { closedSession, misfitTensor, missingInputs, unknownName } from '../../src/messages/index.ts';
import { encodeModel } from '../../src/onnx/encode.ts';
import { writeModel } from '../../src/onnx/files.ts';
import { fromNumbers, type Tensor, tensor } from '../../src/onnx/tensor.ts';
import { openSession } from '../../src/runtime/session.ts';
import { difference, modelOf, node, port } from './models.ts';

const folder = await mkdtemp(join(tmpdir(), 'session-'));
afterAll(() => rm(folder, { recursive: true }));

const rows = (...values: number[]): Tensor => fromNumbers('float32', [values.length / 2, 2], values);

describe('running a model', () => {
  it('gives every output, or those asked for, whether it comes as a path, as bytes or as data', async () => {
    const path = join(folder, 'difference.onnx');
    await writeModel(difference, path);
    for (const source of [path, encodeModel(difference), difference]) {
      const session = await openSession(source);
      const inputs = { a: rows(1, 2, 3, 4), b: rows(4, 3, 2, 1) };
      expect(await session.run(inputs)).toEqual({
        y: rows(-3, -1, 1, 3),
        total: fromNumbers('float32', [], [0]),
      });
      expect(Object.keys(await session.run(inputs, ['total']))).toEqual(['total']);
      await session.close();
    }
  });

  it.each(['float16', 'float64', 'int64', 'int32', 'uint8', 'bool'] as const)(
    'passes %s through',
    async (dtype) => {
      const model = modelOf({
        inputs: [port('x', ['n'], dtype)],
        outputs: [port('y', ['n'], dtype)],
        nodes: [node('Identity', ['x'], ['y'])],
      });
      const session = await openSession(model);
      const x = fromNumbers(dtype, [3], [1, 0, 1]);
      expect(await session.run({ x })).toEqual({ y: x });
    },
  );

  it('takes scalars and empty tensors', async () => {
    const session = await openSession(difference);
    const empty = tensor('float32', [0, 2], new Float32Array());
    const { y, total } = await session.run({ a: empty, b: empty });
    expect(y!.dims).toEqual([0, 2]);
    expect(total).toEqual(fromNumbers('float32', [], [0]));
  });

  it('says what the run took', async () => {
    const session = await openSession(difference);
    expect(session.lastRun()).toBeUndefined();
    await session.run({ a: rows(1, 2), b: rows(1, 2) });
    const { ms, peakMemory } = session.lastRun()!;
    expect(ms).toBeGreaterThan(0);
    expect(peakMemory).toBeGreaterThan(30e6); // Node alone needs this much
    expect(peakMemory).toBeLessThan(16e9);
  });

  it('reads external data from the folder of a model in memory', async () => {
    const name = 'weights.bin';
    await writeFile(join(folder, name), new Uint8Array(new Float32Array([9, 9, 1, 2]).buffer));
    const external = { location: name, offset: 8, length: 8 };
    const model = modelOf({
      inputs: [port('x', [2])],
      outputs: [port('y', [2])],
      nodes: [node('Mul', ['x', 'w'], ['y'])],
      initializers: [{ name: 'w', dtype: 'float32', dims: [2], external }],
      folder,
    });
    const session = await openSession(model);
    expect(await session.run({ x: fromNumbers('float32', [2], [10, 10]) })).toEqual({
      y: fromNumbers('float32', [2], [10, 20]),
    });
  });
});

describe('inputs that do not fit', () => {
  it('are named before anything runs', async () => {
    const session = await openSession(difference, { name: 'difference' });
    const good = rows(1, 2);
    const refuse = (inputs: Record<string, Tensor>, error: Error, wanted?: string[]) =>
      expect(session.run(inputs, wanted)).rejects.toThrow(error.message);
    await refuse({ a: good }, missingInputs('difference', ['b']));
    await refuse({ a: good, b: good, c: good }, unknownName('input', 'c', ['a', 'b']));
    await refuse({ a: good, b: good }, unknownName('output', 'z', ['y', 'total']), ['z']);
    const wanted = 'float32 [batch, 2]';
    await refuse(
      { a: good, b: fromNumbers('float32', [1, 3], [1, 2, 3]) },
      misfitTensor("input 'b'", 'difference', wanted, 'float32 [1, 3]'),
    );
    await refuse(
      { a: fromNumbers('float64', [1, 2], [1, 2]), b: good },
      misfitTensor("input 'a'", 'difference', wanted, 'float64 [1, 2]'),
    );
    await refuse(
      { a: good, b: fromNumbers('float32', [2], [1, 2]) },
      misfitTensor("input 'b'", 'difference', wanted, 'float32 [2]'),
    );
  });

  it('that only the graph can refuse end in an error that names model and device', async () => {
    const session = await openSession(difference, { name: 'difference' });
    await expect(session.run({ a: rows(1, 2, 3, 4), b: rows(1, 2, 1, 2, 1, 2) })).rejects.toThrow(
      /^Model 'difference' failed on device 'cpu': .*Sub/,
    );
  });
});

describe('models that cannot be loaded', () => {
  it('are named with the reason', async () => {
    await expect(openSession('no/such.onnx')).rejects.toThrow(/^Cannot load model 'no\/such.onnx': ENOENT/);
    const text = join(folder, 'text.onnx');
    await writeFile(text, 'not a model');
    await expect(openSession(text)).rejects.toThrow(/^Cannot load model '.*text.onnx': .*protobuf/i);
    const cut = join(folder, 'cut.onnx');
    await writeModel(difference, cut);
    await truncate(cut, 60);
    await expect(openSession(cut)).rejects.toThrow(/^Cannot load model '.*cut.onnx': /);
    const unknown = modelOf({ inputs: [], outputs: [port('y', [])], nodes: [node('Frobnicate', [], ['y'])] });
    await expect(openSession(unknown)).rejects.toThrow(/^Cannot load model 'in memory': .*Frobnicate/);
  });

  it('a closed session says so, and closing twice is nothing', async () => {
    const session = await openSession(difference);
    await session.close();
    await session.close();
    await expect(session.run({})).rejects.toThrow(closedSession('in memory').message);
  });
});
