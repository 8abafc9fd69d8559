/** @file Pooling windows, and resizing as one matrix an axis. */
import * as tf from '@tensorflow/tfjs';
import {
  type Call,
  float,
  int,
  ints,
  intsFrom,
  type OperatorTable,
  required,
  text,
  unsupported,
} from './call.ts';
import { asPlane, matMul, planeWindow, type Window, windowOf } from './linear.ts';
import { padAxes } from './shape.ts';

/** How much a pooling window reaches past the padded end where the output size is rounded up. */
function ceilExtra(
  call: Call,
  { kernel, strides, dilations, before, after }: Window,
  sizes: readonly number[],
): number[] {
  return sizes.map((n, i) => {
    const room = n + before[i]! + after[i]! - ((kernel[i]! - 1) * dilations[i]! + 1);
    if (int(call, 'ceil_mode', 0) === 0) return 0;
    const last = Math.ceil(room / strides[i]!);
    const starts = last * strides[i]! >= n + before[i]! ? last - 1 : last; // no window of padding alone
    return Math.max(0, starts * strides[i]! - room);
  });
}

interface Pooling {
  readonly x: tf.Tensor4D;
  readonly window: Window;
  readonly extra: readonly number[];
  readonly rank: number;
}

function pooling(call: Call): Pooling {
  const x = required(call, 0);
  const kernel = ints(call, 'kernel_shape')!;
  const plane = asPlane(call, x);
  const window = planeWindow(windowOf(call, kernel, x.shape.slice(2)));
  if (window.dilations.some((d) => d !== 1)) throw unsupported(call, 'with dilations');
  return { x: plane, window, extra: ceilExtra(call, window, plane.shape.slice(2)), rank: x.rank };
}

type Pool = (
  x: tf.Tensor4D,
  kernel: [number, number],
  strides: [number, number],
  pad: 'valid',
) => tf.Tensor4D;

/** Applies a pool of TensorFlow.js, which wants channels last, to a padded plane. */
function applyPool(pool: Pool, x: tf.Tensor, { kernel, strides }: Window): tf.Tensor {
  const last = tf.transpose(x, [0, 2, 3, 1]) as tf.Tensor4D;
  const pooled = pool(last, [...kernel] as [number, number], [...strides] as [number, number], 'valid');
  return tf.transpose(pooled, [0, 3, 1, 2]);
}

const padWindow = (
  x: tf.Tensor,
  before: readonly number[],
  after: readonly number[],
  value: number,
): tf.Tensor => padAxes(x, [0, 0, ...before], [0, 0, ...after], value);

const backToRank = (y: tf.Tensor, rank: number): tf.Tensor => (rank === 3 ? tf.squeeze(y, [2]) : y);

function maxPool(call: Call): tf.Tensor {
  if (call.node.outputs.length > 1) throw unsupported(call, 'with indices as output');
  const { x, window, extra, rank } = pooling(call);
  const after = window.after.map((p, i) => p + extra[i]!);
  return backToRank(applyPool(tf.maxPool, padWindow(x, window.before, after, -3e38), window), rank);
}

/** The sum over a window divided by the number of elements that count. */
function averagePool(call: Call): tf.Tensor {
  const { x, window, extra, rank } = pooling(call);
  const none = [0, 0];
  const padded = padWindow(padWindow(x, window.before, window.after, 0), none, extra, 0);
  const counted = int(call, 'count_include_pad', 0);
  const ones = padWindow(tf.onesLike(x), window.before, window.after, counted);
  const share = applyPool(tf.avgPool, padWindow(ones, none, extra, 0), window);
  return backToRank(tf.div(applyPool(tf.avgPool, padded, window), share), rank);
}

/** Where the centre of output `o` lies among the inputs: ONNX's `coordinate_transformation_mode`. */
function coordinate(call: Call, mode: string, o: number, n: number, m: number, scale: number): number {
  if (mode === 'half_pixel') return (o + 0.5) / scale - 0.5;
  if (mode === 'pytorch_half_pixel') return m > 1 ? (o + 0.5) / scale - 0.5 : 0;
  if (mode === 'align_corners') return m > 1 ? (o * (n - 1)) / (m - 1) : 0;
  if (mode === 'asymmetric') return o / scale;
  if (mode !== 'half_pixel_symmetric') throw unsupported(call, `with mode '${mode}'`);
  return (n / 2) * (1 - m / (scale * n)) + (o + 0.5) / scale - 0.5;
}

/** Weights of the inputs near a coordinate, as [index, weight]; indices may lie outside. */
function taps(call: Call, x: number): [number, number][] {
  const kind = text(call, 'mode', 'nearest');
  const low = Math.floor(x);
  const t = x - low;
  if (kind === 'nearest') return [[nearest(call, x), 1]];
  if (kind === 'linear')
    return [
      [low, 1 - t],
      [low + 1, t],
    ];
  if (kind !== 'cubic') throw unsupported(call, `with mode '${kind}'`);
  const a = float(call, 'cubic_coeff_a', -0.75);
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1; // Keys 1981, |d| <= 1
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; // 1 < |d| < 2
  return [
    [low - 1, far(t + 1)],
    [low, near(t)],
    [low + 1, near(1 - t)],
    [low + 2, far(2 - t)],
  ];
}

function nearest(call: Call, x: number): number {
  const rounding = text(call, 'nearest_mode', call.opset < 11 ? 'floor' : 'round_prefer_floor');
  if (rounding === 'floor') return Math.floor(x);
  if (rounding === 'ceil') return Math.ceil(x);
  return rounding === 'round_prefer_ceil' ? Math.floor(x + 0.5) : Math.ceil(x - 0.5);
}

/** The [n, m] matrix that resizes an axis of n elements to m. */
function resizeMatrix(call: Call, n: number, m: number, scale: number): tf.Tensor2D {
  const mode = text(call, 'coordinate_transformation_mode', call.opset < 11 ? 'asymmetric' : 'half_pixel');
  const inside = int(call, 'exclude_outside', 0) === 1;
  const matrix = new Float32Array(n * m);
  for (let o = 0; o < m; o++) {
    const all = taps(call, coordinate(call, mode, o, n, m, scale));
    const used = inside ? all.filter(([i]) => i >= 0 && i < n) : all;
    const sum = used.reduce((total, [, weight]) => total + weight, 0);
    for (const [i, weight] of used) matrix[Math.max(0, Math.min(n - 1, i)) * m + o]! += weight / sum;
  }
  return tf.tensor2d(matrix, [n, m]);
}

/** Multiplies one axis by a matrix. */
function alongAxis(x: tf.Tensor, axis: number, matrix: tf.Tensor2D): tf.Tensor {
  const order = x.shape.map((_, i) => i).filter((i) => i !== axis);
  const back = x.shape.map((_, i) => (i === axis ? x.rank - 1 : order.indexOf(i)));
  return tf.transpose(matMul(tf.transpose(x, [...order, axis]), matrix), back);
}

/** `Resize`, and its forerunner `Upsample`. */
function resize(call: Call): tf.Tensor {
  if (int(call, 'antialias', 0) === 1) throw unsupported(call, 'with antialias');
  const x = required(call, 0);
  const [scalesAt, sizesAt] = call.opset < 11 ? [1, 9] : [2, 3];
  const sizes = intsFrom(call, sizesAt, 'none');
  const attribute = call.node.attributes.scales;
  const given = call.inputs[scalesAt]?.dataSync() ?? (attribute?.kind === 'floats' ? attribute.value : []);
  const axes = ints(call, 'axes') ?? x.shape.map((_, i) => i);
  return axes.reduce((t, axis, i) => {
    const n = x.shape[axis]!;
    const m = sizes !== undefined && sizes.length > 0 ? sizes[i]! : Math.floor(n * given[i]!);
    const scale = sizes !== undefined && sizes.length > 0 ? m / n : given[i]!;
    return m === n && scale === 1 ? t : alongAxis(t, axis, resizeMatrix(call, n, m, scale));
  }, x);
}

export const sampling: OperatorTable = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  Resize: resize,
  Upsample: resize,
};
