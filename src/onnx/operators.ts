/**
 * @file One function per ONNX operator, named as the operator, on top of a builder's `emit`.
 *
 * Where operator sets differ in form but not in meaning (axes as attribute or as input), the function has one form
 * and writes what the builder's operator set wants.
 */
import { dtypeCode, float, int, ints, text } from './attributes.ts';
import type { Attributes, DataType } from './model.ts';

/** The name of a value in a graph. */
export type Value = string;

/** Numbers known while building, or a value known when the graph runs. */
export type Ints = readonly number[] | Value;

/** What a node may have in addition to its type, inputs and attributes. */
export interface EmitOptions {
  readonly domain?: string;
  /** How many outputs it has (default: 1). */
  readonly outputs?: number;
  /** What its outputs are named after (default: the operator). */
  readonly hint?: string;
}

/** The part of a builder that operators are made of. */
export interface Emitter {
  /** The version of ONNX's operator set that nodes are written in. */
  readonly opset: number;
  /** Adds a node of any operator and gives its outputs. */
  emit(opType: string, inputs: readonly Value[], attributes?: Attributes, options?: EmitOptions): Value[];
  /** A one-dimensional int64 constant: shapes, axes, pads. */
  ints(values: readonly number[]): Value;
}

/** Attributes of Conv, ConvTranspose and the pools; pads are the begins of all axes, then the ends. */
export interface WindowAttributes {
  readonly kernel_shape?: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly pads?: readonly number[];
  readonly output_padding?: readonly number[];
  readonly group?: number;
}

/** Since this operator set axes of Squeeze, Unsqueeze and ReduceSum are inputs. */
const OLDEST = 13;

/** The operators on one builder. */
export type Operators = ReturnType<typeof operators>;

/** All operators, bound to a builder. */
export function operators(g: Emitter) {
  const known = (value: Ints): Value => (typeof value === 'string' ? value : g.ints(value));
  const one = (opType: string, inputs: readonly Value[], attributes: Attributes = {}): Value =>
    g.emit(opType, inputs, attributes)[0]!;
  const unary = (opType: string) => (x: Value) => one(opType, [x]);
  const binary = (opType: string) => (a: Value, b: Value) => one(opType, [a, b]);
  const variadic =
    (opType: string) =>
    (...xs: readonly Value[]) =>
      one(opType, xs);
  const window =
    (opType: string) =>
    (x: Value, w: Value, attributes: WindowAttributes, bias: Value = '') =>
      one(opType, [x, w, bias], windowAttributes(attributes));
  const axes = (opType: string) => (x: Value, list: readonly number[]) => one(opType, [x, g.ints(list)]);
  const reduce =
    (opType: string, inputSince: number) =>
    (x: Value, over: readonly number[], { keepdims = true }: { keepdims?: boolean } = {}) =>
      over.length === 0
        ? x
        : g.opset >= inputSince
          ? one(opType, [x, g.ints(over)], { keepdims: int(Number(keepdims)) })
          : one(opType, [x], { axes: ints(over), keepdims: int(Number(keepdims)) });

  return {
    Abs: unary('Abs'),
    Atan: unary('Atan'),
    Ceil: unary('Ceil'),
    Cos: unary('Cos'),
    Cosh: unary('Cosh'),
    Erf: unary('Erf'),
    Exp: unary('Exp'),
    Floor: unary('Floor'),
    Identity: unary('Identity'),
    Log: unary('Log'),
    Neg: unary('Neg'),
    Not: unary('Not'),
    Reciprocal: unary('Reciprocal'),
    Relu: unary('Relu'),
    Shape: unary('Shape'),
    Sigmoid: unary('Sigmoid'),
    Sign: unary('Sign'),
    Sin: unary('Sin'),
    Sinh: unary('Sinh'),
    Sqrt: unary('Sqrt'),
    Tanh: unary('Tanh'),

    Add: binary('Add'),
    And: binary('And'),
    Div: binary('Div'),
    Equal: binary('Equal'),
    Greater: binary('Greater'),
    GreaterOrEqual: binary('GreaterOrEqual'),
    Less: binary('Less'),
    LessOrEqual: binary('LessOrEqual'),
    MatMul: binary('MatMul'),
    Mul: binary('Mul'),
    Or: binary('Or'),
    Pow: binary('Pow'),
    Sub: binary('Sub'),
    Max: variadic('Max'),
    Min: variadic('Min'),
    Where: (condition: Value, a: Value, b: Value) => one('Where', [condition, a, b]),
    Clip: (x: Value, low: Value = '', high: Value = '') => one('Clip', [x, low, high]),
    Cast: (x: Value, to: DataType) => one('Cast', [x], { to: dtypeCode(to) }),
    HardSigmoid: (x: Value, alpha: number, beta: number) =>
      one('HardSigmoid', [x], { alpha: float(alpha), beta: float(beta) }),
    Softmax: (x: Value, axis: number) => one('Softmax', [x], { axis: int(axis) }),
    CumSum: (x: Value, axis: Value, { exclusive, reverse }: { exclusive: number; reverse: number }) =>
      one('CumSum', [x, axis], { exclusive: int(exclusive), reverse: int(reverse) }),
    Einsum: (equation: string, ...xs: readonly Value[]) => one('Einsum', xs, { equation: text(equation) }),

    Conv: window('Conv'),
    ConvTranspose: window('ConvTranspose'),
    AveragePool: (x: Value, attributes: WindowAttributes) =>
      one('AveragePool', [x], windowAttributes(attributes)),
    DepthToSpace: (x: Value, blocksize: number, mode: string) =>
      one('DepthToSpace', [x], { blocksize: int(blocksize), mode: text(mode) }),
    SpaceToDepth: (x: Value, blocksize: number) => one('SpaceToDepth', [x], { blocksize: int(blocksize) }),

    ReduceMax: reduce('ReduceMax', 18),
    ReduceMean: reduce('ReduceMean', 18),
    ReduceMin: reduce('ReduceMin', 18),
    ReduceProd: reduce('ReduceProd', 18),
    ReduceSum: reduce('ReduceSum', OLDEST),

    Concat: (xs: readonly Value[], axis: number) => one('Concat', xs, { axis: int(axis) }),
    DequantizeLinear: (x: Value, scale: Value, zero: Value = '', axis = 1) =>
      one('DequantizeLinear', [x, scale, zero], { axis: int(axis) }),
    Expand: (x: Value, shape: Ints) => one('Expand', [x, known(shape)]),
    Gather: (x: Value, indices: Value, axis: number) => one('Gather', [x, indices], { axis: int(axis) }),
    GatherElements: (x: Value, indices: Value, axis: number) =>
      one('GatherElements', [x, indices], { axis: int(axis) }),
    GatherND: (x: Value, indices: Value, batchDims = 0) =>
      one('GatherND', [x, indices], batchDims === 0 ? {} : { batch_dims: int(batchDims) }),
    OneHot: (indices: Value, depth: Value, values: Value, axis: number) =>
      one('OneHot', [indices, depth, values], { axis: int(axis) }),
    /** `pads`: begins of all axes, then ends; negative ones crop. */
    Pad: (x: Value, pads: Ints, value: Value = '') =>
      one('Pad', [x, known(pads), value], { mode: text('constant') }),
    Range: (start: Value, limit: Value, delta: Value) => one('Range', [start, limit, delta]),
    Reshape: (x: Value, shape: Ints) => one('Reshape', [x, known(shape)]),
    ScatterElements: (x: Value, indices: Value, updates: Value, axis: number, reduction = 'none') =>
      one('ScatterElements', [x, indices, updates], {
        axis: int(axis),
        ...(reduction !== 'none' && { reduction: text(reduction) }),
      }),
    ScatterND: (x: Value, indices: Value, updates: Value, reduction = 'none') =>
      one('ScatterND', [x, indices, updates], reduction === 'none' ? {} : { reduction: text(reduction) }),
    Slice: (x: Value, starts: Ints, ends: Ints, over: Ints, steps?: Ints) =>
      one('Slice', [
        x,
        known(starts),
        known(ends),
        known(over),
        ...(steps === undefined ? [] : [known(steps)]),
      ]),
    Squeeze: axes('Squeeze'),
    Tile: (x: Value, repeats: Ints) => one('Tile', [x, known(repeats)]),
    Transpose: (x: Value, perm: readonly number[]) => one('Transpose', [x], { perm: ints(perm) }),
    Unsqueeze: axes('Unsqueeze'),
  };
}

const windowAttributes = (attributes: WindowAttributes): Attributes =>
  Object.fromEntries(
    Object.entries(attributes)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'number' ? int(value) : ints(value)]),
  );
