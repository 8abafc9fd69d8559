/** @file Operators that sum over axes: reductions, softmax, and the normalisations written out as mean and variance. */
import * as tf from '@tensorflow/tfjs';
import {
  axisOf,
  type Call,
  float,
  int,
  intsFrom,
  type Operator,
  type OperatorTable,
  required,
} from './call.ts';

type Reduce = (x: tf.Tensor, axes: number[], keepDims: boolean) => tf.Tensor;

const reduction =
  (f: Reduce): Operator =>
  (call) => {
    const x = required(call, 0);
    const given = intsFrom(call, 1, 'axes') ?? [];
    if (given.length === 0 && int(call, 'noop_with_empty_axes', 0) === 1) return x;
    const axes = given.length === 0 ? x.shape.map((_, i) => i) : given.map((axis) => axisOf(axis, x.rank));
    return f(x, axes, int(call, 'keepdims', 1) === 1);
  };

const extreme =
  (f: (x: tf.Tensor, axis: number) => tf.Tensor): Operator =>
  (call) => {
    const x = required(call, 0);
    const axis = axisOf(int(call, 'axis', 0), x.rank);
    const index = f(x, axis);
    return int(call, 'keepdims', 1) === 1 ? tf.expandDims(index, axis) : index;
  };

/** x - log(sum(exp(x))), shifted by the maximum: the shift cancels, in the gradient too. */
function logSoftmax(x: tf.Tensor, axis: number): tf.Tensor {
  const shifted = tf.sub(x, tf.max(x, axis, true));
  return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), axis, true)));
}

function softmax(x: tf.Tensor, axis: number): tf.Tensor {
  const e = tf.exp(tf.sub(x, tf.max(x, axis, true)));
  return tf.div(e, tf.sum(e, axis, true));
}

/** Before opset 13, all axes from `axis` on are one. */
const alongAxis =
  (f: (x: tf.Tensor, axis: number) => tf.Tensor): Operator =>
  (call) => {
    const x = required(call, 0);
    const axis = axisOf(int(call, 'axis', call.opset < 13 ? 1 : -1), x.rank);
    if (call.opset >= 13) return f(x, axis);
    const rows = x.shape.slice(0, axis).reduce((n, d) => n * d, 1);
    return tf.reshape(f(tf.reshape(x, [rows, -1]), 1), x.shape);
  };

/** (x - mean) / sqrt(variance + epsilon) over some axes. */
function standardise(x: tf.Tensor, axes: number[], epsilon: number): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, axes, true));
  const variance = tf.mean(tf.square(centred), axes, true);
  return tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
}

/** A vector with one element a channel, shaped to multiply [N, C, ...]. */
const perChannel = (vector: tf.Tensor, rank: number): tf.Tensor =>
  tf.reshape(vector, [1, -1, ...Array(rank - 2).fill(1)]);

const scaleShift = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor | undefined): tf.Tensor =>
  shift === undefined ? tf.mul(x, scale) : tf.add(tf.mul(x, scale), shift);

const from = (start: number, rank: number): number[] =>
  Array.from({ length: rank - start }, (_, i) => start + i);

function batchNormalization(call: Call): tf.Tensor {
  const x = required(call, 0);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => perChannel(required(call, i), x.rank));
  const deviation = tf.rsqrt(tf.add(variance!, float(call, 'epsilon', 1e-5)));
  return scaleShift(tf.mul(tf.sub(x, mean!), deviation), scale!, shift!);
}

function instanceNormalization(call: Call): tf.Tensor {
  const x = required(call, 0);
  const unit = standardise(x, from(2, x.rank), float(call, 'epsilon', 1e-5));
  return scaleShift(unit, perChannel(required(call, 1), x.rank), perChannel(required(call, 2), x.rank));
}

function groupNormalization(call: Call): tf.Tensor {
  const x = required(call, 0);
  const [n, c] = x.shape as [number, number];
  const groups = int(call, 'num_groups', 1);
  const unit = standardise(tf.reshape(x, [n, groups, -1]), [2], float(call, 'epsilon', 1e-5));
  // Opset 18 scales each group, opset 21 each channel.
  const channels = (vector: tf.Tensor): tf.Tensor =>
    vector.size === c
      ? vector
      : tf.gather(
          vector,
          tf.tensor1d(
            from(0, c).map((i) => Math.floor((i * groups) / c)),
            'int32',
          ),
        );
  const [scale, shift] = [channels(required(call, 1)), channels(required(call, 2))];
  return scaleShift(tf.reshape(unit, x.shape), perChannel(scale, x.rank), perChannel(shift, x.rank));
}

function layerNormalization(call: Call): tf.Tensor {
  const x = required(call, 0);
  const axes = from(axisOf(int(call, 'axis', -1), x.rank), x.rank);
  return scaleShift(standardise(x, axes, float(call, 'epsilon', 1e-5)), required(call, 1), call.inputs[2]);
}

function rmsNormalization(call: Call): tf.Tensor {
  const x = required(call, 0);
  const axes = from(axisOf(int(call, 'axis', -1), x.rank), x.rank);
  const meanSquare = tf.mean(tf.square(x), axes, true);
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, float(call, 'epsilon', 1e-5)))), required(call, 1));
}

export const reductions: OperatorTable = {
  ArgMax: extreme(tf.argMax),
  ArgMin: extreme(tf.argMin),
  BatchNormalization: batchNormalization,
  CumSum: (call) => {
    const x = required(call, 0);
    const axis = axisOf(required(call, 1).dataSync()[0]!, x.rank);
    return tf.cumsum(x, axis, int(call, 'exclusive', 0) === 1, int(call, 'reverse', 0) === 1);
  },
  GlobalAveragePool: (call) => tf.mean(required(call, 0), from(2, required(call, 0).rank), true),
  GlobalMaxPool: (call) => tf.max(required(call, 0), from(2, required(call, 0).rank), true),
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LogSoftmax: alongAxis(logSoftmax),
  RMSNormalization: rmsNormalization,
  ReduceL1: reduction((x, axes, keep) => tf.sum(tf.abs(x), axes, keep)),
  ReduceL2: reduction((x, axes, keep) => tf.sqrt(tf.sum(tf.square(x), axes, keep))),
  ReduceLogSumExp: reduction((x, axes, keep) => tf.logSumExp(x, axes, keep)),
  ReduceMax: reduction(tf.max),
  ReduceMean: reduction(tf.mean),
  ReduceMin: reduction(tf.min),
  ReduceProd: reduction(tf.prod),
  ReduceSum: reduction(tf.sum),
  ReduceSumSquare: reduction((x, axes, keep) => tf.sum(tf.square(x), axes, keep)),
  SimplifiedLayerNormalization: rmsNormalization,
  Softmax: alongAxis(softmax),
};
