/**
 * @file An ONNX model as plain readonly data: what every transform of this program takes and returns.
 *
 * Bytes of weights are never copied: a tensor read from a file is a view of the file's buffer, and a tensor kept
 * outside the file stays a reference (`external`) until ONNX Runtime reads it itself.
 */
import { elementCount } from './tensor.ts';

/** Element types in the order of `TensorProto.DataType`: the index is the code in the file. */
export const DATA_TYPES = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
] as const;

export type DataType = (typeof DATA_TYPES)[number];

/** Where the bytes of a tensor lie outside the model's file; the path is relative to the model's folder. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  /** Bytes; absent where the file leaves it to the shape. */
  readonly length?: number;
}

/** A constant array: exactly one of `raw`, `strings` and `external` holds its values. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** Values in row-major order, little endian, packed as in ONNX `raw_data`. */
  readonly raw?: Uint8Array;
  readonly strings?: readonly Uint8Array[];
  readonly external?: ExternalData;
}

/**
 * A parameter of a node. Integers are numbers: those beyond 2^53 stand for "to the end" in ONNX, are rounded here
 * and saturate when written.
 */
export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: StoredTensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensors'; readonly value: readonly StoredTensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  /** Inside a model's own function: stands for the attribute of the call that is named here. */
  | { readonly kind: 'reference'; readonly value: string; readonly type: number };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operation. An empty name among `inputs` or `outputs` is an optional one left out. */
export interface Node {
  readonly name: string;
  readonly opType: string;
  /** `''` is ONNX's own operator set. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A dimension: a number, the name of a dynamic one, or null if nothing is known. */
export type Dim = number | string | null;

/** A named tensor of a graph. `dtype` is absent for sequences and maps, `shape` where even the rank is unknown. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype?: DataType;
  readonly shape?: readonly Dim[];
}

/** Operations in topological order, with what flows in and out. */
export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** Fed by the caller; weights are not among them, even where an old file lists them so. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: readonly StoredTensor[];
  readonly valueInfo: readonly ValueInfo[];
}

/** A function that a model brings along: an operator defined by a body of other operators. */
export interface ModelFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  readonly attributeDefaults: Attributes;
  readonly nodes: readonly Node[];
  readonly opsets: Readonly<Record<string, number>>;
}

/** An ONNX file. */
export interface Model {
  readonly irVersion: number;
  /** Version of each operator set by domain; `''` is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly graph: Graph;
  readonly functions: readonly ModelFunction[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Absolute path of the folder that external data is relative to; absent for a model made in memory. */
  readonly folder?: string;
}

const BITS: Partial<Record<DataType, number>> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  complex64: 64,
  complex128: 128,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  float8e8m0: 8,
};

/** Bytes of a tensor of this type and shape; undefined for strings, which have no fixed size. */
export function byteLength(dtype: DataType, dims: readonly number[]): number | undefined {
  const bits = BITS[dtype];
  return bits === undefined ? undefined : Math.ceil((bits * elementCount(dims)) / 8);
}

/** The version of ONNX's own operator set that a model is written in. */
export function opsetOf(model: Model): number {
  return model.opsets[''] ?? 1;
}

/** Whether gradients flow through values of this type. */
export function isDifferentiable(dtype: DataType | undefined): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'float64' || dtype === 'bfloat16';
}
