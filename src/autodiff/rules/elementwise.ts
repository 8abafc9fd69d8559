/** @file Rules of operators that work element by element. */
import { unsupportedGradient } from '../../messages/index.ts';
import { floatOf, intOf, textOf } from '../../onnx/attributes.ts';
import type { DataType, Node } from '../../onnx/model.ts';
import type { Value } from '../../onnx/operators.ts';
import { broadcasting, elementwise, linear, rule, zero, type Rule } from '../rule.ts';
import type { Tape } from '../tape.ts';
import { step } from './blocked.ts';

/** `1 + x^2` */
const onePlusSquare = (g: Tape, x: Value): Value => g.shift(g.Mul(x, x), 1);

/** `1 - x^2` */
const oneMinusSquare = (g: Tape, x: Value): Value => g.Sub(g.scalar(1, x), g.Mul(x, x));

/** 1 where low < x < high, else 0 */
const between = (g: Tape, x: Value, low: number, high: number): Value =>
  g.mask(g.And(g.Greater(x, g.scalar(low, x)), g.Less(x, g.scalar(high, x))), x);

/** `x > 0 ? ct : ct slope` */
const slopeBelowZero = (g: Tape, ct: Value, x: Value, slope: Value): Value =>
  g.Where(g.Greater(x, g.scalar(0, x)), ct, g.Mul(ct, slope));

/** The standard normal density `exp(-x^2 / 2) / sqrt(2 pi)` */
const normalDensity = (g: Tape, x: Value): Value =>
  g.scale(g.Exp(g.scale(g.Mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));

/** The standard normal distribution `(1 + erf(x / sqrt 2)) / 2` */
const normalDistribution = (g: Tape, x: Value): Value =>
  g.shift(g.scale(g.Erf(g.scale(x, Math.SQRT1_2)), 0.5), 0.5);

/** Gelu `x Phi(x)`: `Phi(x) + x phi(x)` */
export const geluDerivative = (g: Tape, x: Value): Value =>
  g.Add(normalDistribution(g, x), g.Mul(x, normalDensity(g, x)));

/** Gelu by tanh, `x (1 + tanh u) / 2`, `u = sqrt(2 / pi) (x + 0.044715 x^3)`: `(1 + t) / 2 + x (1 - t^2) u' / 2` */
export const tanhGeluDerivative = (g: Tape, x: Value): Value => {
  const k = Math.sqrt(2 / Math.PI);
  const square = g.Mul(x, x);
  const t = g.Tanh(g.Mul(x, g.shift(g.scale(square, 0.044715 * k), k)));
  const slope = g.shift(g.scale(square, 3 * 0.044715 * k), k);
  const bend = g.Mul(g.Mul(x, oneMinusSquare(g, t)), slope);
  return g.scale(g.shift(g.Add(t, bend), 1), 0.5);
};

/** QuickGelu `x s(a x)`: `s + a x s (1 - s)` */
export const quickGeluDerivative = (g: Tape, x: Value, alpha: number): Value => {
  const s = g.Sigmoid(g.scale(x, alpha));
  const rest = g.Sub(g.scalar(1, x), s);
  return g.Mul(s, g.shift(g.scale(g.Mul(x, rest), alpha), 1));
};

/** Mish `x tanh(u)`, `u = softplus(x)`: `t + x (1 - t^2) sigmoid(x)` */
const mishDerivative = (g: Tape, x: Value): Value => {
  const t = g.Tanh(g.emit('Softplus', [x])[0]!);
  return g.Add(t, g.Mul(g.Mul(x, oneMinusSquare(g, t)), g.Sigmoid(x)));
};

/** HardSwish: 0 below -3, 1 above 3, `(2 x + 3) / 6` between. */
const hardSwishDerivative = (g: Tape, x: Value): Value => {
  const middle = g.shift(g.scale(x, 1 / 3), 0.5);
  const upper = g.Where(g.GreaterOrEqual(x, g.scalar(3, x)), g.scalar(1, x), middle);
  return g.Where(g.LessOrEqual(x, g.scalar(-3, x)), g.scalar(0, x), upper);
};

/** Clip: 1 inside, 0 outside and on its bounds, as PyTorch has it since 2.14 (checked: 2.15.0); before, 1 on its bounds. */
const clip = rule((ct, node, g) => {
  const [x = '', low = '', high = ''] = node.inputs;
  const above = low === '' ? undefined : g.Greater(x, low);
  const below = high === '' ? undefined : g.Less(x, high);
  const inside = above !== undefined && below !== undefined ? g.And(above, below) : (above ?? below);
  return [inside === undefined ? ct : g.Mul(ct, g.mask(inside, x))];
});

/** `x^p`: `ct p x^(p - 1)` and `ct x^p log x` (0 where x <= 0) */
const pow = broadcasting((ct, node, g) => {
  const [x = '', p = ''] = node.inputs;
  const exponent = g.known(p)?.length === 1 ? g.known(p)![0]! : undefined;
  const asBase = (v: Value): Value => (g.typeOf(v).dtype === g.typeOf(x).dtype ? v : castLike(g, v, x));
  const byBase = (): Value => {
    if (exponent === 2) return g.Mul(ct, g.scale(x, 2));
    const power = exponent === undefined ? g.shift(asBase(p), -1) : g.scalar(exponent - 1, x);
    const slope = g.Mul(g.Pow(x, power), asBase(p));
    return g.Mul(ct, slope);
  };
  const byExponent = (): Value => {
    const isPositive = g.Greater(x, g.scalar(0, x));
    const log = g.Log(g.Where(isPositive, x, g.scalar(1, x)));
    return g.Mul(g.Mul(ct, node.outputs[0]!), log);
  };
  return [byBase, byExponent];
});

const castLike = (g: Tape, value: Value, like: Value): Value =>
  g.Cast(value, g.typeOf(like).dtype ?? ('float32' satisfies DataType));

/** Min, Max: to the inputs that are the extreme one, in equal parts. */
const extreme = broadcasting((ct, node, g) => {
  const [y = ''] = node.outputs;
  const hits = node.inputs.map((x) => g.mask(g.Equal(x, y), y));
  const share = g.Div(
    ct,
    hits.reduce((a, b) => g.Add(a, b)),
  );
  return hits.map((hit) => () => g.Mul(share, hit));
});

/** `Mod` with `fmod = 1`: `ct` and `-ct trunc(a / b)`; without, floor in place of trunc. */
const mod = broadcasting((ct, node, g) => {
  const [a = '', b = ''] = node.inputs;
  const byDivisor = (): Value => {
    const q = g.Div(a, b);
    const whole = intOf(node, 'fmod', 0) === 1 ? g.Mul(g.Sign(q), g.Floor(g.Abs(q))) : g.Floor(q);
    return g.Neg(g.Mul(ct, whole));
  };
  return [ct, byDivisor];
});

const cast: Rule = linear((ct, node, g) => castLike(g, ct, node.inputs[0]!));

/** Elu, Celu, Selu: `ct` above zero, `ct slope(x)` below. */
const exponentialBelow = (slope: (g: Tape, x: Value, node: Node) => Value): Rule =>
  elementwise((ct, { x, node, g }) => slopeBelowZero(g, ct, x, slope(g, x, node)));

/** `exp(min(x, 0))`: Where evaluates both of its branches, and the other one must not overflow. */
const expBelow = (g: Tape, x: Value): Value => g.Exp(g.Min(x, g.scalar(0, x)));

export const ELEMENTWISE = {
  Abs: elementwise((ct, { x, g }) => g.Mul(ct, g.Sign(x))),
  Acos: elementwise((ct, { x, g }) => g.Neg(g.Div(ct, g.Sqrt(oneMinusSquare(g, x))))),
  Acosh: elementwise((ct, { x, g }) => g.Div(ct, g.Sqrt(g.shift(g.Mul(x, x), -1)))),
  Add: broadcasting((ct) => [ct, ct]),
  Asin: elementwise((ct, { x, g }) => g.Div(ct, g.Sqrt(oneMinusSquare(g, x)))),
  Asinh: elementwise((ct, { x, g }) => g.Div(ct, g.Sqrt(onePlusSquare(g, x)))),
  Atan: elementwise((ct, { x, g }) => g.Div(ct, onePlusSquare(g, x))),
  Atanh: elementwise((ct, { x, g }) => g.Div(ct, oneMinusSquare(g, x))),
  Cast: cast,
  CastLike: cast,
  Celu: exponentialBelow((g, x, node) => expBelow(g, g.scale(x, 1 / floatOf(node, 'alpha', 1)))),
  Clip: clip,
  Cos: elementwise((ct, { x, g }) => g.Neg(g.Mul(ct, g.Sin(x)))),
  Cosh: elementwise((ct, { x, g }) => g.Mul(ct, g.Sinh(x))),
  Div: broadcasting((ct, { inputs: [, b = ''], outputs: [y = ''] }, g) => [
    () => g.Div(ct, b),
    () => g.Neg(g.Div(g.Mul(ct, y), b)),
  ]),
  Dropout: rule((ct) => [ct]),
  Elu: exponentialBelow((g, x, node) => g.scale(expBelow(g, x), floatOf(node, 'alpha', 1))),
  Erf: elementwise((ct, { x, g }) => g.Mul(ct, g.scale(g.Exp(g.Neg(g.Mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  Exp: elementwise((ct, { y, g }) => g.Mul(ct, y)),
  Gelu: elementwise((ct, { x, node, g }) => {
    const tanh = textOf(node, 'approximate', 'none') === 'tanh';
    return g.Mul(ct, tanh ? tanhGeluDerivative(g, x) : geluDerivative(g, x));
  }),
  HardSigmoid: elementwise((ct, { y, node, g }) =>
    g.Mul(ct, g.scale(between(g, y, 0, 1), floatOf(node, 'alpha', 0.2))),
  ),
  HardSwish: elementwise((ct, { x, g }) => g.Mul(ct, hardSwishDerivative(g, x))),
  Identity: rule((ct) => [ct]),
  LeakyRelu: elementwise((ct, { x, node, g }) =>
    slopeBelowZero(g, ct, x, g.scalar(floatOf(node, 'alpha', 0.01), x)),
  ),
  Log: elementwise((ct, { x, g }) => g.Div(ct, x)),
  Max: extreme,
  Mean: broadcasting((ct, { inputs }, g) => {
    const share = g.scale(ct, 1 / inputs.length);
    return inputs.map(() => share);
  }),
  Min: extreme,
  Mish: elementwise((ct, { x, g }) => g.Mul(ct, mishDerivative(g, x))),
  Mod: mod,
  Mul: broadcasting((ct, { inputs: [a = '', b = ''] }, g) => [() => g.Mul(ct, b), () => g.Mul(ct, a)]),
  Neg: elementwise((ct, { g }) => g.Neg(ct)),
  PRelu: broadcasting((ct, { inputs: [x = '', slope = ''] }, g) => [
    () => slopeBelowZero(g, ct, x, slope),
    () => g.Mul(ct, g.Min(x, g.scalar(0, x))),
  ]),
  Pow: pow,
  Reciprocal: elementwise((ct, { y, g }) => g.Neg(g.Mul(ct, g.Mul(y, y)))),
  Relu: elementwise((ct, { y, g }) => g.Mul(ct, step(g, y))),
  Selu: elementwise((ct, { x, node, g }) => {
    const below = g.scale(expBelow(g, x), floatOf(node, 'alpha', 1.6732631921768188));
    return g.scale(slopeBelowZero(g, ct, x, below), floatOf(node, 'gamma', 1.0507010221481323));
  }),
  Shrink: elementwise((ct, { x, node, g }) => {
    const lambd = floatOf(node, 'lambd', 0.5);
    return g.Mul(ct, g.mask(g.Greater(g.Abs(x), g.scalar(lambd, x)), x));
  }),
  Sigmoid: elementwise((ct, { y, g }) => g.Mul(ct, g.Mul(y, g.Sub(g.scalar(1, y), y)))),
  Sin: elementwise((ct, { x, g }) => g.Mul(ct, g.Cos(x))),
  Sinh: elementwise((ct, { x, g }) => g.Mul(ct, g.Cosh(x))),
  Softplus: elementwise((ct, { x, g }) => g.Mul(ct, g.Sigmoid(x))),
  Softsign: elementwise((ct, { x, g }) => {
    const below = g.shift(g.Abs(x), 1);
    return g.Div(ct, g.Mul(below, below));
  }),
  Sqrt: elementwise((ct, { y, g }) => g.Div(g.scale(ct, 0.5), y)),
  Sub: broadcasting((ct, _node, g) => [ct, () => g.Neg(ct)]),
  Sum: broadcasting((ct, { inputs }) => inputs.map(() => ct)),
  Swish: elementwise((ct, { x, node, g }) => g.Mul(ct, quickGeluDerivative(g, x, floatOf(node, 'alpha', 1)))),
  Tan: elementwise((ct, { y, g }) => g.Mul(ct, onePlusSquare(g, y))),
  Tanh: elementwise((ct, { y, g }) => g.Mul(ct, oneMinusSquare(g, y))),
  ThresholdedRelu: elementwise((ct, { x, node, g }) =>
    g.Mul(ct, g.mask(g.Greater(x, g.scalar(floatOf(node, 'alpha', 1), x)), x)),
  ),
  Where: broadcasting((ct, { inputs: [condition = ''] }, g) => [
    undefined,
    () => g.Where(condition, ct, g.scalar(0, ct)),
    () => g.Where(condition, g.scalar(0, ct), ct),
  ]),

  And: zero,
  ArgMax: zero,
  ArgMin: zero,
  BitShift: zero,
  BitwiseAnd: zero,
  BitwiseNot: zero,
  BitwiseOr: zero,
  BitwiseXor: zero,
  Ceil: zero,
  Constant: zero,
  ConstantOfShape: zero,
  Equal: zero,
  EyeLike: zero,
  Floor: zero,
  Greater: zero,
  GreaterOrEqual: zero,
  Hardmax: zero,
  IsInf: zero,
  IsNaN: zero,
  Less: zero,
  LessOrEqual: zero,
  NonZero: zero,
  Not: zero,
  OneHot: rule((_ct, node) => [
    undefined,
    undefined,
    () => {
      throw unsupportedGradient('OneHot', node.name, 'its values are differentiated by');
    },
  ]),
  Or: zero,
  RandomNormal: zero,
  RandomNormalLike: zero,
  RandomUniform: zero,
  RandomUniformLike: zero,
  Range: zero,
  Round: zero,
  Shape: zero,
  Sign: zero,
  Size: zero,
  Xor: zero,
} as const satisfies Record<string, Rule>;
