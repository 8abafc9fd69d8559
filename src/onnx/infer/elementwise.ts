/** @file Types of operators that work element by element, with broadcasting; and arithmetic on shapes. */
import { intOf, intsOf } from '../attributes.ts';
import { DATA_TYPES, type DataType } from '../model.ts';
import { addSizes, divideSizes, multiplySizes, opaqueSize, type Size, subtractSizes } from '../sizes.ts';
import { broadcastShapes, type TypeRule, typed, type ValueType } from './type.ts';

/** Output like the first input. */
const like: TypeRule = ([x = {}]) => [typed(x.dtype, x.shape)];

const broadcast =
  (dtype?: DataType): TypeRule =>
  (inputs, node) => [
    typed(
      dtype ?? inputs[0]?.dtype,
      broadcastShapes(
        inputs.map(({ shape }) => shape),
        node,
      ),
    ),
  ];

const isInteger = ({ dtype }: ValueType): boolean => dtype === 'int64' || dtype === 'int32';

/** Broadcasting arithmetic that also follows the elements of shapes. */
const arithmetic =
  (combine: (a: Size, b: Size) => Size, dtype?: DataType): TypeRule =>
  (inputs, node, opset) => {
    const [type] = broadcast(dtype)(inputs, node, opset);
    const [a, b] = inputs;
    if (a?.value === undefined || b?.value === undefined || !isInteger(a)) return [type!];
    const length = Math.max(a.value.length, b.value.length);
    if (![a.value.length, b.value.length].every((n) => n === 1 || n === length)) return [type!];
    const at = (value: readonly Size[], i: number): Size => value[value.length === 1 ? 0 : i]!;
    const value = Array.from({ length }, (_, i) => combine(at(a.value!, i), at(b.value!, i)));
    return [typed(type!.dtype, type!.shape, value)];
  };

const numeric =
  (combine: (a: number, b: number) => number, name: string) =>
  (a: Size, b: Size): Size =>
    typeof a === 'number' && typeof b === 'number' ? combine(a, b) : opaqueSize(name, a, b);

/** Sizes are never negative, so that a symbol never equals the -1 of a shape that says "as it is". */
const equal = (a: Size, b: Size): Size => {
  if (a === b) return 1;
  const certain = typeof a === typeof b ? typeof a === 'number' : Number(typeof a === 'number' ? a : b) < 0;
  return certain ? 0 : opaqueSize('equal', a, b);
};

const where: TypeRule = (inputs, node) => {
  const [condition = {}, a = {}, b = {}] = inputs;
  const shape = broadcastShapes([condition.shape, a.shape, b.shape], node);
  const known = condition.value?.every((size) => typeof size === 'number') && a.value && b.value;
  if (!known) return [typed(a.dtype ?? b.dtype, shape)];
  const pick = (value: readonly Size[], i: number): Size => value[value.length === 1 ? 0 : i]!;
  const length = Math.max(condition.value!.length, a.value!.length, b.value!.length);
  const value = Array.from({ length }, (_, i) =>
    pick(condition.value!, i) === 1 ? pick(a.value!, i) : pick(b.value!, i),
  );
  return [typed(a.dtype, shape, value)];
};

const cast: TypeRule = ([x = {}], node) => {
  const dtype = DATA_TYPES[intOf(node, 'to', 1)];
  const exact = isInteger(x) || isInteger({ ...(dtype && { dtype }) });
  return [typed(dtype, x.shape, exact && dtype !== 'bool' ? x.value : undefined)];
};

const random: TypeRule = (_inputs, node) => [
  typed(DATA_TYPES[intOf(node, 'dtype', 1)], intsOf(node, 'shape')),
];

const all = (rule: TypeRule, names: string): Record<string, TypeRule> =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));

/** `com.microsoft.Attention`: the last size is a third of what the weights project to. */
const projected = (x: ValueType, w: ValueType): ValueType =>
  typed(x.dtype, x.shape && w.shape && [...x.shape.slice(0, -1), divideSizes(w.shape[1]!, 3)]);

/** Outputs like the first input. */
const LIKE =
  'Abs Acos Acosh Asin Asinh Atan Atanh BiasAdd BiasGelu BitwiseNot Ceil Celu Clip Cos Cosh CumSum Elu Erf Exp ' +
  'EyeLike FastGelu Floor Gelu GroupNorm GroupNormalization HardSigmoid HardSwish Hardmax InstanceNormalization ' +
  'LRN LayerNormalization LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish ' +
  'MultiHeadAttention Neg PRelu QuickGelu RMSNormalization RandomNormalLike RandomUniformLike Reciprocal Relu ' +
  'RotaryEmbedding Round Scatter ScatterElements ScatterND Selu Shrink Sigmoid Sign SimplifiedLayerNormalization ' +
  'Sin Sinh SkipLayerNormalization SkipSimplifiedLayerNormalization Softmax Softplus Softsign Sqrt Swish Tan Tanh ' +
  'ThresholdedRelu Trilu';

export const ELEMENTWISE: Readonly<Record<string, TypeRule>> = {
  ...all(like, LIKE),
  ...all(broadcast(), 'BitShift BitwiseAnd BitwiseOr BitwiseXor Max Mean Min Pow Sum'),
  ...all(broadcast('bool'), 'And Greater GreaterOrEqual Less LessOrEqual Or Xor'),
  ...all(([x = {}]) => [typed('bool', x.shape)], 'IsInf IsNaN Not'),
  Identity: ([x = {}]) => [x],
  BatchNormalization: like,
  Dropout: ([x = {}]) => [typed(x.dtype, x.shape), typed('bool', x.shape)],
  Attention: ([x = {}, w = {}], { domain }) => [domain === '' ? typed(x.dtype, x.shape) : projected(x, w)],

  RandomNormal: random,
  RandomUniform: random,
  CastLike: ([x = {}, y = {}]) => [typed(y.dtype, x.shape)],
  Add: arithmetic(addSizes),
  Sub: arithmetic(subtractSizes),
  Mul: arithmetic(multiplySizes),
  Div: arithmetic(divideSizes),
  Mod: arithmetic(numeric((a, b) => a - b * Math.floor(a / b), 'mod')),
  Equal: arithmetic(equal, 'bool'),
  Where: where,
  Cast: cast,
  DequantizeLinear: ([x = {}, scale = {}]) => [typed(scale.dtype, x.shape)],
  QuantizeLinear: ([x = {}, , zero = {}]) => [typed(zero.dtype ?? 'uint8', x.shape)],
};
