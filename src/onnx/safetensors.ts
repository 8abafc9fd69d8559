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
export const readSafetensors = (path: string): Promise<Safetensors> => opened(path, parsed);

async function opened<T>(path: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path).catch((error: unknown) => {
    throw brokenSafetensors(path, reasonOf(error));
  });
  try {
    return await read(file);
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

/** A tensor of a file: its element type, its shape, and where its bytes lie, from the beginning of the file. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: DType | 'bfloat16';
  readonly dims: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** Where the tensors of a file lie; their bytes are not read. @throws MODEL if the file is damaged */
export async function readSafetensorsIndex(path: string): Promise<readonly SafetensorsEntry[]> {
  return (await opened(path, indexOf)).entries;
}

interface Index {
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

async function bytesAt(file: FileHandle, from: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (const chunk of chunksOf(bytes)) await file.read(chunk, 0, chunk.length, from + chunk.byteOffset);
  return bytes;
}

async function indexOf(file: FileHandle): Promise<Index> {
  const { size } = await file.stat();
  if (size < 8) throw new RangeError('it is shorter than its own header');
  const start = Buffer.from(await bytesAt(file, 0, 8));
  refuseOthers(start);
  const length = Number(start.readBigUInt64LE(0));
  if (length > LONGEST_HEADER || 8 + length > size) throw new RangeError('it is cut short, or no such file');
  const header: unknown = JSON.parse(Buffer.from(await bytesAt(file, 8, length)).toString('utf8'));
  const { [METADATA]: about = {}, ...entries } = headerSchema.parse(header);
  const found = Object.entries(entries).map(([name, entry]) => entryOf(name, entry, 8 + length, size));
  assertGapless(found, 8 + length, size);
  return {
    entries: found,
    metadata: metadataSchema.parse(about),
  };
}

/** Tensors that overlap, or bytes that belong to none, are no file of this format; the reference refuses both. */
function assertGapless(entries: readonly SafetensorsEntry[], start: number, size: number): void {
  let at = start;
  for (const { offset, length } of entries.toSorted((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (offset !== at)
      throw new RangeError(`its tensors overlap or leave gaps at byte ${Math.min(offset, at) - start}`);
    at = offset + length;
  }
  if (at < size) throw new RangeError(`its tensors take ${at - start} bytes but it has ${size - start}`);
}

/** Files that are often met under this name and are others. */
function refuseOthers(start: Buffer): void {
  const text = start.toString('latin1');
  if (text.startsWith('GGUF'))
    throw new RangeError(
      'it is a GGUF file, whose weights are quantised. Get the float16 safetensors of this model',
    );
  if (text.startsWith('version '))
    throw new RangeError('it is a Git LFS pointer, not the file itself. Fetch the file: git lfs pull');
}

/** A type by its name in the file; undefined if it is not one of ours, whatever objects inherit under that name. */
const dtypeOf = (name: string): DType | undefined =>
  Object.hasOwn(DTYPES, name) ? DTYPES[name as keyof typeof DTYPES] : undefined;

function entryOf(name: string, entry: unknown, start: number, size: number): SafetensorsEntry {
  const {
    dtype,
    shape: dims,
    data_offsets: [begin, end],
  } = entrySchema.parse(entry);
  const known = dtype === 'BF16' ? 'bfloat16' : dtypeOf(dtype);
  if (known === undefined) {
    throw new RangeError(
      `'${name}' is of type ${dtype}. Get the model with weights in F32, F16 or BF16, or convert the file to one of them`,
    );
  }
  const length = elementCount(dims) * (known === 'bfloat16' ? 2 : bytesPerElement(known));
  if (end - begin !== length || start + end > size) {
    throw new RangeError(
      `'${name}' [${dims}] needs ${length} bytes within the file, which is cut short or damaged. Download it again`,
    );
  }
  return { name, dtype: known, dims, offset: start + begin, length };
}

async function parsed(file: FileHandle): Promise<Safetensors> {
  const { entries, metadata } = await indexOf(file);
  const tensors: [string, Tensor][] = [];
  for (const { name, dtype, dims, offset, length } of entries) {
    const known = dtype === 'bfloat16' ? 'uint16' : dtype;
    const stored = tensorFromBytes(known, dims, await bytesAt(file, offset, length));
    tensors.push([name, dtype === 'bfloat16' ? widened(stored.data as Uint16Array, dims) : stored]);
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** bfloat16 is the upper half of a float32. */
function widened(halves: Uint16Array, shape: readonly number[]): Tensor {
  const bits = Uint32Array.from(halves, (half) => half << 16);
  return tensor('float32', shape, new Float32Array(bits.buffer));
}
