/**
 * @file Typed n-dimensional arrays: what ONNX initializers hold, sessions take and give, and .npy files store.
 *
 * Row-major (C order). float16 travels as its bit patterns in a Uint16Array, bool as bytes 0 and 1, 64-bit
 * integers as BigInt arrays, so that no value is rounded on the way.
 */

/** The element types, with the array that holds each. */
export interface TensorArrays {
  readonly float16: Uint16Array;
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly int8: Int8Array;
  readonly int16: Int16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly uint8: Uint8Array;
  readonly uint16: Uint16Array;
  readonly uint32: Uint32Array;
  readonly uint64: BigUint64Array;
  readonly bool: Uint8Array;
}

/** Element type, in ONNX Runtime's spelling (`float64` for ONNX's DOUBLE). */
export type DType = keyof TensorArrays;

/** A tensor of one known element type. */
export interface TensorOf<D extends DType> {
  readonly dtype: D;
  /** Sizes, outermost first; `[]` is a scalar with one element. */
  readonly dims: readonly number[];
  /** `product(dims)` elements, row-major. */
  readonly data: TensorArrays[D];
}

/** A tensor of any element type; narrows on `dtype`. */
export type Tensor = { [D in DType]: TensorOf<D> }[DType];

/** Tensors by name: what a session takes and gives. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

const constructors = {
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Bytes of one element. */
export const bytesPerElement = (dtype: DType): number => constructors[dtype].BYTES_PER_ELEMENT;

/** Whether gradients can flow to a tensor of this type. */
export const isFloat = (dtype: DType): boolean => dtype.startsWith('float');

/** The number of elements: the product of the sizes, 1 for a scalar. */
export const elementCount = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

/** A tensor over `data`, which is not copied. Throws RangeError where the sizes and the data disagree. */
export function tensor<D extends DType>(
  dtype: D,
  dims: readonly number[],
  data: TensorArrays[D],
): TensorOf<D> {
  if (elementCount(dims) !== data.length) {
    throw new RangeError(`${data.length} elements do not fill a tensor of shape [${dims.join(', ')}]`);
  }
  return { dtype, dims, data };
}

/** A tensor over raw little-endian bytes, which are not copied where their alignment allows. */
export function tensorFromBytes(dtype: DType, dims: readonly number[], bytes: Uint8Array): Tensor {
  const size = bytesPerElement(dtype);
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const data = new constructors[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, elementCount(dims));
  return { dtype, dims, data } as Tensor;
}

/** The bytes of a tensor's elements, little-endian on every machine that Node 20 supports; not a copy. */
export const tensorBytes = ({ data }: Tensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** The elements as float64, exactly, but for 64-bit integers beyond 2^53. */
export function toFloat64(tensor: Tensor): Float64Array {
  if (tensor.dtype === 'float16') return Float64Array.from(tensor.data, halfToNumber);
  return Float64Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** The elements as float32; the array of a float32 tensor itself, not a copy. */
export function toFloat32(tensor: Tensor): Float32Array {
  if (tensor.dtype === 'float32') return tensor.data;
  return Float32Array.from(toFloat64(tensor));
}

/** A tensor of `dtype` from numbers, each rounded to the nearest value of that type (integers: truncated). */
export function fromNumbers(dtype: DType, dims: readonly number[], values: ArrayLike<number>): Tensor {
  return tensor(dtype, dims, arrayOf(dtype, values)) as Tensor;
}

function arrayOf(dtype: DType, values: ArrayLike<number>): TensorArrays[DType] {
  if (dtype === 'int64') return BigInt64Array.from({ length: values.length }, (_, i) => toBigInt(values[i]!));
  if (dtype === 'uint64')
    return BigUint64Array.from({ length: values.length }, (_, i) => toBigInt(values[i]!));
  if (dtype === 'float16') return Uint16Array.from(values, numberToHalf);
  return constructors[dtype].from(values);
}

const toBigInt = (value: number): bigint => BigInt(Math.trunc(value));

/** The number that an IEEE 754 half-precision bit pattern stands for. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const float64 = new Float64Array(1);
const float64Words = new Uint32Array(float64.buffer);

/** The half-precision bit pattern nearest to a number, ties to even; 65520 and above become infinity. */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  float64[0] = value;
  const sign = (float64Words[1]! >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(((float64Words[1]! >>> 20) & 0x7ff) - 1023, -14); // -14: subnormals share its step
  const steps = roundTiesToEven(magnitude * 2 ** (10 - exponent)); // exact: a power of two times a double
  // A normal number has 1024 <= steps <= 2048; adding lets a carry run into the exponent field.
  return sign | (steps + (exponent + 14) * 1024);
}

function roundTiesToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
