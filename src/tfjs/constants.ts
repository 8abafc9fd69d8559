/** @file Weights and constants of a model as TensorFlow.js tensors, and the way back. */
import * as tf from '@tensorflow/tfjs';
import { unsupportedByTfjs } from '../messages/index.ts';
import { DATA_TYPES, type StoredTensor } from '../onnx/model.ts';
import { loadStored, plainType } from '../onnx/stored.ts';
import { type DType, fromNumbers, isFloat, type Tensor, toFloat32, toFloat64 } from '../onnx/tensor.ts';
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

/** A weight or constant of a model. */
export function storedToTf(stored: StoredTensor, folder?: string): tf.Tensor {
  return toTf(known(stored, folder));
}

function known(stored: StoredTensor, folder?: string): Tensor {
  const tensor = loadStored(stored, folder);
  if (tensor === undefined) throw unsupportedByTfjs('a constant', stored.name, `of type ${stored.dtype}`);
  return tensor;
}

/** `Constant`: a tensor, or a number or list as its own attribute. */
export function constant(call: Call): tf.Tensor {
  const stored = storedTensor(call, 'value');
  if (stored !== undefined) return storedToTf(stored);
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
  const value = known(stored);
  return tf.fill(shape, toFloat64(value)[0]!, tfDtype(value.dtype) === 'float32' ? 'float32' : 'int32');
}

/** `Cast`: to the nearest of the three types; fractions are cut off, as in C. */
export function castTo(x: tf.Tensor, call: Call): tf.Tensor {
  const dtype = plainType(DATA_TYPES[int(call, 'to', 1)]);
  if (dtype === undefined) throw unsupported(call, 'to a type that is not a plain number');
  return tf.cast(x, tfDtype(dtype));
}
