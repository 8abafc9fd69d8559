/**
 * @file `.safetensors`: named tensors in one file, the form in which fine-tuned weights are passed on (Hugging Face).
 * Eight bytes with the length of a JSON header, the header, then the values, little endian, without gaps.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { brokenSafetensors, reasonOf } from '../messages/index.ts';
import {
  bytesPerElement,
  type DType,
  elementCount,
  type NamedTensors,
  type Tensor,
  tensor,
  tensorBytes,
  tensorFromBytes,
} from './tensor.ts';
import { chunksOf, writeAtomically } from '../files/atomic.ts';

/** What such a file holds. */
export interface Safetensors {
  readonly tensors: NamedTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

const DTYPES = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U64: 'uint64',
  U32: 'uint32',
  U16: 'uint16',
  U8: 'uint8',
  BOOL: 'bool',
} as const satisfies Readonly<Record<string, DType>>;

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());

const METADATA = '__metadata__';

/** A header beyond this size is not a header: the reference implementation refuses it, too. */
const LONGEST_HEADER = 100e6;

/**
 * Reads a file, tensor by tensor, so that files beyond what one buffer holds can be read; bfloat16, which JavaScript has
 * no array for, becomes float32. @throws MODEL if it is damaged.
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const file = await open(path).catch((error: unknown) => {
    throw brokenSafetensors(path, reasonOf(error));
  });
  try {
    return await parsed(file);
  } catch (error) {
    throw brokenSafetensors(path, error instanceof z.ZodError ? 'its header is malformed' : reasonOf(error));
  } finally {
    await file.close();
  }
}

/** Writes a file; it appears whole or not at all, and outlives a power cut: weights may have cost hours. */
export async function writeSafetensors(
  path: string,
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeAtomically(path, partsOf(tensors, metadata), { makeFolders: false, durable: true });
}

/** The bytes of a file. */
export const encodeSafetensors = (
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array => Buffer.concat(partsOf(tensors, metadata));

/** Header and values, one after the other. */
function partsOf(tensors: NamedTensors, metadata: Readonly<Record<string, string>>): Uint8Array[] {
  // Wide elements first keeps every tensor aligned; the reference implementation orders so, too.
  const width = ([, { dtype }]: [string, Tensor]): number => bytesPerElement(dtype);
  const named = Object.entries(tensors).sort((a, b) => width(b) - width(a) || (a[0] < b[0] ? -1 : 1));
  let at = 0;
  const entries = named.map(([name, { dtype, dims, data }]) => {
    const begin = at;
    at += data.byteLength;
    const code = Object.entries(DTYPES).find(([, each]) => each === dtype)![0];
    return [name, { dtype: code, shape: dims, data_offsets: [begin, at] }];
  });
  const about = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  const header = Buffer.from(JSON.stringify(Object.fromEntries([...about, ...entries])));
  const padded = Math.ceil(header.length / 8) * 8;
  const start = Buffer.alloc(8 + padded, ' ');
  start.writeBigUInt64LE(BigInt(padded), 0);
  header.copy(start, 8);
  return [start, ...named.map(([, each]) => tensorBytes(each))];
}

/** Bytes of a file from a place on. */
type Read = (from: number, length: number) => Promise<Uint8Array>;

async function parsed(file: FileHandle): Promise<Safetensors> {
  const { size } = await file.stat();
  const read: Read = async (from, length) => {
    const bytes = new Uint8Array(length);
    for (const chunk of chunksOf(bytes)) {
      await file.read(chunk, 0, chunk.length, from + chunk.byteOffset);
    }
    return bytes;
  };
  if (size < 8) throw new RangeError('it is shorter than its own header');
  const length = Number(Buffer.from(await read(0, 8)).readBigUInt64LE(0));
  if (length > LONGEST_HEADER || 8 + length > size) throw new RangeError('it is cut short, or no such file');
  const header: unknown = JSON.parse(Buffer.from(await read(8, length)).toString('utf8'));
  const { [METADATA]: about = {}, ...entries } = headerSchema.parse(header);
  const values = { size: size - 8 - length, read: (at: number, n: number) => read(8 + length + at, n) };
  assertGapless(entries, values.size);
  const tensors: [string, Tensor][] = [];
  for (const [name, entry] of Object.entries(entries)) {
    tensors.push([name, await tensorOf(name, entry, values)]);
  }
  return { tensors: Object.fromEntries(tensors), metadata: metadataSchema.parse(about) };
}

/** Tensors that overlap, or bytes that belong to none, are no file of this format; the reference refuses both. */
function assertGapless(entries: Readonly<Record<string, unknown>>, size: number): void {
  const spans = Object.values(entries).map((entry) => entrySchema.parse(entry).data_offsets);
  let at = 0;
  for (const [begin, end] of spans.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (begin !== at || end < begin)
      throw new RangeError(`its tensors overlap or leave gaps at byte ${Math.min(begin, at)}`);
    at = end;
  }
  if (at < size) throw new RangeError(`its tensors take ${at} bytes but it has ${size}`);
}

async function tensorOf(
  name: string,
  entry: unknown,
  values: { readonly size: number; readonly read: Read },
): Promise<Tensor> {
  const {
    dtype,
    shape,
    data_offsets: [begin, end],
  } = entrySchema.parse(entry);
  const known =
    dtype === 'BF16'
      ? 'uint16'
      : Object.hasOwn(DTYPES, dtype)
        ? DTYPES[dtype as keyof typeof DTYPES]
        : undefined;
  if (known === undefined) throw new RangeError(`'${name}' is of type ${dtype}`);
  const wanted = elementCount(shape) * bytesPerElement(known);
  if (end - begin !== wanted || end > values.size) {
    throw new RangeError(`'${name}' [${shape}] needs ${wanted} bytes within the file`);
  }
  const stored = tensorFromBytes(known, shape, await values.read(begin, wanted));
  return dtype === 'BF16' ? widened(stored.data as Uint16Array, shape) : stored;
}

/** bfloat16 is the upper half of a float32. */
function widened(halves: Uint16Array, shape: readonly number[]): Tensor {
  const bits = Uint32Array.from(halves, (half) => half << 16);
  return tensor('float32', shape, new Float32Array(bits.buffer));
}
