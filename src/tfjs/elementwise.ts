/** @file Operators that work element by element, a line each, with the formula where TensorFlow.js has no such function. */
import * as tf from '@tensorflow/tfjs';
import { type Call, float, type Operator, type OperatorTable, required, text } from './call.ts';
import { castTo } from './constants.ts';
import { broadcast } from './shape.ts';

type Unary = (x: tf.Tensor, call: Call) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const unary =
  (f: Unary): Operator =>
  (call) =>
    f(required(call, 0), call);

const binary =
  (f: Binary): Operator =>
  (call) =>
    f(required(call, 0), required(call, 1));

/** Values alone, off the tape: TensorFlow.js has no gradients for comparisons, not even zero. */
const detached = (x: tf.Tensor): tf.Tensor => tf.tensor(x.dataSync(), x.shape, x.dtype);

const comparison = (f: Binary): Operator => binary((a, b) => f(detached(a), detached(b)));

/** One or more inputs, folded from the left. */
const variadic =
  (f: Binary): Operator =>
  (call) =>
    call.inputs.map((_, i) => required(call, i)).reduce(f);

const commonShape = (...tensors: tf.Tensor[]): number[] =>
  tensors.reduce<number[]>((shape, x) => tf.broadcast_util.assertAndGetBroadcastShape(shape, x.shape), []);

/** Broadcasts by itself: the gradients of TensorFlow.js's maximum and minimum do not sum back. */
const sameShape =
  (f: Binary): Binary =>
  (a, b) => {
    const shape = commonShape(a, b);
    return f(broadcast(a, shape), broadcast(b, shape));
  };

const choose = (condition: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor => {
  const shape = commonShape(condition, a, b);
  return tf.where(broadcast(condition, shape), broadcast(a, shape), broadcast(b, shape));
};

const clip = (x: tf.Tensor, low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY): tf.Tensor =>
  tf.clipByValue(x, low, high);

/** x Phi(x), exact or by the tanh fit. */
const gelu: Unary = (x, call) => {
  if (text(call, 'approximate', 'none') === 'none')
    return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.mul(x, x)))));
  return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.tanh(inner)));
};

const hardSigmoid = (x: tf.Tensor, alpha: number, beta: number): tf.Tensor =>
  clip(tf.add(tf.mul(x, alpha), beta), 0, 1);

/** alpha (exp(x) - 1) below zero; exp only ever sees values below zero, so that nothing overflows into the gradient. */
const elu = (x: tf.Tensor, alpha: number): tf.Tensor =>
  tf.add(tf.relu(x), tf.mul(alpha, tf.sub(tf.exp(tf.minimum(x, 0)), 1)));

const bound = (call: Call, index: number, name: string, fallback: number): number =>
  call.inputs[index]?.dataSync()[0] ?? float(call, name, fallback);

export const elementwise: OperatorTable = {
  Abs: unary(tf.abs),
  Acos: unary(tf.acos),
  Add: binary(tf.add),
  And: binary(tf.logicalAnd),
  Asin: unary(tf.asin),
  Atan: unary(tf.atan),
  Cast: (call) => castTo(required(call, 0), call),
  CastLike: binary((x, like) => tf.cast(x, like.dtype)),
  Ceil: unary(tf.ceil),
  Clip: unary((x, call) => clip(x, bound(call, 1, 'min', -Infinity), bound(call, 2, 'max', Infinity))),
  Cos: unary(tf.cos),
  Cosh: unary(tf.cosh),
  Div: binary(tf.div), // TensorFlow.js floors the quotient of integers; shapes are not negative
  Dropout: unary((x) => x),
  Elu: unary((x, call) => elu(x, float(call, 'alpha', 1))),
  Equal: comparison(tf.equal),
  Erf: unary(tf.erf),
  Exp: unary(tf.exp),
  Floor: unary(tf.floor),
  Gelu: unary(gelu),
  Greater: comparison(tf.greater),
  GreaterOrEqual: comparison(tf.greaterEqual),
  HardSigmoid: unary((x, call) => hardSigmoid(x, float(call, 'alpha', 0.2), float(call, 'beta', 0.5))),
  HardSwish: unary((x) => tf.mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  Identity: unary((x) => x),
  LeakyRelu: unary((x, call) => tf.leakyRelu(x, float(call, 'alpha', 0.01))),
  Less: comparison(tf.less),
  LessOrEqual: comparison(tf.lessEqual),
  Log: unary(tf.log),
  Max: variadic(sameShape(tf.maximum)),
  Mean: (call) => tf.div(variadic(tf.add)(call) as tf.Tensor, call.inputs.length),
  Min: variadic(sameShape(tf.minimum)),
  Mish: unary((x) => tf.mul(x, tf.tanh(tf.softplus(x)))),
  Mul: binary(tf.mul),
  Neg: unary(tf.neg),
  Not: unary(tf.logicalNot),
  Or: binary(tf.logicalOr),
  PRelu: binary((x, slope) => tf.sub(tf.relu(x), tf.mul(slope, tf.relu(tf.neg(x))))),
  Pow: binary(tf.pow),
  QuickGelu: unary((x, call) => tf.mul(x, tf.sigmoid(tf.mul(x, float(call, 'alpha', 1.702))))),
  Reciprocal: unary(tf.reciprocal),
  Relu: unary(tf.relu),
  Round: unary(tf.round),
  Selu: unary((x, call) =>
    tf.mul(float(call, 'gamma', 1.0507009873554805), elu(x, float(call, 'alpha', 1.6732632423543772))),
  ),
  Sigmoid: unary(tf.sigmoid),
  Sign: unary(tf.sign),
  Sin: unary(tf.sin),
  Sinh: unary(tf.sinh),
  Softplus: unary(tf.softplus),
  Softsign: unary((x) => tf.div(x, tf.add(1, tf.abs(x)))),
  Sqrt: unary(tf.sqrt),
  Sub: binary(tf.sub),
  Sum: variadic(tf.add),
  Tan: unary(tf.tan),
  Tanh: unary(tf.tanh),
  Where: (call) => choose(required(call, 0), required(call, 1), required(call, 2)),
  Xor: binary(tf.logicalXor),
};
