/** @file Products: matrix products of every kind, and convolutions. */
import * as tf from '@tensorflow/tfjs';
import { type Call, float, int, ints, type OperatorTable, required, text, unsupported } from './call.ts';
import { broadcast, padAxes, sliceAxis, spread } from './shape.ts';

/** numpy.matmul: batch axes are broadcast, vectors get an axis that is taken away again. */
export function matMul(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (a.rank === 1) return tf.squeeze(matMul(tf.expandDims(a, 0), b), [-2]);
  if (b.rank === 1) return tf.squeeze(matMul(a, tf.expandDims(b, 1)), [-1]);
  const [m, k, n] = [a.shape.at(-2)!, a.shape.at(-1)!, b.shape.at(-1)!];
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  // The gradient of TensorFlow.js's matMul does not sum over broadcast batches; that of an addition does.
  const left = tf.reshape(broadcast(a, [...batch, m, k]), [-1, m, k]);
  const right = tf.reshape(broadcast(b, [...batch, k, n]), [-1, k, n]);
  return tf.reshape(tf.matMul(left, right), [...batch, m, n]);
}

function gemm(call: Call): tf.Tensor {
  const [a, b] = [required(call, 0) as tf.Tensor2D, required(call, 1) as tf.Tensor2D];
  const product = tf.matMul(a, b, int(call, 'transA', 0) === 1, int(call, 'transB', 0) === 1);
  const scaled = tf.mul(product, float(call, 'alpha', 1));
  const c = call.inputs[2];
  return c === undefined ? scaled : tf.add(scaled, tf.mul(c, float(call, 'beta', 1)));
}

/** Sum of products over named axes, for one or two operands. */
function einsum(call: Call): tf.Tensor {
  const equation = text(call, 'equation', '').replaceAll(' ', '');
  const [terms, result] = equation.split('->') as [string, string | undefined];
  const labels = terms.split(',');
  const plain = labels.every((term) => /^[a-zA-Z]*$/.test(term) && new Set(term).size === term.length);
  if (result === undefined || !plain || labels.length > 2)
    throw unsupported(call, `with equation '${equation}'`);
  const kept = labels.map((term, i) => sumOut(required(call, i), term, result + (labels[1 - i] ?? '')));
  if (kept.length === 1) return permute(kept[0]!.x, kept[0]!.term, result);
  const [a, b] = kept as [Labelled, Labelled];
  const shared = [...a.term].filter((label) => b.term.includes(label));
  const batch = shared.filter((label) => result.includes(label)).join('');
  const inner = shared.filter((label) => !result.includes(label)).join('');
  const [left, right] = [a, b].map(({ term }) =>
    [...term].filter((label) => !shared.includes(label)).join(''),
  );
  const size = (names: string): number[] =>
    [...names].map((label) =>
      a.term.includes(label) ? a.x.shape[a.term.indexOf(label)]! : b.x.shape[b.term.indexOf(label)]!,
    );
  const count = (names: string): number => size(names).reduce((n, d) => n * d, 1);
  const product = tf.matMul(
    tf.reshape(permute(a.x, a.term, batch + left + inner), [count(batch), count(left!), count(inner)]),
    tf.reshape(permute(b.x, b.term, batch + inner + right), [count(batch), count(inner), count(right!)]),
  );
  const order = batch + left + right;
  return permute(tf.reshape(product, size(order)), order, result);
}

interface Labelled {
  readonly x: tf.Tensor;
  readonly term: string;
}

/** Sums over the axes that nothing else names. */
function sumOut(x: tf.Tensor, term: string, needed: string): Labelled {
  const axes = [...term].flatMap((label, axis) => (needed.includes(label) ? [] : [axis]));
  const rest = [...term].filter((label) => needed.includes(label)).join('');
  return { x: axes.length === 0 ? x : tf.sum(x, axes), term: rest };
}

const permute = (x: tf.Tensor, term: string, wanted: string): tf.Tensor =>
  term === wanted
    ? x
    : tf.transpose(
        x,
        [...wanted].map((label) => term.indexOf(label)),
      );

/** Strides, dilations and pads of a window, one entry a spatial axis; `auto_pad` worked out. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export function windowOf(call: Call, kernel: readonly number[], sizes: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  const strides = ints(call, 'strides') ?? ones;
  const dilations = ints(call, 'dilations') ?? ones;
  const auto = text(call, 'auto_pad', 'NOTSET');
  const pads = ints(call, 'pads') ?? [...kernel, ...kernel].map(() => 0);
  if (!auto.startsWith('SAME')) {
    return {
      kernel,
      strides,
      dilations,
      before: pads.slice(0, kernel.length),
      after: pads.slice(kernel.length),
    };
  }
  const total = sizes.map((n, i) => {
    const covered = (Math.ceil(n / strides[i]!) - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1;
    return Math.max(0, covered - n);
  });
  const small = total.map((t) => Math.floor(t / 2));
  const large = total.map((t, i) => t - small[i]!);
  const upper = auto === 'SAME_UPPER';
  return { kernel, strides, dilations, before: upper ? small : large, after: upper ? large : small };
}

/** [N, C, L] as [N, C, 1, L], so that one dimension is a case of two. */
export function asPlane(call: Call, x: tf.Tensor): tf.Tensor4D {
  if (x.rank === 3) return tf.expandDims(x, 2);
  if (x.rank !== 4) throw unsupported(call, `on ${x.rank - 2} spatial axes`);
  return x as tf.Tensor4D;
}

/** The window of `asPlane`'s tensor. */
export function planeWindow(window: Window): Window {
  if (window.kernel.length === 2) return window;
  const { kernel, strides, dilations, before, after } = window;
  return {
    kernel: [1, ...kernel],
    strides: [1, ...strides],
    dilations: [1, ...dilations],
    before: [0, ...before],
    after: [0, ...after],
  };
}

/**
 * Convolution of [N, C, H, W], already padded, with [M, C / groups, kh, kw]. Channels last, because other layouts
 * lack gradients; dilation by zeros in the kernel, because the gradient of a dilated convolution is missing too.
 */
function convolve(
  x: tf.Tensor4D,
  weight: tf.Tensor4D,
  strides: readonly number[],
  dilations: readonly number[],
  groups: number,
): tf.Tensor4D {
  const dilated = spread(spread(weight, 2, dilations[0]!), 3, dilations[1]!);
  const last = tf.transpose(x, [0, 2, 3, 1]);
  const [c, m] = [x.shape[1] / groups, weight.shape[0] / groups];
  const parts = Array.from({ length: groups }, (_, g) => {
    const kernel = tf.transpose(sliceAxis(dilated, 0, g * m, (g + 1) * m), [2, 3, 1, 0]) as tf.Tensor4D;
    const input = groups === 1 ? last : sliceAxis(last, 3, g * c, (g + 1) * c);
    return tf.conv2d(input as tf.Tensor4D, kernel, [...strides] as [number, number], 'valid');
  });
  return tf.transpose(groups === 1 ? parts[0]! : tf.concat(parts, 3), [0, 3, 1, 2]);
}

const addBias = (y: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor =>
  bias === undefined ? y : tf.add(y, tf.reshape(bias, [1, -1, 1, 1]));

function conv(call: Call): tf.Tensor {
  const [x, weight] = [required(call, 0), required(call, 1)];
  const window = planeWindow(windowOf(call, weight.shape.slice(2), x.shape.slice(2)));
  const { strides, dilations, before, after } = window;
  const padded = padAxes(asPlane(call, x), [0, 0, ...before], [0, 0, ...after]) as tf.Tensor4D;
  const y = convolve(padded, asPlane(call, weight), strides, dilations, int(call, 'group', 1));
  return backToRank(addBias(y, call.inputs[2]), x.rank);
}

const backToRank = (y: tf.Tensor, rank: number): tf.Tensor => (rank === 3 ? tf.squeeze(y, [2]) : y);

/** A transposed convolution: zeros between the inputs, then a convolution with the flipped kernel. */
function convTranspose(call: Call): tf.Tensor {
  const [x, weight] = [required(call, 0), required(call, 1)];
  const extra = ints(call, 'output_padding') ?? x.shape.slice(2).map(() => 0);
  const window = planeWindow(transposedWindow(call, weight.shape.slice(2), x.shape.slice(2), extra));
  const groups = int(call, 'group', 1);
  const plane = asPlane(call, x);
  const apart = spread(spread(plane, 2, window.strides[0]!), 3, window.strides[1]!);
  const reach = window.kernel.map((k, i) => (k - 1) * window.dilations[i]!);
  const tail = x.rank === 3 ? [0, ...extra] : extra;
  const padded = padAxes(
    apart,
    [0, 0, ...reach.map((r, i) => r - window.before[i]!)],
    [0, 0, ...reach.map((r, i) => r - window.after[i]! + tail[i]!)],
  ) as tf.Tensor4D;
  const [c, m, kh, kw] = asPlane(call, weight).shape;
  const grouped = tf.reshape(tf.reverse(asPlane(call, weight), [2, 3]), [groups, c / groups, m, kh * kw]);
  const swapped = tf.reshape(tf.transpose(grouped, [0, 2, 1, 3]), [
    groups * m,
    c / groups,
    kh,
    kw,
  ]) as tf.Tensor4D;
  const y = convolve(padded, swapped, [1, 1], window.dilations, groups);
  return backToRank(addBias(y, call.inputs[2]), x.rank);
}

/** The pads of a transposed convolution: given, or what `output_shape` or `auto_pad` makes of them. */
function transposedWindow(
  call: Call,
  kernel: readonly number[],
  sizes: readonly number[],
  extra: readonly number[],
): Window {
  const auto = text(call, 'auto_pad', 'NOTSET');
  const window = windowOf(
    { ...call, node: { ...call.node, attributes: withoutAutoPad(call) } },
    kernel,
    sizes,
  );
  const wanted =
    ints(call, 'output_shape')?.slice(-kernel.length) ??
    (auto.startsWith('SAME') ? sizes.map((n, i) => n * window.strides[i]!) : undefined);
  if (wanted === undefined) return window;
  const full = sizes.map(
    (n, i) => window.strides[i]! * (n - 1) + extra[i]! + (kernel[i]! - 1) * window.dilations[i]! + 1,
  );
  const total = full.map((n, i) => n - wanted[i]!);
  const half = total.map((t) => Math.floor(t / 2));
  const rest = total.map((t, i) => t - half[i]!);
  return auto === 'SAME_UPPER'
    ? { ...window, before: half, after: rest }
    : { ...window, before: rest, after: half };
}

const withoutAutoPad = (call: Call) => {
  const { auto_pad: _, ...attributes } = call.node.attributes;
  return attributes;
};

export const products: OperatorTable = {
  Conv: conv,
  ConvTranspose: convTranspose,
  Einsum: einsum,
  Gemm: gemm,
  MatMul: (call) => matMul(required(call, 0), required(call, 1)),
};
