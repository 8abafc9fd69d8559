/**
 * @file Rules of convolutions and pools.
 *
 * The input gradient of a convolution of stride 1 is a convolution with the kernel turned around and its channels
 * exchanged; of a larger stride, a transposed convolution. The weight gradient is a convolution of the input with
 * the cotangent as kernel, batch and channels exchanged, stride and dilation exchanged.
 */
import { unsupportedGradient } from '../../messages/index.ts';
import { intOf, intsOf, textOf } from '../../onnx/attributes.ts';
import type { Node } from '../../onnx/model.ts';
import type { Value } from '../../onnx/operators.ts';
import { linear, type Rule, rule } from '../rule.ts';
import type { Tape } from '../tape.ts';
import { blockedChannels, isSubpixel, type StridedAxis, subpixelAdjoint } from './blocked.ts';

/** The geometry of a window, with every default filled in; lists have an entry for each spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly group: number;
}

const unsupported = (node: Node, why: string): Error => unsupportedGradient(node.opType, node.name, why);

/** Reads the window of a Conv, ConvTranspose or pool over `x`. */
function windowOf(g: Tape, node: Node, x: Value, w?: Value): Window {
  const kernel = intsOf(node, 'kernel_shape') ?? (w === undefined ? [] : g.shape(w).slice(2));
  if (!kernel.every((size) => typeof size === 'number'))
    throw unsupported(node, 'its kernel size is unknown');
  const sizes = kernel as readonly number[];
  const ones = sizes.map(() => 1);
  const strides = intsOf(node, 'strides') ?? ones;
  const dilations = intsOf(node, 'dilations') ?? ones;
  const pads = autoPads(g, node, x, sizes, strides, dilations) ?? intsOf(node, 'pads');
  return {
    kernel: sizes,
    strides,
    dilations,
    begins: pads?.slice(0, sizes.length) ?? ones.map(() => 0),
    ends: pads?.slice(sizes.length) ?? ones.map(() => 0),
    group: intOf(node, 'group', 1),
  };
}

/** What `auto_pad` stands for; undefined where pads are given. */
function autoPads(
  g: Tape,
  node: Node,
  x: Value,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): readonly number[] | undefined {
  const mode = textOf(node, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET') return undefined;
  if (mode === 'VALID') return kernel.flatMap(() => [0, 0]);
  const totals = kernel.map((k, i) => {
    const reach = dilations[i]! * (k - 1) + 1;
    const size = g.shape(x)[i + 2]!;
    if (strides[i] === 1) return reach - 1;
    if (typeof size !== 'number')
      throw unsupported(node, `auto_pad ${mode} with stride ${strides[i]} needs fixed sizes`);
    return Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + reach - size);
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  return mode === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small];
}

const spatialAxes = ({ kernel }: Window): number[] => kernel.map((_, i) => i + 2);

/** The kernel [O, I / group, ...] turned around, its channels exchanged within each group: [I, O / group, ...]. */
function turned(g: Tape, w: Value, window: Window): Value {
  const axes = spatialAxes(window);
  const exchanged = exchangeChannels(g, w, window.group);
  if (window.kernel.every((size) => size === 1)) return exchanged;
  const all = (value: number): number[] => axes.map(() => value);
  return g.Slice(exchanged, all(-1), all(-(2 ** 31)), axes, all(-1));
}

function exchangeChannels(g: Tape, w: Value, group: number): Value {
  const rank = g.shape(w).length;
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i);
  if (group === 1) return g.Transpose(w, [1, 0, ...spatial.map((i) => i + 2)]);
  const [outer, inner] = g.shape(w) as [number, number];
  if (outer === group && inner === 1) return w;
  const sizes = spatial.map((i) => g.sizeOf(w, i + 2));
  const grouped = g.Reshape(w, g.vector([group, outer / group, inner, ...sizes]));
  const swapped = g.Transpose(grouped, [0, 2, 1, ...spatial.map((i) => i + 3)]);
  return g.Reshape(swapped, g.vector([group * inner, outer / group, ...sizes]));
}

/** The adjoint of `x -> Conv(x, w)` at `ct`, in the shape of `x`. */
export function convAdjoint(g: Tape, ct: Value, x: Value, w: Value, window: Window): Value {
  const { kernel, strides, dilations, begins, ends, group } = window;
  const reach = kernel.map((k, i) => dilations[i]! * (k - 1));
  const inside = reach.every((r, i) => begins[i]! <= r && ends[i]! <= r);
  if (strides.every((stride) => stride === 1) && inside) {
    const pads = [...reach.map((r, i) => r - begins[i]!), ...reach.map((r, i) => r - ends[i]!)];
    return g.Conv(ct, turned(g, w, window), { dilations, pads, group });
  }
  const axes = subpixelAxes(g, ct, x, w, window);
  return axes === undefined ? transposedConv(g, ct, x, w, window) : subpixelAdjoint(g, ct, x, w, axes);
}

/** The two axes of a strided convolution whose gradient takes the sub-pixel form; undefined for any other. */
function subpixelAxes(
  g: Tape,
  ct: Value,
  x: Value,
  w: Value,
  { kernel, strides, dilations, begins, ends, group }: Window,
): readonly [StridedAxis, StridedAxis] | undefined {
  const blocked = blockedChannels(g, x) !== undefined && blockedChannels(g, ct) !== undefined;
  if (!blocked || group !== 1 || dilations.some((dilation) => dilation !== 1) || !g.isConstant(w))
    return undefined;
  const axes = kernel.map((k, i): StridedAxis => {
    const [size, stride] = [g.shape(x)[i + 2]!, strides[i]!];
    const spare = begins[i]! + ends[i]! - k + 1;
    const surplus =
      typeof size === 'number'
        ? Math.floor((size + spare - 1) / stride) + 1 - Math.ceil(size / stride)
        : spare % stride === 0
          ? spare / stride
          : undefined;
    return { kernel: k, stride, begin: begins[i]!, size, surplus };
  });
  return axes.every(isSubpixel) ? [axes[0]!, axes[1]!] : undefined;
}

/** ConvTranspose; where sizes leave open how far the last stride reached, it reaches as far as it can and is cut. */
function transposedConv(g: Tape, ct: Value, x: Value, w: Value, window: Window): Value {
  const { kernel, strides, dilations, begins, ends, group } = window;
  const sizes = g.shape(x).slice(2);
  const pads = [...begins, ...ends];
  const missing = sizes.map((size, i) =>
    typeof size === 'number'
      ? (size + begins[i]! + ends[i]! - dilations[i]! * (kernel[i]! - 1) - 1) % strides[i]!
      : strides[i]! - 1,
  );
  const whole = g.ConvTranspose(ct, w, { strides, dilations, pads, group, output_padding: missing });
  const open = sizes.flatMap((size, i) => (typeof size === 'number' || strides[i] === 1 ? [] : [i + 2]));
  if (open.length === 0) return whole;
  return g.Slice(
    whole,
    open.map(() => 0),
    g.vector(open.map((axis) => g.sizeOf(x, axis))),
    open,
  );
}

/** The adjoint of `w -> Conv(x, w)` at `ct`: `sum over n, p of ct[n, o, p] x[n, i, s p + d k - pad]`. */
function weightAdjoint(g: Tape, ct: Value, x: Value, w: Value, window: Window): Value {
  const { kernel, strides, dilations, begins, ends, group } = window;
  const spatial = spatialAxes(window);
  // Channels of a group become the batch; samples become channels: [I / G, G N, ...] by [O, N, ...].
  const samplesAsChannels = (v: Value): Value => {
    const sizes = spatial.map((axis) => g.sizeOf(v, axis));
    if (group === 1) return g.Transpose(v, [1, 0, ...spatial]);
    const grouped = g.Reshape(v, g.vector([g.sizeOf(v, 0), group, -1, ...sizes]));
    return g.Transpose(grouped, [2, 1, 0, ...spatial.map((axis) => axis + 1)]);
  };
  const merged = (v: Value, lead: number): Value => {
    const sizes = spatial.map((axis) => g.sizeOf(v, axis + 1));
    const front = lead === 1 ? [g.sizeOf(v, 0), -1] : [-1, g.sizeOf(v, 2)];
    return g.Reshape(v, g.vector([...front, ...sizes]));
  };
  const image = group === 1 ? samplesAsChannels(x) : merged(samplesAsChannels(x), 1);
  const filter =
    group === 1
      ? samplesAsChannels(ct)
      : merged(g.Transpose(samplesAsChannels(ct), [1, 0, 2, ...spatial.map((axis) => axis + 1)]), 2);
  const pads = [...begins, ...ends];
  const sums = g.Conv(image, filter, { strides: dilations, dilations: strides, pads, group });
  // A stride that does not divide evenly leaves a margin beyond the kernel.
  const cut = g.Slice(
    sums,
    spatial.map(() => 0),
    kernel,
    spatial,
  );
  return g.Reshape(g.Transpose(cut, [1, 0, ...spatial]), g.shapeOf(w));
}

const biasAdjoint = (g: Tape, ct: Value): Value =>
  g.ReduceSum(
    ct,
    g.shape(ct).flatMap((_, axis) => (axis === 1 ? [] : [axis])),
    { keepdims: false },
  );

const conv = rule((ct, node, g) => {
  const [x = '', w = ''] = node.inputs;
  const window = windowOf(g, node, x, w);
  return [
    () => convAdjoint(g, ct, x, w, window),
    () => weightAdjoint(g, ct, x, w, window),
    () => biasAdjoint(g, ct),
  ];
});

/** The input gradient of a transposed convolution is the convolution; that of the weight exchanges x and ct. */
const convTranspose = rule((ct, node, g) => {
  const [x = '', w = ''] = node.inputs;
  if (intsOf(node, 'output_shape') !== undefined) throw unsupported(node, 'it has output_shape');
  if (textOf(node, 'auto_pad', 'NOTSET') !== 'NOTSET') throw unsupported(node, 'it has auto_pad');
  const window = windowOf(g, node, x, w);
  const { strides, dilations, begins, ends, group } = window;
  return [
    () => g.Conv(ct, w, { strides, dilations, pads: [...begins, ...ends], group }),
    () => weightAdjoint(g, x, ct, w, window),
    () => biasAdjoint(g, ct),
  ];
});

/** Every channel as a sample of its own, so that a pool is a convolution with one channel. */
const apart = (g: Tape, v: Value): Value =>
  g.Reshape(
    v,
    g.vector([
      -1,
      1,
      ...g
        .shape(v)
        .slice(2)
        .map((_, i) => g.sizeOf(v, i + 2)),
    ]),
  );

/** AveragePool: each window's share, `ct` over the number of elements it averages, goes to all of them. */
const averagePool = linear((ct, node, g) => {
  const [x = ''] = node.inputs;
  const window = windowOf(g, node, x);
  const { kernel, strides, dilations, begins, ends } = window;
  const area = kernel.reduce((a, b) => a * b, 1);
  const ceil = intOf(node, 'ceil_mode', 0) === 1;
  const padded = [...begins, ...ends].some((pad) => pad > 0);
  const ones = g.constant('float32', [1, 1, ...kernel], Array<number>(area).fill(1));
  const filter = g.typeOf(x).dtype === 'float32' ? ones : g.Cast(ones, g.typeOf(x).dtype ?? 'float32');
  const reachingEnds = ceil ? ends.map((pad, i) => pad + strides[i]! - 1) : ends;
  const image = apart(g, x);
  const share = (): Value => {
    if (!ceil && (!padded || intOf(node, 'count_include_pad', 0) === 1)) return g.scale(ct, 1 / area);
    // What AveragePool makes of ones, times what it counts, is the number of elements inside.
    const inside = g.Conv(g.full(g.Slice(image, [0], [1], [0]), 1), filter, {
      strides,
      dilations,
      pads: [...begins, ...reachingEnds],
    });
    if (intOf(node, 'count_include_pad', 0) === 0) return g.Div(ct, inside);
    const averaged = g.emit('AveragePool', [g.full(g.Slice(image, [0], [1], [0]), 1)], node.attributes)[0]!;
    return g.Div(g.Mul(ct, averaged), inside);
  };
  const wide = { ...window, ends: reachingEnds, group: 1 };
  return g.Reshape(convAdjoint(g, apart(g, share()), image, filter, wide), g.shapeOf(x));
});

/** MaxPool: to the element that was picked; windows that overlap add. */
const maxPool = linear(
  (ct, node, g) => {
    const [x = ''] = node.inputs;
    const indices = g.emit('MaxPool', [x], node.attributes, { outputs: 2 })[1]!;
    const zeros = g.Expand(g.scalar(0, x), g.vector([g.ReduceProd(g.shapeOf(x), [0])]));
    const sums = g.ScatterElements(zeros, g.Reshape(indices, [-1]), g.Reshape(ct, [-1]), 0, 'add');
    return g.Reshape(sums, g.shapeOf(x));
  },
  { since: 16 },
);

const globalAveragePool = linear((ct, { inputs: [x = ''] }, g) => {
  const spatial = g.shape(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const area = g.ReduceProd(g.vector(spatial.map((axis) => g.sizeOf(x, axis))), [0], { keepdims: false });
  return g.Expand(g.Div(ct, g.Cast(area, g.typeOf(x).dtype ?? 'float32')), g.shapeOf(x));
});

const globalMaxPool = rule((ct, { inputs: [x = ''], outputs: [y = ''] }, g) => {
  const spatial = g.shape(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const hits = g.mask(g.Equal(x, y), x);
  return [() => g.Mul(hits, g.Div(ct, g.ReduceSum(hits, spatial)))];
});

export const CONVOLUTION = {
  AveragePool: averagePool,
  Conv: conv,
  ConvTranspose: convTranspose,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  MaxPool: maxPool,
} as const satisfies Record<string, Rule>;
