/** @file Operators that move, repeat or pick elements. What picks with a step is a gather, whose gradient TensorFlow.js has. */
import * as tf from '@tensorflow/tfjs';
import {
  axisOf,
  type Call,
  int,
  ints,
  intsFrom,
  numbersOf,
  type OperatorTable,
  required,
  text,
  unsupported,
} from './call.ts';
import { constant, constantOfShape } from './constants.ts';

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

const product = (sizes: readonly number[]): number => sizes.reduce((n, d) => n * d, 1);

const indexTensor = (indices: readonly number[]): tf.Tensor1D => tf.tensor1d([...indices], 'int32');

/**
 * A tensor repeated to a larger shape. Adding zeros, because the gradient of TensorFlow.js's own broadcastTo
 * stops at rank 4.
 */
export function broadcast(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (x.shape.length === shape.length && x.shape.every((d, i) => d === shape[i])) return x;
  if (x.dtype === 'float32') return tf.add(x, tf.zeros([...shape]));
  return tf.cast(tf.add(tf.cast(x, 'int32'), tf.zeros([...shape], 'int32')), x.dtype);
}

/** Zeros put between the elements along an axis: n becomes `stride * (n - 1) + 1`. */
export function spread(x: tf.Tensor, axis: number, stride: number): tf.Tensor {
  if (stride === 1) return x;
  const n = x.shape[axis]!;
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const apart = tf.reshape(x, [product(before), n, 1, product(after)]);
  const filled = tf.pad(apart, [
    [0, 0],
    [0, 0],
    [0, stride - 1],
    [0, 0],
  ]);
  return sliceAxis(tf.reshape(filled, [...before, n * stride, ...after]), axis, 0, stride * (n - 1) + 1);
}

/** Elements `start..end-1` along an axis. */
export function sliceAxis(x: tf.Tensor, axis: number, start: number, end: number): tf.Tensor {
  const begin = x.shape.map((_, i) => (i === axis ? start : 0));
  return tf.slice(
    x,
    begin,
    x.shape.map((d, i) => (i === axis ? end - start : d)),
  );
}

/** Pads with a constant; a negative amount cuts off. */
export function padAxes(
  x: tf.Tensor,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): tf.Tensor {
  const cut = x.shape.reduce(
    (t, d, axis) => sliceAxis(t, axis, Math.max(0, -before[axis]!), d - Math.max(0, -after[axis]!)),
    x,
  );
  return tf.pad(
    cut,
    x.shape.map((_, i) => [Math.max(0, before[i]!), Math.max(0, after[i]!)]),
    value,
  );
}

function pad(call: Call): tf.Tensor {
  const x = required(call, 0);
  const mode = text(call, 'mode', 'constant');
  const amounts = intsFrom(call, 1, 'pads') ?? [];
  const axes = intsFrom(call, 3, 'axes')?.map((axis) => axisOf(axis, x.rank)) ?? range(x.rank);
  const at = (side: number) =>
    range(x.rank).map((axis) =>
      axes.includes(axis) ? amounts[axes.indexOf(axis) + side * axes.length]! : 0,
    );
  const [before, after] = [at(0), at(1)];
  if (mode === 'constant') return padAxes(x, before, after, call.inputs[2]?.dataSync()[0] ?? 0);
  return x.shape.reduce((t, n, axis) => {
    if (before[axis] === 0 && after[axis] === 0) return t;
    const indices = range(n + before[axis]! + after[axis]!).map((i) =>
      outerIndex(call, mode, i - before[axis]!, n),
    );
    return tf.gather(t, indexTensor(indices), axis);
  }, x);
}

/** The element of 0..n-1 that stands at a place outside. */
function outerIndex(call: Call, mode: string, i: number, n: number): number {
  if (mode === 'edge') return Math.max(0, Math.min(n - 1, i));
  if (mode === 'wrap') return ((i % n) + n) % n;
  if (mode !== 'reflect') throw unsupported(call, `with mode '${mode}'`);
  const period = Math.max(1, 2 * (n - 1));
  const folded = ((i % period) + period) % period;
  return folded < n ? folded : period - folded;
}

function slice(call: Call): tf.Tensor {
  const x = required(call, 0);
  const starts = intsFrom(call, 1, 'starts')!;
  const ends = intsFrom(call, 2, 'ends')!;
  const axes = intsFrom(call, 3, 'axes') ?? range(starts.length);
  const steps = intsFrom(call, 4, 'steps') ?? starts.map(() => 1);
  return axes.reduce((t, axisGiven, i) => {
    const axis = axisOf(axisGiven, x.rank);
    const indices = sliceIndices(x.shape[axis]!, starts[i]!, ends[i]!, steps[i]!);
    if (steps[i] === 1) return sliceAxis(t, axis, indices[0] ?? 0, (indices[0] ?? 0) + indices.length);
    return tf.gather(t, indexTensor(indices), axis);
  }, x);
}

/** Indices of a Python slice. */
function sliceIndices(n: number, start: number, end: number, step: number): number[] {
  const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
  const clamp = (i: number) => Math.max(low, Math.min(high, i < 0 ? i + n : i));
  const [from, to] = [clamp(start), clamp(end)];
  return range(Math.max(0, Math.ceil((to - from) / step))).map((i) => from + i * step);
}

function reshape(call: Call): tf.Tensor {
  const x = required(call, 0);
  const wanted = intsFrom(call, 1, 'shape')!;
  const keepZero = int(call, 'allowzero', 0) === 1;
  return tf.reshape(
    x,
    wanted.map((d, axis) => (d === 0 && !keepZero ? x.shape[axis]! : d)),
  );
}

function squeeze(call: Call): tf.Tensor {
  const x = required(call, 0);
  const axes = intsFrom(call, 1, 'axes')?.map((axis) => axisOf(axis, x.rank));
  return tf.reshape(
    x,
    x.shape.filter((d, axis) => (axes === undefined ? d !== 1 : !axes.includes(axis))),
  );
}

function unsqueeze(call: Call): tf.Tensor {
  const x = required(call, 0);
  const given = intsFrom(call, 1, 'axes')!;
  const axes = given.map((axis) => axisOf(axis, x.rank + given.length));
  const rest = [...x.shape];
  return tf.reshape(
    x,
    range(x.rank + given.length).map((axis) => (axes.includes(axis) ? 1 : rest.shift()!)),
  );
}

function flatten(call: Call): tf.Tensor {
  const x = required(call, 0);
  const axis = axisOf(int(call, 'axis', 1), x.rank);
  return tf.reshape(x, [product(x.shape.slice(0, axis)), product(x.shape.slice(axis))]);
}

function split(call: Call): tf.Tensor[] {
  const x = required(call, 0);
  const axis = axisOf(int(call, 'axis', 0), x.rank);
  const parts = int(call, 'num_outputs', call.node.outputs.length);
  const even = Math.ceil(x.shape[axis]! / parts);
  const sizes =
    intsFrom(call, 1, 'split') ?? range(parts).map((i) => Math.min(even, x.shape[axis]! - i * even));
  return tf.split(x, [...sizes], axis);
}

function expand(call: Call): tf.Tensor {
  const x = required(call, 0);
  return broadcast(x, tf.broadcast_util.assertAndGetBroadcastShape(x.shape, numbersOf(required(call, 1))));
}

function tile(call: Call): tf.Tensor {
  const repeats = numbersOf(required(call, 1));
  return repeats.reduce<tf.Tensor>(
    (t, n, axis) => (n === 1 ? t : tf.concat(Array(n).fill(t), axis)),
    required(call, 0),
  );
}

function gather(call: Call): tf.Tensor {
  const x = required(call, 0);
  const axis = axisOf(int(call, 'axis', 0), x.rank);
  const indices = required(call, 1);
  const flat = indexTensor(numbersOf(indices).map((i) => axisOf(i, x.shape[axis]!)));
  const picked = tf.gather(x, flat, axis);
  return tf.reshape(picked, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]);
}

/** For each element of `indices`, the place in the flattened `shape` that it means along `axis`. */
function elementPlaces(shape: readonly number[], indices: tf.Tensor, axis: number): number[] {
  const strides = shape.map((_, i) => product(shape.slice(i + 1)));
  const steps = indices.shape.map((_, i) => product(indices.shape.slice(i + 1)));
  return numbersOf(indices).map((index, flat) =>
    shape.reduce((place, _, i) => {
      const own = Math.floor(flat / steps[i]!) % indices.shape[i]!;
      return place + strides[i]! * (i === axis ? axisOf(index, shape[axis]!) : own);
    }, 0),
  );
}

function gatherElements(call: Call): tf.Tensor {
  const x = required(call, 0);
  const indices = required(call, 1);
  const places = elementPlaces(x.shape, indices, axisOf(int(call, 'axis', 0), x.rank));
  return tf.reshape(tf.gather(tf.reshape(x, [-1]), indexTensor(places)), indices.shape);
}

/** For each row of `indices`, the row of `shape` (its first axes flattened) that it means. */
function rowPlaces(shape: readonly number[], indices: tf.Tensor): number[] {
  const width = indices.shape.at(-1)!;
  const values = numbersOf(indices);
  return range(values.length / width).map((row) =>
    range(width).reduce((place, i) => place * shape[i]! + axisOf(values[row * width + i]!, shape[i]!), 0),
  );
}

function gatherNd(call: Call): tf.Tensor {
  if (int(call, 'batch_dims', 0) !== 0) throw unsupported(call, 'with batch_dims');
  const [x, indices] = [required(call, 0), required(call, 1)];
  const rest = x.shape.slice(indices.shape.at(-1)!);
  const rows = tf.reshape(x, [-1, product(rest)]);
  const picked = tf.gather(rows, indexTensor(rowPlaces(x.shape, indices)));
  return tf.reshape(picked, [...indices.shape.slice(0, -1), ...rest]);
}

/** Rows of `x` replaced by rows of `updates`: one gather from both, so that the gradient is a gather's. */
function replaceRows(x: tf.Tensor, width: number, places: readonly number[], updates: tf.Tensor): tf.Tensor {
  const rows = tf.reshape(x, [-1, width]);
  const source = range(rows.shape[0]!);
  for (const [i, place] of places.entries()) source[place] = rows.shape[0]! + i;
  const both = tf.concat([rows, tf.reshape(updates, [-1, width])], 0);
  return tf.reshape(tf.gather(both, indexTensor(source)), x.shape);
}

function scatterNd(call: Call): tf.Tensor {
  if (text(call, 'reduction', 'none') !== 'none') throw unsupported(call, 'with a reduction');
  const [x, indices, updates] = [required(call, 0), required(call, 1), required(call, 2)];
  const width = product(x.shape.slice(indices.shape.at(-1)!));
  return replaceRows(x, width, rowPlaces(x.shape, indices), updates);
}

function scatterElements(call: Call): tf.Tensor {
  if (text(call, 'reduction', 'none') !== 'none') throw unsupported(call, 'with a reduction');
  const [x, indices, updates] = [required(call, 0), required(call, 1), required(call, 2)];
  return replaceRows(x, 1, elementPlaces(x.shape, indices, axisOf(int(call, 'axis', 0), x.rank)), updates);
}

function depthToSpace(call: Call): tf.Tensor {
  const x = required(call, 0);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const b = int(call, 'blocksize', 1);
  const rest = c / (b * b);
  const columnFirst = text(call, 'mode', 'DCR') === 'DCR';
  const apart = tf.reshape(x, columnFirst ? [n, b, b, rest, h, w] : [n, rest, b, b, h, w]);
  return tf.reshape(tf.transpose(apart, columnFirst ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]), [
    n,
    rest,
    h * b,
    w * b,
  ]);
}

function spaceToDepth(call: Call): tf.Tensor {
  const x = required(call, 0);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const b = int(call, 'blocksize', 1);
  const apart = tf.reshape(x, [n, c, h / b, b, w / b, b]);
  return tf.reshape(tf.transpose(apart, [0, 3, 5, 1, 2, 4]), [n, c * b * b, h / b, w / b]);
}

function shapeOf(call: Call): tf.Tensor {
  const { shape } = required(call, 0);
  const end = int(call, 'end', shape.length);
  return indexTensor(shape.slice(int(call, 'start', 0), end));
}

function rangeOf(call: Call): tf.Tensor {
  const [start, limit, delta] = [0, 1, 2].map((i) => numbersOf(required(call, i))[0]!) as [
    number,
    number,
    number,
  ];
  const values = range(Math.max(0, Math.ceil((limit - start) / delta))).map((i) => start + i * delta);
  return tf.tensor1d(values, required(call, 0).dtype as 'float32' | 'int32');
}

export const shapes: OperatorTable = {
  Concat: (call) => {
    const parts = call.inputs.map((_, i) => required(call, i));
    return tf.concat(parts, axisOf(int(call, 'axis', 0), parts[0]!.rank));
  },
  Constant: constant,
  ConstantOfShape: (call) => constantOfShape(call, numbersOf(required(call, 0))),
  DepthToSpace: depthToSpace,
  Expand: expand,
  Flatten: flatten,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  Pad: pad,
  Range: rangeOf,
  Reshape: reshape,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  Shape: shapeOf,
  Size: (call) => tf.scalar(required(call, 0).size, 'int32'),
  Slice: slice,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: squeeze,
  Tile: tile,
  Transpose: (call) => {
    const x = required(call, 0);
    return tf.transpose(x, [...(ints(call, 'perm') ?? range(x.rank).reverse())]);
  },
  Unsqueeze: unsqueeze,
};
