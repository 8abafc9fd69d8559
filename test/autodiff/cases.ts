/**
 * @file A case for every rule of the table: the type demands one for each key, so that a rule without a case does not
 * compile. A case says what goes in and how the operator is applied; the test differentiates by every float input.
 */
import type { OperatorWithRule } from '../../src/autodiff/rules.ts';
import { float, int, ints, text } from '../../src/onnx/attributes.ts';
import type { GraphBuilder } from '../../src/onnx/builder.ts';
import type { Attribute, Attributes } from '../../src/onnx/model.ts';
import type { Value } from '../../src/onnx/operators.ts';
import { fromNumbers, type Tensor, tensor } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';

/** Inputs by name, and the outputs that a builder makes of them. */
export interface Case {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly build: (g: GraphBuilder, x: Readonly<Record<string, Value>>) => readonly Value[];
  /** The operator sets to check in; those with the newest forms unless told. */
  readonly opsets?: readonly number[];
  /** Domains beside ONNX's own. */
  readonly domain?: string;
  /** The gradient is zero, and so are differences. */
  readonly zero?: boolean;
  /** Only with sizes known while building. */
  readonly staticOnly?: boolean;
  /** Inputs whose sizes are always known. */
  readonly weights?: readonly string[];
  /** The gradient is straight through, so that differences say nothing: it equals this. */
  readonly expected?: number;
}

const random = seededRandom(20);

/** Values of magnitude 0.3 to 1.3 and both signs, no two of them close: away from kinks and ties. */
const any = (...dims: number[]): Tensor => spread(dims, () => random.sign());

/** Values of 0.3 to 1.3. */
const positive = (...dims: number[]): Tensor => spread(dims, () => 1);

/** Values within -0.8 to 0.8. */
const small = (...dims: number[]): Tensor => {
  const x = any(...dims);
  return fromNumbers(
    'float32',
    dims,
    Array.from(x.data as Float32Array, (value) => value * 0.6),
  );
};

/** Values of 6 to 26 of both signs: farther apart than a difference reaches. */
const wide = (...dims: number[]): Tensor =>
  fromNumbers(
    'float32',
    dims,
    Array.from(any(...dims).data as Float32Array, (value) => value * 20),
  );

function spread(dims: readonly number[], sign: () => number): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return fromNumbers(
    'float32',
    dims,
    order.map((rank) => sign() * (0.3 + rank / count)),
  );
}

const indices = (dims: readonly number[], values: readonly number[]): Tensor =>
  fromNumbers('int64', dims, values);

type Options = Omit<Case, 'inputs' | 'build'>;

/** The operator on its inputs in their order. */
const plain =
  (opType: string, attributes: Attributes = {}, options: Options = {}) =>
  (...tensors: readonly Tensor[]): Case => ({
    inputs: Object.fromEntries(tensors.map((x, i) => [`x${i}`, x])),
    build: (g, x) =>
      g.emit(
        opType,
        Object.values(x),
        attributes,
        options.domain === undefined ? {} : { domain: options.domain },
      ),
    ...options,
  });

const unary = (opType: string, attributes: Attributes = {}, x = any(2, 3, 4)): Case =>
  plain(opType, attributes)(x);

const zeroAt = (opType: string, attributes: Attributes = {}): Case =>
  stepped((g, x) => g.emit(opType, [x], attributes)[0]!);

/** The second input is of a fixed size, as weights are. */
const WEIGHTS: Options = { weights: ['x1'] };

const MS: Options = { domain: 'com.microsoft' };

/** A zero rule: a float made of what the operator gives, so that there is something to differentiate. */
const stepped = (make: (g: GraphBuilder, x: Value) => Value, options: Options = {}): Case => ({
  inputs: { x: any(2, 6) },
  build: (g, { x }) => [g.Cast(make(g, x!), 'float32')],
  zero: true,
  ...options,
});

const compared = (opType: string): Case => stepped((g, x) => g.emit(opType, [x, g.scalar(0, x)])[0]!);

const logical = (opType: string): Case =>
  stepped((g, x) => {
    const a = g.Greater(x, g.scalar(0, x));
    return g.emit(opType, [a, g.Not(a)])[0]!;
  });

const bitwise = (opType: string, attributes: Attributes = {}, dtype: 'int32' | 'uint8' = 'int32'): Case =>
  stepped(
    (g, x) => {
      const a = g.Cast(g.Abs(x), dtype);
      return g.emit(opType, [a, a], attributes)[0]!;
    },
    { opsets: [18] },
  );

const reduced = (opType: string, x = positive(2, 3, 4)): readonly Case[] => [
  { inputs: { x }, build: (g, v) => [reduceBy(g, opType, v.x!, [1], 1)] },
  { inputs: { x }, build: (g, v) => [reduceBy(g, opType, v.x!, [0, -1], 0)] },
  { inputs: { x }, build: (g, v) => g.emit(opType, [v.x!], { keepdims: int(0) }) },
];

function reduceBy(
  g: GraphBuilder,
  opType: string,
  x: Value,
  axes: readonly number[],
  keepdims: number,
): Value {
  const asInput = g.opset >= (opType === 'ReduceSum' ? 13 : 18);
  const attributes = { keepdims: int(keepdims) };
  return asInput
    ? g.emit(opType, [x, g.ints(axes)], attributes)[0]!
    : g.emit(opType, [x], { ...attributes, axes: ints(axes) })[0]!;
}

const convolved = (
  attributes: Attributes,
  x: Tensor,
  w: Tensor,
  bias: Tensor | undefined = undefined,
): Case =>
  plain(
    'Conv',
    { kernel_shape: list(...w.dims.slice(2)), ...attributes },
    WEIGHTS,
  )(...[x, w, ...(bias === undefined ? [] : [bias])]);

const resized = (attributes: Attributes, { x = any(1, 2, 4, 5), scales = [1, 1, 2, 2] } = {}): Case => ({
  inputs: { x },
  build: (g, v) =>
    g.emit('Resize', [v.x!, '', g.constant('float32', [4], scales)], {
      mode: text('nearest'),
      ...attributes,
    }),
});

const resizedTo = (attributes: Attributes, sizes: readonly number[]): Case => ({
  inputs: { x: any(1, 2, 4, 6) },
  build: (g, v) => g.emit('Resize', [v.x!, '', '', g.ints(sizes)], attributes),
});

const padded = (mode: string, pads: readonly number[]): Case => ({
  inputs: { x: any(1, 2, 4, 5) },
  build: (g, { x }) => g.emit('Pad', [x!, g.ints(pads)], { mode: text(mode) }),
});

const sliced = (
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[],
  steps: readonly number[],
): Case => ({
  inputs: { x: any(5, 7) },
  build: (g, { x }) => [g.Slice(x!, starts, ends, axes, steps)],
});

const gathered = (x: Tensor, at: Tensor, axis: number): Case => ({
  inputs: { x, at },
  build: (g, v) => [g.Gather(v.x!, v.at!, axis)],
});

const contracted = (equation: string, ...xs: readonly Tensor[]): Case =>
  plain('Einsum', { equation: text(equation) })(...xs);

const pooled = (opType: string, attributes: Attributes, x = wide(2, 3, 7, 6)): Case =>
  plain(opType, attributes)(x);

const activated = (opType: string, x = any(2, 3, 4)): Case => plain(opType, {}, MS)(x);

const heads = (count: number, rest: Attributes = {}): Attributes => ({ num_heads: int(count), ...rest });

const channels = (...counts: number[]): readonly Tensor[] => counts.map((count) => positive(count));

const list = (...values: number[]): Attribute => ints(values);

/** Every rule, with the ways of using it that differ in the gradient. */
export const CASES: Readonly<Record<OperatorWithRule, Case | readonly Case[]>> = {
  // ---- element by element ----
  Abs: unary('Abs'),
  Acos: unary('Acos', {}, small(2, 3)),
  Acosh: plain('Acosh')(fromNumbers('float32', [4], [1.3, 1.9, 2.7, 4])),
  Add: [
    plain('Add')(any(2, 3), any(2, 3)),
    plain('Add')(any(2, 1, 4), any(3, 1)),
    plain('Add')(any(1), any(2, 2)),
  ],
  Asin: unary('Asin', {}, small(2, 3)),
  Asinh: unary('Asinh'),
  Atan: unary('Atan'),
  Atanh: unary('Atanh', {}, small(2, 3)),
  Cast: {
    inputs: { x: any(2, 3) },
    build: (g, { x }) => [g.Cast(g.Cast(x!, 'float64'), 'float32')],
  },
  CastLike: {
    inputs: { x: any(2, 3) },
    build: (g, { x }) => g.emit('CastLike', [x!, g.constant('float32', [], [1])]),
  },
  Celu: unary('Celu', { alpha: float(1.5) }),
  Clip: [
    {
      inputs: { x: any(3, 4) },
      build: (g, { x }) => [g.Clip(x!, g.scalar(-0.675, x!), g.scalar(0.8417, x!))],
    },
    { inputs: { x: any(3, 4) }, build: (g, { x }) => [g.Clip(x!, '', g.scalar(0.8417, x!))] },
  ],
  Cos: unary('Cos'),
  Cosh: unary('Cosh'),
  Div: plain('Div')(any(2, 3), positive(3)),
  Dropout: unary('Dropout'),
  Elu: unary('Elu', { alpha: float(0.7) }),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Gelu: [
    plain('Gelu', {}, { opsets: [20] })(any(2, 3)),
    plain('Gelu', { approximate: text('tanh') }, { opsets: [20] })(any(2, 3)),
  ],
  HardSigmoid: unary('HardSigmoid', { alpha: float(0.594), beta: float(0.5) }, any(2, 6)),
  HardSwish: plain('HardSwish')(fromNumbers('float32', [6], [-4, -2, -0.5, 0.7, 2.5, 3.5])),
  Identity: unary('Identity'),
  LeakyRelu: [unary('LeakyRelu', { alpha: float(0.2) }), unary('LeakyRelu', {}, any(1, 16, 2, 3))],
  Log: unary('Log', {}, positive(2, 3)),
  Max: plain('Max')(any(2, 6), fromNumbers('float32', [6], [0.25, -0.25, 1.5, -1.6, 0.1, -0.1])),
  Mean: plain('Mean')(any(2, 3), any(3)),
  Min: plain('Min')(any(2, 6), fromNumbers('float32', [6], [0.25, -0.25, 1.5, -1.6, 0.1, -0.1])),
  Mish: plain('Mish', {}, { opsets: [18] })(any(2, 3)),
  Mod: plain('Mod', { fmod: int(1) })(
    fromNumbers('float32', [4], [5.3, -4.1, 3.7, 2.2]),
    fromNumbers('float32', [1], [2]),
  ),
  Mul: [plain('Mul')(any(2, 3), any(2, 3)), plain('Mul')(any(2, 3, 4), any(3, 1))],
  Neg: unary('Neg'),
  PRelu: [plain('PRelu')(any(2, 3, 4), any(3, 1)), plain('PRelu')(any(1, 16, 2, 2), any(16, 1, 1))],
  Pow: [
    plain('Pow')(positive(2, 3), any(3)),
    { inputs: { x: any(2, 3) }, build: (g, { x }) => [g.Pow(x!, g.scalar(3, x!))] },
    { inputs: { x: any(2, 3) }, build: (g, { x }) => [g.Pow(x!, g.scalar(2, x!))] },
    { inputs: { x: positive(2, 3) }, build: (g, { x }) => [g.Pow(x!, g.constant('int64', [], [3]))] },
  ],
  Reciprocal: unary('Reciprocal'),
  Relu: [unary('Relu'), unary('Relu', {}, any(1, 16, 2, 3))],
  Selu: unary('Selu'),
  Shrink: unary('Shrink', { lambd: float(0.5917), bias: float(0.1) }, any(2, 6)),
  Sigmoid: unary('Sigmoid'),
  Sin: unary('Sin'),
  Sinh: unary('Sinh'),
  Softplus: unary('Softplus'),
  Softsign: unary('Softsign'),
  Sqrt: unary('Sqrt', {}, positive(2, 3)),
  Sub: plain('Sub')(any(2, 3), any(2, 1)),
  Sum: plain('Sum')(any(2, 3), any(3), any(2, 1)),
  Tan: unary('Tan', {}, small(2, 3)),
  Tanh: unary('Tanh'),
  ThresholdedRelu: unary('ThresholdedRelu', { alpha: float(0.5917) }, any(2, 6)),
  Where: {
    inputs: { c: tensor('bool', [2, 3], Uint8Array.of(1, 0, 0, 1, 1, 0)), x: any(2, 3), y: any(3) },
    build: (g, { c, x, y }) => [g.Where(c!, x!, y!)],
  },

  // ---- steps ----
  And: logical('And'),
  ArgMax: zeroAt('ArgMax'),
  ArgMin: zeroAt('ArgMin'),
  BitShift: bitwise('BitShift', { direction: text('LEFT') }, 'uint8'),
  BitwiseAnd: bitwise('BitwiseAnd'),
  BitwiseNot: stepped((g, x) => g.emit('BitwiseNot', [g.Cast(x, 'int32')])[0]!, { opsets: [18] }),
  BitwiseOr: bitwise('BitwiseOr'),
  BitwiseXor: bitwise('BitwiseXor'),
  Ceil: zeroAt('Ceil'),
  Constant: stepped((g, x) => g.Add(g.emit('Constant', [], { value_float: float(2) })[0]!, g.Floor(x))),
  ConstantOfShape: stepped((g, x) => g.emit('ConstantOfShape', [g.Shape(x)])[0]!),
  Equal: compared('Equal'),
  EyeLike: stepped((g, x) => g.emit('EyeLike', [x])[0]!),
  Floor: zeroAt('Floor'),
  Greater: compared('Greater'),
  GreaterOrEqual: compared('GreaterOrEqual'),
  Hardmax: zeroAt('Hardmax'),
  IsInf: zeroAt('IsInf'),
  IsNaN: zeroAt('IsNaN'),
  Less: compared('Less'),
  LessOrEqual: compared('LessOrEqual'),
  NonZero: zeroAt('NonZero'),
  Not: stepped((g, x) => g.Not(g.Greater(x, g.scalar(0, x)))),
  OneHot: stepped((g, x) =>
    g.OneHot(
      g.Cast(g.Abs(x), 'int64'),
      g.constant('int64', [1], [3]),
      g.constant('float32', [2], [0, 1]),
      -1,
    ),
  ),
  Or: logical('Or'),
  RandomNormal: stepped((g, x) => {
    const noise = g.emit('RandomNormal', [], { shape: list(1), seed: float(1) })[0]!;
    return g.Add(g.Floor(x), g.Floor(g.Mul(noise, g.scalar(0, noise))));
  }),
  RandomNormalLike: stepped((g, x) => {
    const noise = g.emit('RandomNormalLike', [x], { seed: float(1) })[0]!;
    return g.Floor(g.Mul(noise, g.scalar(0, noise)));
  }),
  RandomUniform: stepped((g, x) => {
    const noise = g.emit('RandomUniform', [], { shape: list(1), seed: float(1) })[0]!;
    return g.Add(g.Floor(x), g.Floor(g.Mul(noise, g.scalar(0, noise))));
  }),
  RandomUniformLike: stepped((g, x) => {
    const noise = g.emit('RandomUniformLike', [x], { seed: float(1) })[0]!;
    return g.Floor(g.Mul(noise, g.scalar(0, noise)));
  }),
  Range: stepped((g, x) => {
    const end = g.Squeeze(g.Slice(g.Reshape(g.Ceil(g.Abs(x)), [-1]), [0], [1], [0]), [0]);
    return g.Range(g.scalar(0, x), end, g.scalar(1, x));
  }),
  Round: zeroAt('Round'),
  Shape: zeroAt('Shape'),
  Sign: zeroAt('Sign'),
  Size: zeroAt('Size'),
  Xor: logical('Xor'),

  // ---- layout ----
  Concat: [
    plain('Concat', { axis: int(1) })(any(2, 3), any(2, 1), any(2, 2)),
    plain('Concat', { axis: int(-2) })(any(2, 3), any(1, 3)),
  ],
  DepthToSpace: [
    plain('DepthToSpace', { blocksize: int(2) })(any(1, 8, 2, 3)),
    plain('DepthToSpace', { blocksize: int(2), mode: text('CRD') })(any(2, 8, 2, 3)),
  ],
  Expand: [
    { inputs: { x: any(3, 1) }, build: (g, { x }) => [g.Expand(x!, [2, 3, 4])] },
    { inputs: { x: any(3, 1) }, build: (g, { x }) => [g.Expand(x!, [1, 1])] },
  ],
  Flatten: plain('Flatten', { axis: int(2) })(any(2, 3, 2, 2)),
  Gather: [
    gathered(any(4, 3), indices([2, 3], [0, 2, 2, -1, 1, 0]), 0),
    gathered(any(2, 4, 3), indices([3], [1, 1, 3]), 1),
    gathered(any(2, 4, 3), indices([2, 2], [1, 0, 2, 1]), -1),
    { inputs: { x: any(2, 4, 3) }, build: (g, { x }) => [g.Gather(x!, g.constant('int64', [], [2]), 1)] },
    { inputs: { x: any(2, 4, 3) }, build: (g, { x }) => [g.Gather(x!, g.constant('int64', [], [-1]), 1)] },
  ],
  GatherElements: {
    inputs: { x: any(3, 4), at: indices([3, 2], [0, 0, 3, 1, -1, 3]) },
    build: (g, { x, at }) => [g.GatherElements(x!, at!, 1)],
  },
  GatherND: [
    {
      inputs: { x: any(3, 4), at: indices([3, 1], [0, 2, 2]) },
      build: (g, { x, at }) => [g.GatherND(x!, at!)],
    },
    {
      inputs: { x: any(2, 3, 4), at: indices([2, 2, 1], [0, 2, 1, 1]) },
      build: (g, { x, at }) => [g.GatherND(x!, at!, 1)],
    },
  ],
  Reshape: { inputs: { x: any(2, 3, 4) }, build: (g, { x }) => [g.Reshape(x!, [0, -1, 2])] },
  ScatterElements: [
    {
      inputs: { x: any(3, 4), at: indices([3, 1], [1, 0, 3]), u: any(3, 1) },
      build: (g, { x, at, u }) => [g.ScatterElements(x!, at!, u!, 1)],
    },
    {
      inputs: { x: any(3, 4), at: indices([3, 2], [1, 1, 0, 2, 3, 3]), u: any(3, 2) },
      build: (g, { x, at, u }) => [g.ScatterElements(x!, at!, u!, 1, 'add')],
    },
  ],
  ScatterND: [
    {
      inputs: { x: any(4, 3), at: indices([2, 1], [3, 0]), u: any(2, 3) },
      build: (g, { x, at, u }) => [g.ScatterND(x!, at!, u!)],
    },
    {
      inputs: { x: any(4, 3), at: indices([3, 2], [3, 0, 1, 1, 1, 1]), u: any(3) },
      build: (g, { x, at, u }) => [g.ScatterND(x!, at!, u!, 'add')],
    },
  ],
  Slice: [
    sliced([1], [4], [0], [1]),
    sliced([1, 0], [5, 2 ** 40], [0, 1], [2, 3]),
    sliced([-3], [-1], [1], [1]),
    sliced([-1, 5], [-(2 ** 40), 0], [0, 1], [-1, -2]),
    {
      inputs: { x: any(5, 7), from: indices([1], [2]), to: indices([1], [6]) },
      build: (g, { x, from, to }) => [g.Slice(x!, from!, to!, [1])],
    },
  ],
  SpaceToDepth: plain('SpaceToDepth', { blocksize: int(2) })(any(1, 2, 4, 6)),
  Split: {
    inputs: { x: any(2, 6) },
    build: (g, { x }) => {
      const [a, , c] = g.emit('Split', [x!, g.ints([1, 2, 3])], { axis: int(1) }, { outputs: 3 });
      return [g.Mul(a!, g.ReduceSum(c!, [1]))];
    },
  },
  Squeeze: { inputs: { x: any(2, 1, 3) }, build: (g, { x }) => [g.Squeeze(x!, [1])], staticOnly: true },
  Tile: { inputs: { x: any(2, 3) }, build: (g, { x }) => [g.Tile(x!, [3, 2])] },
  TopK: {
    inputs: { x: any(2, 5) },
    build: (g, { x }) => [g.emit('TopK', [x!, g.ints([2])], { axis: int(1) }, { outputs: 2 })[0]!],
  },
  Transpose: plain('Transpose', { perm: list(1, 2, 0) })(any(2, 3, 4)),
  Trilu: plain('Trilu', { upper: int(0) })(any(3, 3)),
  Unsqueeze: { inputs: { x: any(2, 3) }, build: (g, { x }) => [g.Unsqueeze(x!, [0, 2])] },

  // ---- reductions ----
  CumSum: [
    {
      inputs: { x: any(2, 4) },
      build: (g, { x }) => [g.CumSum(x!, g.constant('int64', [], [1]), { exclusive: 0, reverse: 0 })],
    },
    {
      inputs: { x: any(2, 4) },
      build: (g, { x }) => [g.CumSum(x!, g.constant('int64', [], [0]), { exclusive: 1, reverse: 1 })],
    },
  ],
  LogSoftmax: [unary('LogSoftmax', { axis: int(1) }), unary('LogSoftmax')],
  LpNormalization: [
    unary('LpNormalization', { axis: int(1), p: int(2) }),
    unary('LpNormalization', { axis: int(-1), p: int(1) }),
  ],
  ReduceL1: reduced('ReduceL1', any(2, 3, 4)),
  ReduceL2: reduced('ReduceL2', any(2, 3, 4)),
  ReduceLogSum: reduced('ReduceLogSum'),
  ReduceLogSumExp: reduced('ReduceLogSumExp'),
  ReduceMax: reduced('ReduceMax', any(2, 3, 4)),
  ReduceMean: reduced('ReduceMean', any(2, 3, 4)),
  ReduceMin: reduced('ReduceMin', any(2, 3, 4)),
  ReduceProd: [
    ...reduced('ReduceProd'),
    {
      inputs: { x: fromNumbers('float32', [3, 3], [1.2, 0.7, 0.9, 0, 0.8, 1.1, 1.3, 0, 0]) },
      build: (g, { x }) => [reduceBy(g, 'ReduceProd', x!, [1], 1)],
    },
  ],
  ReduceSum: reduced('ReduceSum', any(2, 3, 4)),
  ReduceSumSquare: reduced('ReduceSumSquare', any(2, 3, 4)),
  Softmax: [unary('Softmax', { axis: int(1) }), unary('Softmax')],

  // ---- products ----
  Einsum: [
    contracted('ij,jk->ik', any(2, 3), any(3, 4)),
    contracted('...id,...jd->...ij', any(2, 2, 3, 4), any(2, 1, 5, 4)),
    contracted('bhwc,hkc->bhwk', any(1, 2, 3, 4), any(2, 5, 4)),
    contracted('ij,kj->k', any(2, 3), any(4, 3)),
    contracted('i,j', any(2), any(3)),
  ],
  Gemm: [
    plain('Gemm', { alpha: float(0.5), beta: float(2), transB: int(1) })(any(2, 3), any(4, 3), any(4)),
    plain('Gemm', { transA: int(1) })(any(3, 2), any(3, 4), any(2, 1)),
    plain('Gemm')(any(2, 3), any(3, 4)),
  ],
  MatMul: [
    plain('MatMul')(any(2, 3), any(3, 4)),
    plain('MatMul')(any(2, 2, 3), any(3, 4)),
    plain('MatMul')(any(2, 1, 2, 3), any(3, 3, 4)),
    plain('MatMul')(any(3), any(3, 4)),
    plain('MatMul')(any(2, 2, 3), any(3)),
    plain('MatMul')(any(3), any(2, 3, 4)),
    plain('MatMul')(any(3), any(3)),
  ],

  // ---- convolutions and pools ----
  AveragePool: [
    pooled('AveragePool', { kernel_shape: list(2, 2), strides: list(2, 2) }),
    pooled('AveragePool', { kernel_shape: list(3, 3), pads: list(1, 1, 1, 1) }),
    pooled('AveragePool', {
      kernel_shape: list(3, 2),
      strides: list(2, 1),
      pads: list(1, 0, 1, 1),
      count_include_pad: int(1),
    }),
    pooled('AveragePool', { kernel_shape: list(2, 2), strides: list(2, 2), ceil_mode: int(1) }),
    pooled('AveragePool', { kernel_shape: list(3) }, any(2, 3, 7)),
  ],
  Conv: [
    convolved({ pads: list(1, 1, 1, 1) }, any(2, 3, 5, 6), small(4, 3, 3, 3), any(4)),
    convolved({ strides: list(2, 2), pads: list(1, 1, 1, 1) }, any(1, 3, 5, 6), small(4, 3, 3, 3)),
    convolved(
      { strides: list(3, 2), pads: list(0, 1, 2, 1), dilations: list(1, 2) },
      any(1, 2, 8, 9),
      small(4, 2, 2, 3),
    ),
    convolved({ group: int(2), pads: list(1, 0, 1, 0) }, any(2, 4, 5, 4), small(6, 2, 3, 3)),
    convolved({ group: int(4), strides: list(2, 2) }, any(2, 4, 5, 5), small(4, 1, 3, 3)),
    convolved({ pads: list(2, 1) }, any(2, 3, 7), small(4, 3, 3), any(4)),
    convolved({ pads: list(3, 3, 3, 3) }, any(1, 2, 3, 3), small(2, 2, 2, 2)),
    convolved({ auto_pad: text('SAME_UPPER') }, any(1, 2, 4, 5), small(2, 2, 2, 3)),
    convolved({ group: int(2) }, any(1, 4, 3, 3), small(2, 2, 1, 1)),
  ],
  ConvTranspose: [
    plain('ConvTranspose', { kernel_shape: list(2, 2), strides: list(2, 2) }, WEIGHTS)(
      any(1, 3, 3, 4),
      small(3, 2, 2, 2),
      any(2),
    ),
    plain(
      'ConvTranspose',
      { kernel_shape: list(3, 3), strides: list(2, 2), pads: list(1, 1, 1, 1), output_padding: list(1, 1) },
      WEIGHTS,
    )(any(2, 4, 3, 3), small(4, 3, 3, 3)),
    plain(
      'ConvTranspose',
      { kernel_shape: list(2, 3), group: int(2), dilations: list(2, 1) },
      WEIGHTS,
    )(any(1, 4, 3, 4), small(4, 2, 2, 3)),
  ],
  GlobalAveragePool: pooled('GlobalAveragePool', {}),
  GlobalMaxPool: pooled('GlobalMaxPool', {}),
  MaxPool: [
    pooled('MaxPool', { kernel_shape: list(2, 2), strides: list(2, 2) }),
    pooled('MaxPool', { kernel_shape: list(3, 3), strides: list(2, 2), pads: list(1, 1, 1, 1) }),
    pooled('MaxPool', { kernel_shape: list(3, 3), strides: list(2, 2), ceil_mode: int(1) }),
    pooled('MaxPool', { kernel_shape: list(3) }, wide(2, 3, 7)),
  ],

  // ---- resampling ----
  Pad: [
    padded('constant', [0, 0, 1, 2, 0, 0, 3, 0]),
    padded('constant', [0, 0, -1, 2, 0, 0, 1, -2]),
    padded('reflect', [0, 0, 1, 2, 0, 0, 3, 0]),
    padded('edge', [0, 0, 1, 2, 0, 0, 3, 0]),
    {
      inputs: { x: any(2, 3), pads: indices([4], [1, 0, 0, 2]) },
      build: (g, { x, pads }) => g.emit('Pad', [x!, pads!], { mode: text('edge') }),
    },
    {
      inputs: { x: any(2, 3), pads: indices([4], [1, 0, 0, 2]) },
      build: (g, { x, pads }) => [g.Pad(x!, pads!)],
    },
  ],
  Resize: [
    resized({ coordinate_transformation_mode: text('asymmetric'), nearest_mode: text('floor') }),
    resized({}),
    resized({}, { scales: [1, 1, 1.5, 0.6] }),
    resized({ mode: text('linear') }),
    resized({ mode: text('linear'), coordinate_transformation_mode: text('align_corners') }),
    resized({ mode: text('cubic'), cubic_coeff_a: float(-0.75) }, { scales: [1, 1, 2, 3] }),
    resizedTo(
      { mode: text('linear'), coordinate_transformation_mode: text('pytorch_half_pixel') },
      [1, 2, 7, 3],
    ),
    resizedTo({ mode: text('nearest') }, [1, 2, 8, 12]),
    { ...resizedTo({ mode: text('linear'), antialias: int(1) }, [1, 2, 3, 3]), opsets: [18] },
  ],

  // ---- normalisations ----
  BatchNormalization: plain('BatchNormalization')(any(2, 3, 4), ...channels(3, 3, 3, 3)),
  GroupNormalization: [
    plain('GroupNormalization', { num_groups: int(2) }, { opsets: [18] })(any(2, 4, 3, 3), ...channels(2, 2)),
    plain('GroupNormalization', { num_groups: int(2) }, { opsets: [21] })(any(2, 4, 3, 3), ...channels(4, 4)),
  ],
  InstanceNormalization: plain('InstanceNormalization')(any(2, 3, 4, 2), ...channels(3, 3)),
  LayerNormalization: [
    plain('LayerNormalization')(any(2, 3, 6), ...channels(6, 6)),
    plain('LayerNormalization', { axis: int(1) })(any(2, 3, 4), any(3, 4)),
  ],
  RMSNormalization: plain('RMSNormalization', {}, { opsets: [23] })(any(2, 3, 6), positive(6)),
  SimplifiedLayerNormalization: plain('SimplifiedLayerNormalization')(any(2, 3, 6), positive(6)),

  // ---- several in one ----
  Attention: [
    plain('Attention', {}, { opsets: [23] })(any(1, 2, 3, 4), any(1, 2, 5, 4), any(1, 2, 5, 4)),
    plain('Attention', { q_num_heads: int(2), kv_num_heads: int(2), is_causal: int(1) }, { opsets: [23] })(
      any(2, 3, 8),
      any(2, 3, 8),
      any(2, 3, 8),
    ),
    plain('Attention', { scale: float(0.3) }, { opsets: [23] })(
      any(1, 2, 3, 4),
      any(1, 2, 5, 4),
      any(1, 2, 5, 4),
      any(3, 5),
    ),
  ],
  'com.microsoft.Attention': plain('Attention', heads(2), { ...MS, staticOnly: true })(
    any(2, 3, 5),
    small(5, 24),
    any(24),
  ),
  'com.microsoft.BiasGelu': plain('BiasGelu', {}, MS)(any(2, 3, 4), any(4)),
  'com.microsoft.FastGelu': [activated('FastGelu'), plain('FastGelu', {}, MS)(any(2, 3, 4), any(4))],
  'com.microsoft.FusedConv': {
    inputs: { x: any(1, 3, 5, 5), w: small(4, 3, 3, 3), b: any(4) },
    weights: ['w'],
    build: (g, { x, w, b }) =>
      g.emit(
        'FusedConv',
        [x!, w!, b!],
        {
          kernel_shape: list(3, 3),
          activation: text('HardSigmoid'),
          activation_params: { kind: 'floats', value: [0.01, 0.5] },
        },
        { domain: 'com.microsoft' },
      ),
    domain: 'com.microsoft',
  },
  'com.microsoft.FusedMatMul': [
    plain('FusedMatMul', { alpha: float(0.5), transB: int(1) }, MS)(any(2, 2, 3), any(2, 4, 3)),
    plain('FusedMatMul', { transA: int(1) }, MS)(any(3, 2), any(3, 4)),
  ],
  'com.microsoft.Gelu': activated('Gelu'),
  'com.microsoft.MultiHeadAttention': [
    plain('MultiHeadAttention', heads(2), { ...MS, staticOnly: true })(
      any(2, 3, 8),
      any(2, 5, 8),
      any(2, 5, 8),
      any(24),
    ),
    plain('MultiHeadAttention', heads(2, { scale: float(0.4) }), { ...MS, staticOnly: true })(
      any(1, 3, 8),
      any(1, 3, 8),
      any(1, 3, 8),
    ),
  ],
  'com.microsoft.QuickGelu': activated('QuickGelu'),
  'com.microsoft.SkipLayerNormalization': plain('SkipLayerNormalization', { epsilon: float(1e-5) }, MS)(
    any(2, 3, 6),
    any(2, 3, 6),
    ...channels(6, 6),
    any(6),
  ),
  'com.microsoft.SkipSimplifiedLayerNormalization': plain('SkipSimplifiedLayerNormalization', {}, MS)(
    any(2, 3, 6),
    any(2, 3, 6),
    positive(6),
  ),
  DequantizeLinear: {
    inputs: { x: any(2, 3) },
    build: (g, { x }) => {
      const scale = g.scalar(0.01, x!);
      const zero = g.constant('uint8', [], [128]);
      const [level] = g.emit('QuantizeLinear', [g.Mul(x!, g.scalar(0.5, x!)), scale, zero]);
      return [g.Mul(g.DequantizeLinear(level!, scale, zero), g.scalar(2, x!))];
    },
    expected: 1,
  },
  QuantizeLinear: {
    inputs: { x: any(2, 3) },
    build: (g, { x }) => {
      const scale = g.scalar(0.02, x!);
      const zero = g.constant('int8', [], [0]);
      return [g.DequantizeLinear(g.emit('QuantizeLinear', [x!, scale, zero])[0]!, scale, zero)];
    },
    expected: 1,
  },
  Swish: plain('Swish', { alpha: float(1.3) }, { opsets: [24] })(any(2, 3)),
};
