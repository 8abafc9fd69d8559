/** @file Weights and constants of a model as TensorFlow.js tensors, and the way back. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { DATA_TYPES, type DataType, type StoredTensor } from '../../onnx/model.ts';
import {
  bytesPerElement,
  type DType,
  elementCount,
  fromNumbers,
  isFloat,
  type Tensor,
  tensorFromBytes,
  toFloat32,
  toFloat64,
} from '../../onnx/tensor.ts';
import { unsupportedByTfjs } from '../../messages.ts';
import { type Call, float, int, ints, storedTensor, unsupported } from './call.ts';

/** TensorFlow.js knows float32, int32 and bool; the wider types are narrowed, integers by saturation. */
function tfDtype(dtype: DType): 'float32' | 'int32' | 'bool' {
  if (dtype === 'bool') return 'bool';
  return isFloat(dtype) ? 'float32' : 'int32';
}

const limit = 2 ** 31 - 1; // ONNX writes "to the end" as the largest 64-bit integer

/** A tensor of ours as one of TensorFlow.js. */
export function toTf(tensor: Tensor): tf.Tensor {
  const dims = [...tensor.dims];
  const dtype = tfDtype(tensor.dtype);
  if (dtype === 'float32') return tf.tensor(toFloat32(tensor), dims, dtype);
  const values = Int32Array.from(toFloat64(tensor), (v) => Math.max(-limit, Math.min(limit, v)));
  return tf.tensor(values, dims, 'int32').cast(dtype);
}

/** A tensor of TensorFlow.js as one of ours, of the type that the model declares. */
export const fromTf = (tensor: tf.Tensor, dtype: DType): Tensor =>
  fromNumbers(dtype, tensor.shape, tensor.dataSync());

/** A stored tensor's values; those outside the model's file are read from its folder. */
export function loadStored(stored: StoredTensor, folder: string | undefined): Tensor {
  const dtype = narrow(stored.dtype);
  if (dtype === undefined) throw unsupportedByTfjs('a constant', stored.name, `of type ${stored.dtype}`);
  if (stored.raw !== undefined) return tensorFromBytes(dtype, stored.dims, stored.raw);
  const { location, offset } = stored.external!;
  const bytes = new Uint8Array(elementCount(stored.dims) * bytesPerElement(dtype));
  const file = openSync(join(folder ?? '.', location), 'r');
  try {
    readSync(file, bytes, 0, bytes.length, offset);
  } finally {
    closeSync(file);
  }
  return tensorFromBytes(dtype, stored.dims, bytes);
}

const plain: readonly DataType[] = [
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
];

/** The element type as one that tensors of ours have; undefined for strings, complex and packed types. */
export const narrow = (dtype: DataType): DType | undefined =>
  plain.includes(dtype) ? (dtype as DType) : undefined;

/** `Constant`: a tensor, or a number or list as its own attribute. */
export function constant(call: Call): tf.Tensor {
  const stored = storedTensor(call, 'value');
  if (stored !== undefined) return toTf(loadStored(stored, undefined));
  const { attributes } = call.node;
  if (attributes.value_float) return tf.scalar(float(call, 'value_float', 0));
  if (attributes.value_int) return tf.scalar(int(call, 'value_int', 0), 'int32');
  if (attributes.value_ints) return tf.tensor1d([...ints(call, 'value_ints')!], 'int32');
  if (attributes.value_floats?.kind === 'floats') return tf.tensor1d([...attributes.value_floats.value]);
  throw unsupported(call, 'with such a value');
}

/** `ConstantOfShape`: zeros, or the one element of `value` everywhere. */
export function constantOfShape(call: Call, shape: number[]): tf.Tensor {
  const stored = storedTensor(call, 'value');
  if (stored === undefined) return tf.zeros(shape);
  const value = loadStored(stored, undefined);
  return tf.fill(shape, toFloat64(value)[0]!, tfDtype(value.dtype) === 'float32' ? 'float32' : 'int32');
}

/** `Cast`: to the nearest of the three types; fractions are cut off, as in C. */
export function castTo(x: tf.Tensor, call: Call): tf.Tensor {
  const dtype = narrow(DATA_TYPES[int(call, 'to', 1)] ?? 'undefined');
  if (dtype === undefined) throw unsupported(call, 'to a type that is not a plain number');
  return tf.cast(x, tfDtype(dtype));
}
