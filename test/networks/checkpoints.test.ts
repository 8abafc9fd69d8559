import { mkdtemp, readFile, rm, symlink, truncate, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokenSafetensors, brokenTorchFile, missingShard } from '../../src/messages/index.ts';
import { openCheckpoint } from '../../src/networks/weights/checkpoint.ts';
import { folderOf, type PlacedTensor, rowsOfTensor } from '../../src/networks/weights/weights.ts';
import { encodeSafetensors, writeSafetensors } from '../../src/onnx/safetensors.ts';
import { fromNumbers, halfToNumber } from '../../src/onnx/tensor.ts';
import { golden } from './fixture.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'craquelure-checkpoints-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The numbers at a tensor's place. */
async function valuesAt({ path, offset, dims, dtype }: PlacedTensor): Promise<number[]> {
  const bytes = await readFile(path);
  const count = dims.reduce((a, b) => a * b, 1);
  return Array.from({ length: count }, (_, i) => {
    if (dtype === 'float32') return bytes.readFloatLE(offset + 4 * i);
    if (dtype === 'int64') return Number(bytes.readBigInt64LE(offset + 8 * i));
    const bits = bytes.readUInt16LE(offset + 2 * i);
    return dtype === 'float16' ? halfToNumber(bits) : new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
  });
}

describe('a state dict by torch.save', () => {
  for (const file of ['zipped.pth', 'legacy.pth', 'training.ckpt', 'protocol5.pth']) {
    it(`is found tensor by tensor, views and shared storages included: ${file}`, async () => {
      const { tensors } = await openCheckpoint(golden('torch-files', file));
      const found = await Promise.all(
        [...tensors].map(async ([name, each]) => [name, each.dtype, each.dims, await valuesAt(each)]),
      );
      const base = Array.from({ length: 12 }, (_, i) => i / 8);
      expect(found).toEqual([
        ['a.weight', 'float32', [3, 4], base],
        ['a.rows', 'float32', [2, 4], base.slice(4)],
        ['half', 'float16', [3], [0.5, -2, 65504]],
        ['brain', 'bfloat16', [2, 1], [1, -2.5]],
        ['count', 'int64', [], [7]],
        ['none', 'float32', [0, 4], []],
      ]);
    });
  }

  it('with code in it is refused by the name of what it calls', async () => {
    const path = golden('torch-files', 'code.ckpt');
    await expect(openCheckpoint(path)).rejects.toThrow(
      brokenTorchFile(
        path,
        "it calls '__builtin__.print', which is no part of a tensor and could run code. " +
          'Get the model as .safetensors, or save its state dict alone: torch.save(model.state_dict(), FILE)',
      ),
    );
  });

  it('with a tensor in another order than row-major is refused by the name of the tensor', async () => {
    await expect(openCheckpoint(golden('torch-files', 'turned.pth'))).rejects.toThrow(
      /'w' is stored in another order than row-major/,
    );
  });

  for (const file of ['zipped.pth', 'legacy.pth']) {
    it(`that is cut short is an error that names it: ${file}`, async () => {
      const path = join(dir, file);
      const whole = await readFile(golden('torch-files', file));
      for (const length of [0, 3, 40, Math.floor(whole.length / 2), whole.length - 1]) {
        await writeFile(path, whole.subarray(0, length));
        await expect(openCheckpoint(path), `${length} bytes`).rejects.toThrow(
          `Cannot read '${path}' as a PyTorch file of tensors`,
        );
      }
    });
  }
});

describe('a checkpoint in parts', () => {
  const first = { a: fromNumbers('float32', [2], [1, 2]) };
  const second = { b: fromNumbers('float32', [1], [3]) };
  const write = async (folder: string, map: object): Promise<string> => {
    await mkdir(join(dir, folder), { recursive: true });
    const index = join(dir, folder, 'model.safetensors.index.json');
    await writeFile(index, JSON.stringify({ metadata: {}, weight_map: map }));
    return index;
  };

  it('is one, whichever part a tensor is in', async () => {
    const index = await write('whole', { a: 'model-1.safetensors', b: 'model-2.safetensors' });
    await writeSafetensors(join(dir, 'whole', 'model-1.safetensors'), first);
    await writeSafetensors(join(dir, 'whole', 'model-2.safetensors'), second);
    const { tensors } = await openCheckpoint(index);
    expect(await valuesAt(tensors.get('a')!)).toEqual([1, 2]);
    expect(await valuesAt(tensors.get('b')!)).toEqual([3]);
  });

  it('without one of them is an error that names the part and a tensor in it', async () => {
    const index = await write('partial', { a: 'model-1.safetensors', b: 'model-2.safetensors' });
    await writeSafetensors(join(dir, 'partial', 'model-1.safetensors'), first);
    const absent = join(dir, 'partial', 'model-2.safetensors');
    await expect(openCheckpoint(index)).rejects.toThrow(missingShard(absent, index, 'b'));
  });

  it('whose index names files elsewhere is refused', async () => {
    const index = await write('outside', { a: '../whole/model-1.safetensors' });
    await expect(openCheckpoint(index)).rejects.toThrow(
      /'..\/whole\/model-1.safetensors', which is not beside it/,
    );
  });
});

describe('a safetensors file', () => {
  const file = (header: string, values = 8): Buffer => {
    const text = Buffer.from(header.padEnd(Math.ceil(header.length / 8) * 8));
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([start, text, Buffer.alloc(values)]);
  };
  const refusedFor: readonly (readonly [what: string, bytes: Uint8Array, why: RegExp])[] = [
    [
      'of 8-bit floats',
      file('{"w":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}'),
      /'w' is of type F8_E4M3. Get the model with weights in F32, F16 or BF16/,
    ],
    [
      'whose header points outside',
      file('{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'),
      /'w' \[4\] needs 16 bytes within the file/,
    ],
    ['that is a GGUF file', Buffer.from('GGUF\x03\0\0\0 and so on'), /it is a GGUF file/],
    [
      'that is a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
      /git lfs pull/,
    ],
  ];
  for (const [what, bytes, why] of refusedFor) {
    it(`${what} is refused with a remedy`, async () => {
      const path = join(dir, 'bad.safetensors');
      await writeFile(path, bytes);
      await expect(openCheckpoint(path)).rejects.toThrow(why);
      await expect(openCheckpoint(path)).rejects.toThrow(`'${path}'`);
    });
  }

  it('that is cut short is an error that names it and the tensor', async () => {
    const path = join(dir, 'short.safetensors');
    await writeFile(path, encodeSafetensors({ w: fromNumbers('float32', [3], [1, 2, 3]) }));
    await truncate(path, (await readFile(path)).length - 1);
    await expect(openCheckpoint(path)).rejects.toThrow(
      brokenSafetensors(
        path,
        "'w' [3] needs 12 bytes within the file, which is cut short or damaged. Download it again",
      ),
    );
  });

  it('behind a link, as in the hub cache, is where the link points to', async () => {
    await mkdir(join(dir, 'blobs'));
    await writeSafetensors(join(dir, 'blobs', 'abc'), { w: fromNumbers('float32', [1], [4]) });
    await symlink(join(dir, 'blobs', 'abc'), join(dir, 'linked.safetensors'));
    const { tensors } = await openCheckpoint(join(dir, 'linked.safetensors'));
    expect(tensors.get('w')!.path.endsWith(join('blobs', 'abc'))).toBe(true);
  });
});

describe('places of tensors', () => {
  const at = (path: string): PlacedTensor => ({ dtype: 'float16', dims: [6, 5], path, offset: 100 });

  it('of rows lie within the tensor', () => {
    expect(rowsOfTensor(at('/m/a'), 2, 4)).toEqual({
      dtype: 'float16',
      dims: [2, 5],
      path: '/m/a',
      offset: 120,
    });
  });

  it('have one folder, the deepest that holds all files', () => {
    expect(folderOf([at('/m/unet/a'), at('/m/unet/b')])).toBe('/m/unet');
    expect(folderOf([at('/m/unet/a'), at('/m/vae/b'), at('/m/c')])).toBe('/m');
    expect(folderOf([])).toBe(undefined);
  });
});
