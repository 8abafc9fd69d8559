/** @file The values of a model's constant arrays, wherever they lie. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf, unusableExternalData } from '../messages/index.ts';
import { byteLength, type DataType, type StoredTensor } from './model.ts';
import { type DType, type Tensor, tensorFromBytes } from './tensor.ts';

const plain: readonly string[] = [
  'float16',
  'float32',
  'float64',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
] satisfies readonly (DType & DataType)[];

/** The element type as one that tensors in memory have; undefined for text, complex, packed and exotic floats. */
export const plainType = (dtype: DataType | undefined): DType | undefined =>
  dtype !== undefined && plain.includes(dtype) ? (dtype as DType) : undefined;

/**
 * A stored tensor's values. What lies outside the model's file is read from `folder`, this tensor's bytes alone.
 * Undefined where the element type has no array in JavaScript.
 */
export function loadStored(stored: StoredTensor, folder: string | undefined): Tensor | undefined {
  const dtype = plainType(stored.dtype);
  if (dtype === undefined) return undefined;
  return tensorFromBytes(dtype, stored.dims, bytesOf(stored, folder));
}

/** The bytes of a stored tensor, as they are. */
export function bytesOf(stored: StoredTensor, folder: string | undefined): Uint8Array {
  if (stored.raw !== undefined) return stored.raw;
  const { location, offset } = stored.external!;
  const path = join(folder ?? '.', location);
  const bytes = new Uint8Array(byteLength(stored.dtype, stored.dims) ?? 0);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, bytes, 0, bytes.length, offset);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unusableExternalData(path, stored.name, reasonOf(error));
  }
  return bytes;
}
