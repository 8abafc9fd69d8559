import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { unusableArray } from '../../src/messages/index.ts';
import { decodeNpy, encodeNpy, readNpy, writeNpy } from '../../src/onnx/npy.ts';
import { type DType, elementCount, fromNumbers, toFloat64 } from '../../src/onnx/tensor.ts';

const golden = (name: string): string => fileURLToPath(new URL(`npy/${name}.npy`, import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'npy-'));
afterAll(() => rm(folder, { recursive: true }));

const count = Array.from({ length: 24 }, (_, i) => i);
const half = [0, -0, 1, -1.5, 65504, 2 ** -24, 1023 * 2 ** -24, 0.0999755859375, Infinity, -Infinity];

describe('reading files that NumPy wrote', () => {
  it.each([
    ['float16', 'float16', [12], [...half, 0.333251953125, 2048]],
    ['float32-fortran', 'float32', [2, 3, 4], count.map((i) => i / 8 - 1)],
    ['float32-big-endian', 'float32', [4, 6], count.map((i) => i / 8 - 1)],
    ['float64-v2', 'float64', [2, 12], count.map((i) => Math.PI * i)],
    ['float64-big-endian-fortran', 'float64', [3, 8], count],
    ['uint16-v3', 'uint16', [3], [0, 1, 65535]],
    ['int8', 'int8', [2], [-128, 127]],
    ['bool', 'bool', [2, 1], [1, 0]],
    ['scalar', 'float32', [], [2.5]],
    ['empty', 'float32', [0, 3], []],
  ])('reads %s', async (name, dtype, dims, values) => {
    const tensor = await readNpy(golden(name));
    expect(tensor.dtype).toBe(dtype);
    expect(tensor.dims).toEqual(dims);
    expect([...toFloat64(tensor)]).toEqual(values);
  });

  it('reads 64-bit integers without rounding', async () => {
    expect((await readNpy(golden('int64'))).data).toEqual(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 0n));
  });

  it('writes the very bytes that NumPy writes', async () => {
    for (const name of ['float16', 'int64', 'int8', 'bool', 'scalar', 'empty']) {
      const bytes = await readFile(golden(name));
      expect(Buffer.from(encodeNpy(decodeNpy(bytes, name)))).toEqual(bytes);
    }
  });
});

describe('files that cannot be read', () => {
  it.each([
    ['objects', 'it holds Python objects'],
    ['records', 'it holds records, not plain numbers'],
    ['complex', "it holds elements of type '<c8'"],
  ])('%s', async (name, why) => {
    await expect(readNpy(golden(name))).rejects.toThrow(unusableArray(golden(name), why).message);
  });

  it('a missing file is named', async () => {
    await expect(readNpy('no/such.npy')).rejects.toThrow(/Cannot use array 'no\/such.npy': ENOENT/);
  });

  it('every cut of a file is an error that names it', () => {
    const bytes = encodeNpy(fromNumbers('float32', [2, 2], [1, 2, 3, 4]));
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeNpy(bytes.subarray(0, length), 'cut.npy')).toThrow(/Cannot use array 'cut.npy'/);
    }
  });

  it('a damaged header or an unknown version', () => {
    const bytes = encodeNpy(fromNumbers('float32', [1], [1]));
    const damaged = Uint8Array.from(bytes, (byte) => (byte === 0x28 ? 0x5b : byte)); // ( becomes [
    expect(() => decodeNpy(damaged, 'd.npy')).toThrow(
      unusableArray('d.npy', 'its header is damaged').message,
    );
    const future = Uint8Array.from(bytes, (byte, i) => (i === 6 ? 9 : byte));
    expect(() => decodeNpy(future, 'f.npy')).toThrow(
      unusableArray('f.npy', 'unknown .npy version 9').message,
    );
  });
});

describe('round trips', () => {
  const dtypes: DType[] = [
    'float16',
    'float32',
    'float64',
    'int8',
    'int32',
    'int64',
    'uint8',
    'uint64',
    'bool',
  ];
  const cases = fc.record({
    dtype: fc.constantFrom(...dtypes),
    dims: fc.array(fc.nat(4), { maxLength: 4 }),
    seed: fc.nat(1000),
  });

  it('keeps type, shape and every bit', () => {
    fc.assert(
      fc.property(cases, ({ dtype, dims, seed }) => {
        const values = Array.from({ length: elementCount(dims) }, (_, i) => (i * 37 + seed) % 2);
        const tensor = fromNumbers(dtype, dims, values);
        expect(decodeNpy(encodeNpy(tensor), 't')).toEqual(tensor);
      }),
    );
  });

  it('reads a slice of a larger buffer at any alignment', () => {
    const tensor = fromNumbers('float64', [3], [1, 2, 3]);
    for (let offset = 0; offset < 8; offset++) {
      const buffer = Buffer.concat([Buffer.alloc(offset), encodeNpy(tensor)]);
      expect(decodeNpy(buffer.subarray(offset), 't')).toEqual(tensor);
    }
  });

  it('leaves no partial file behind', async () => {
    const path = join(folder, 'grad.x.npy');
    await writeNpy(path, fromNumbers('float32', [2], [1, 2]));
    expect(await readdir(folder)).toEqual(['grad.x.npy']);
    expect([...toFloat64(await readNpy(path))]).toEqual([1, 2]);
  });
});
