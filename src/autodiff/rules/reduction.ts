/** @file Rules of reductions, softmax and running sums. */
import { intOf, intsOf } from '../../onnx/attributes.ts';
import type { Node } from '../../onnx/model.ts';
import type { Value } from '../../onnx/operators.ts';
import { linear, type Rule, rule } from '../rule.ts';
import type { Tape } from '../tape.ts';
import { unsupportedGradient } from '../../messages/index.ts';

/** The axes that a reduction runs over, from the front. */
function reducedAxes(node: Node, g: Tape): readonly number[] {
  const [x = '', axes = ''] = node.inputs;
  const rank = g.shape(x).length;
  const given = intsOf(node, 'axes') ?? g.known(axes);
  if (given === undefined && axes !== '') {
    throw unsupportedGradient(node.opType, node.name, 'its axes are not constant');
  }
  if (given === undefined || given.length === 0) {
    return intOf(node, 'noop_with_empty_axes', 0) === 1 ? [] : [...Array(rank).keys()];
  }
  return given.map((axis) => (axis < 0 ? axis + rank : axis));
}

/** A value of the reduction's output shape with the reduced axes kept as size 1, so that it broadcasts with x. */
const kept = (node: Node, g: Tape, value: Value, axes: readonly number[]): Value =>
  intOf(node, 'keepdims', 1) === 1 || axes.length === 0 ? value : g.Unsqueeze(value, axes);

interface Reduced {
  readonly x: Value;
  /** The output, broadcastable with x. */
  readonly y: Value;
  readonly axes: readonly number[];
  readonly g: Tape;
}

/** The gradient of a reduction, given `ct` and `y` broadcastable with x; it is expanded to x's shape. */
const reduction = (vjp: (ct: Value, at: Reduced) => Value): Rule =>
  rule((ct, node, g) => [
    () => {
      const [x = ''] = node.inputs;
      const axes = reducedAxes(node, g);
      const y = kept(node, g, node.outputs[0]!, axes);
      return vjp(kept(node, g, ct, axes), { x, y, axes, g });
    },
  ]);

const expanded = (g: Tape, ct: Value, x: Value): Value => g.Expand(ct, g.shapeOf(x));

/** How many elements of x one element of the output is made of, as a scalar of x's type. */
function countOf(g: Tape, x: Value, axes: readonly number[]): Value {
  const sizes = axes.map((axis) => g.shape(x)[axis]!);
  if (sizes.every((size) => typeof size === 'number')) {
    return g.scalar(
      sizes.reduce((a: number, b) => a * (b as number), 1),
      x,
    );
  }
  const count = g.ReduceProd(g.vector(axes.map((axis) => g.sizeOf(x, axis))), [0], { keepdims: false });
  return g.Cast(count, g.typeOf(x).dtype ?? 'float32');
}

/** To the elements that are the extreme one, in equal parts. */
const extreme = reduction((ct, { x, y, axes, g }) => {
  const hits = g.mask(g.Equal(x, y), x);
  return g.Mul(hits, g.Div(ct, g.ReduceSum(hits, axes)));
});

/** The product of the others: `y / x`, but where zeros make that 0 / 0. */
const product = reduction((ct, { x, axes, g }) => {
  const one = g.scalar(1, x);
  const isZero = g.Equal(x, g.scalar(0, x));
  const filled = g.Where(isZero, one, x);
  const rest = g.ReduceProd(filled, axes);
  const zeros = g.ReduceSum(g.mask(isZero, x), axes);
  const others = g.Div(g.Mul(rest, one), filled);
  const nowhere = g.mask(g.Less(zeros, g.scalar(0.5, x)), x);
  const once = g.mask(g.And(g.Greater(zeros, g.scalar(0.5, x)), g.Less(zeros, g.scalar(1.5, x))), x);
  return g.Mul(ct, g.Where(isZero, g.Mul(rest, once), g.Mul(others, nowhere)));
});

/** `x / |x|`, and 0 for a row of zeros. */
const euclidean = reduction((ct, { x, y, g }) => {
  const isZero = g.Equal(y, g.scalar(0, y));
  return g.Mul(x, g.Div(ct, g.Where(isZero, g.scalar(1, y), y)));
});

/** The axis that a softmax normalises over. */
function softmaxAxes(node: Node, g: Tape): readonly number[] {
  const axis = intOf(node, 'axis', -1);
  return [axis < 0 ? axis + g.shape(node.inputs[0]!).length : axis];
}

/** `y (ct - sum(ct y))` */
const softmax = rule((ct, node, g) => {
  const [y = ''] = node.outputs;
  return [() => g.Mul(y, g.Sub(ct, g.ReduceSum(g.Mul(ct, y), softmaxAxes(node, g))))];
});

/** `ct - exp(y) sum(ct)` */
const logSoftmax = rule((ct, node, g) => {
  const [y = ''] = node.outputs;
  return [() => g.Sub(ct, g.Mul(g.Exp(y), g.ReduceSum(ct, softmaxAxes(node, g))))];
});

/** `x / |x|_p`, p = 1 or 2 along one axis. */
const lpNormalization = rule((ct, node, g) => {
  const [x = ''] = node.inputs;
  const [y = ''] = node.outputs;
  const rank = g.shape(x).length;
  const axis = intOf(node, 'axis', -1);
  const axes = [axis < 0 ? axis + rank : axis];
  const manhattan = intOf(node, 'p', 2) === 1;
  const norm = manhattan ? g.ReduceSum(g.Abs(x), axes) : g.Sqrt(g.ReduceSum(g.Mul(x, x), axes));
  const along = g.Mul(manhattan ? g.Sign(x) : y, g.ReduceSum(g.Mul(ct, y), axes));
  return [() => g.Div(g.Sub(ct, along), norm)];
});

export const REDUCTION = {
  CumSum: linear((ct, node, g) =>
    g.CumSum(ct, node.inputs[1]!, {
      exclusive: intOf(node, 'exclusive', 0),
      reverse: 1 - intOf(node, 'reverse', 0),
    }),
  ),
  LogSoftmax: logSoftmax,
  LpNormalization: lpNormalization,
  ReduceL1: reduction((ct, { x, g }) => g.Mul(ct, g.Sign(x))),
  ReduceL2: euclidean,
  ReduceLogSum: reduction((ct, { x, y, g }) => expanded(g, g.Div(ct, g.Exp(y)), x)),
  ReduceLogSumExp: reduction((ct, { x, y, g }) => g.Mul(ct, g.Exp(g.Sub(x, y)))),
  ReduceMax: extreme,
  ReduceMean: reduction((ct, { x, axes, g }) => expanded(g, g.Div(ct, countOf(g, x, axes)), x)),
  ReduceMin: extreme,
  ReduceProd: product,
  ReduceSum: reduction((ct, { x, g }) => expanded(g, ct, x)),
  ReduceSumSquare: reduction((ct, { x, g }) => g.Mul(ct, g.scale(x, 2))),
  Softmax: softmax,
} as const satisfies Record<string, Rule>;
