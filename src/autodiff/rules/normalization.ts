/**
 * @file Rules of normalisations.
 *
 * All centre, scale and shift: `z = (x - mean) / sqrt(var + eps)` over some axes, `y = z scale + bias`. With
 * `u = ct scale`: the gradient by x is `(u - mean(u) - z mean(u z)) / sqrt(var + eps)`; without centring (RMS) the
 * term `mean(u)` is missing.
 */
import { unsupportedGradient } from '../../messages/index.ts';
import { floatOf, intOf } from '../../onnx/attributes.ts';
import type { Value } from '../../onnx/operators.ts';
import { type Rule, rule } from '../rule.ts';
import type { Tape } from '../tape.ts';

/** `z` and `1 / sqrt(var + eps)`, computed again from x. */
export function normalised(
  g: Tape,
  x: Value,
  axes: readonly number[],
  epsilon: number,
  centred = true,
): { readonly z: Value; readonly inverse: Value } {
  const deviation = centred ? g.Sub(x, g.ReduceMean(x, axes)) : x;
  const variance = g.ReduceMean(g.Mul(deviation, deviation), axes);
  const inverse = g.Reciprocal(g.Sqrt(g.shift(variance, epsilon)));
  return { z: g.Mul(deviation, inverse), inverse };
}

/** The gradient by x for `u`, the gradient by `z`. */
function byInput(
  g: Tape,
  u: Value,
  { z, inverse }: { z: Value; inverse: Value },
  axes: readonly number[],
  centred = true,
): Value {
  const along = g.Mul(z, g.ReduceMean(g.Mul(u, z), axes));
  const rest = g.Sub(u, along);
  return g.Mul(centred ? g.Sub(rest, g.ReduceMean(u, axes)) : rest, inverse);
}

/** A vector of channels in a shape that broadcasts with [N, C, ...]. */
const perChannel = (g: Tape, v: Value, x: Value): Value =>
  g.Reshape(
    v,
    g
      .shape(x)
      .slice(1)
      .map((_, i) => (i === 0 ? -1 : 1)),
  );

/** The sum over all axes but the channels'. */
const sumPerChannel = (g: Tape, v: Value): Value =>
  g.ReduceSum(
    v,
    g.shape(v).flatMap((_, axis) => (axis === 1 ? [] : [axis])),
    { keepdims: false },
  );

/** LayerNormalization and RMSNormalization over the axes from `axis` on. */
const overTrailingAxes = (centred: boolean): Rule =>
  rule((ct, node, g) => {
    const [x = '', scale = '', bias = ''] = node.inputs;
    const rank = g.shape(x).length;
    const axis = intOf(node, 'axis', -1);
    const first = axis < 0 ? axis + rank : axis;
    const axes = Array.from({ length: rank - first }, (_, i) => first + i);
    const parts = normalised(g, x, axes, floatOf(node, 'epsilon', 1e-5), centred);
    return [
      () => byInput(g, g.Mul(ct, scale), parts, axes, centred),
      () => g.unbroadcast(g.Mul(ct, parts.z), scale),
      () => (bias === '' ? undefined : g.unbroadcast(ct, bias)),
    ];
  });

const instanceNormalization = rule((ct, node, g) => {
  const [x = '', scale = ''] = node.inputs;
  const axes = g.shape(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const parts = normalised(g, x, axes, floatOf(node, 'epsilon', 1e-5));
  return [
    () => byInput(g, g.Mul(ct, perChannel(g, scale, x)), parts, axes),
    () => sumPerChannel(g, g.Mul(ct, parts.z)),
    () => sumPerChannel(g, ct),
  ];
});

/** GroupNormalization: scale and bias per group up to operator set 20, per channel from 21 on. */
const groupNormalization = rule((ct, node, g) => {
  const [x = '', scale = ''] = node.inputs;
  const groups = intOf(node, 'num_groups', 1);
  const grouped = (v: Value): Value => g.Reshape(v, g.vector([g.sizeOf(x, 0), groups, -1]));
  const parts = normalised(g, grouped(x), [2], floatOf(node, 'epsilon', 1e-5));
  if (g.opset < 21) {
    const factor = g.Reshape(scale, [groups, 1]);
    return [
      () => g.Reshape(byInput(g, g.Mul(grouped(ct), factor), parts, [2]), g.shapeOf(x)),
      () => g.ReduceSum(g.Mul(grouped(ct), parts.z), [0, 2], { keepdims: false }),
      () => g.ReduceSum(grouped(ct), [0, 2], { keepdims: false }),
    ];
  }
  return [
    () => {
      const u = grouped(g.Mul(ct, perChannel(g, scale, x)));
      return g.Reshape(byInput(g, u, parts, [2]), g.shapeOf(x));
    },
    () => sumPerChannel(g, g.Mul(ct, g.Reshape(parts.z, g.shapeOf(x)))),
    () => sumPerChannel(g, ct),
  ];
});

/** BatchNormalization as it is after training: mean and variance are given. */
const batchNormalization = rule((ct, node, g) => {
  const [x = '', scale = '', , mean = '', variance = ''] = node.inputs;
  if (intOf(node, 'training_mode', 0) === 1) {
    throw unsupportedGradient(
      node.opType,
      node.name,
      'it is in training mode; export the model for inference',
    );
  }
  const inverse = g.Reciprocal(g.Sqrt(g.shift(variance, floatOf(node, 'epsilon', 1e-5))));
  const slope = (): Value => g.Mul(scale, inverse);
  const z = (): Value => g.Mul(g.Sub(x, perChannel(g, mean, x)), perChannel(g, inverse, x));
  return [
    () => g.Mul(ct, perChannel(g, slope(), x)),
    () => sumPerChannel(g, g.Mul(ct, z())),
    () => sumPerChannel(g, ct),
    () => g.Neg(g.Mul(sumPerChannel(g, ct), slope())),
    () => {
      const sum = sumPerChannel(g, g.Mul(ct, z()));
      return g.scale(g.Mul(g.Mul(sum, scale), g.Mul(inverse, inverse)), -0.5);
    },
  ];
});

export const NORMALIZATION = {
  BatchNormalization: batchNormalization,
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: overTrailingAxes(true),
  RMSNormalization: overTrailingAxes(false),
  SimplifiedLayerNormalization: overTrailingAxes(false),
} as const satisfies Record<string, Rule>;
