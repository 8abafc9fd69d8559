/**
 * @file `.safetensors`: named tensors in one file, the form in which fine-tuned weights are passed on (Hugging Face).
 * Eight bytes with the length of a JSON header, the header, then the values, little endian, without gaps.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { brokenSafetensors, reasonOf } from '../messages.ts';
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
import { writeWhole } from './whole-file.ts';

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

/** A header beyond this is no header: the reference implementation refuses it, too. */
const LONGEST_HEADER = 100e6;

/** Reads a file; bfloat16, which JavaScript has no array for, becomes float32. @throws MODEL where it is damaged. */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw brokenSafetensors(path, reasonOf(error));
  });
  try {
    return parsed(bytes);
  } catch (error) {
    throw brokenSafetensors(path, error instanceof z.ZodError ? 'its header is malformed' : reasonOf(error));
  }
}

/** Writes a file; it appears whole or not at all. */
export async function writeSafetensors(
  path: string,
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeWhole(path, encodeSafetensors(tensors, metadata));
}

/** The bytes of a file. */
export function encodeSafetensors(
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
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
  const bytes = Buffer.alloc(8 + padded + at, ' ');
  bytes.writeBigUInt64LE(BigInt(padded), 0);
  header.copy(bytes, 8);
  let place = 8 + padded;
  for (const [, each] of named) {
    bytes.set(tensorBytes(each), place);
    place += each.data.byteLength;
  }
  return bytes;
}

function parsed(bytes: Buffer): Safetensors {
  if (bytes.length < 8) throw new RangeError('it is shorter than its own header');
  const length = Number(bytes.readBigUInt64LE(0));
  if (length > LONGEST_HEADER || 8 + length > bytes.length)
    throw new RangeError('it is cut short, or no such file');
  const { [METADATA]: about = {}, ...entries } = headerSchema.parse(
    JSON.parse(bytes.toString('utf8', 8, 8 + length)),
  );
  const values = bytes.subarray(8 + length);
  const tensors = Object.entries(entries).map(
    ([name, entry]) => [name, tensorOf(name, entry, values)] as const,
  );
  return { tensors: Object.fromEntries(tensors), metadata: metadataSchema.parse(about) };
}

function tensorOf(name: string, entry: unknown, values: Uint8Array): Tensor {
  const {
    dtype,
    shape,
    data_offsets: [begin, end],
  } = entrySchema.parse(entry);
  const known = dtype === 'BF16' ? 'uint16' : (DTYPES as Readonly<Record<string, DType>>)[dtype];
  if (known === undefined) throw new RangeError(`'${name}' is of type ${dtype}`);
  const wanted = elementCount(shape) * bytesPerElement(known);
  if (end - begin !== wanted || end > values.length) {
    throw new RangeError(`'${name}' [${shape}] needs ${wanted} bytes within the file`);
  }
  const stored = tensorFromBytes(known, shape, values.subarray(begin, end));
  return dtype === 'BF16' ? widened(stored.data as Uint16Array, shape) : stored;
}

/** bfloat16 is the upper half of a float32. */
function widened(halves: Uint16Array, shape: readonly number[]): Tensor {
  const bits = Uint32Array.from(halves, (half) => half << 16);
  return tensor('float32', shape, new Float32Array(bits.buffer));
}
