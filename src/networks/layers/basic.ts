/** @file The layers that networks are built from: convolution, linear, normalisation, activation, embedding. */
import { float, int, ints, text } from '../../onnx/attributes.ts';
import type { Attributes } from '../../onnx/model.ts';
import { multiplySizes, type Size } from '../../onnx/sizes.ts';
import type { Net, Value } from './net.ts';

interface Convolution {
  readonly to: number;
  /** Side of the window, or its height and width (default: 3). */
  readonly side?: number | readonly [number, number];
  readonly stride?: number;
  /** Padding of all sides, or [top, left, bottom, right] (default: what keeps the size). */
  readonly pad?: number | readonly number[];
  readonly bias?: boolean;
}

/** A convolution in two dimensions of x [n, c, h, w] to `to` channels. */
export function conv2d(
  net: Net,
  path: string,
  x: Value,
  { to, side = 3, stride = 1, pad, bias = true }: Convolution,
): Value {
  const window = typeof side === 'number' ? ([side, side] as const) : side;
  const kernel = net.weight(`${path}.weight`, [to, net.size(x, 1), ...window]);
  const shift = bias ? net.weight(`${path}.bias`, [to]) : '';
  const [h, w] = window.map((size) => (size - 1) / 2) as [number, number];
  const pads = typeof pad === 'number' ? [pad, pad, pad, pad] : (pad ?? [h, w, h, w]);
  return net.g.Conv(x, kernel, { kernel_shape: window, strides: [stride, stride], pads }, shift);
}

/** A linear layer `x Wᵀ + b` of the last axis of x [n, d] or [n, s, d]. */
export function linear(
  net: Net,
  path: string,
  x: Value,
  { to, bias = true }: { readonly to: number; readonly bias?: boolean },
): Value {
  const { g } = net;
  const from = net.size(x, -1);
  const weight = net.weight(`${path}.weight`, [to, from]);
  const shift = bias ? net.weight(`${path}.bias`, [to]) : '';
  const rank = g.typeOf(x).shape!.length;
  // Gemm reads W as it is published; MatMul would want a transposed copy of it.
  const product = (rows: Value): Value => g.emit('Gemm', [rows, weight, shift], { transB: int(1) })[0]!;
  if (rank === 2) return product(x);
  return g.Reshape(product(g.Reshape(x, [-1, from])), net.shape(x, 0, rank - 1, [to]));
}

/**
 * Group normalisation (Wu and He 2018, arXiv:1803.08494): channels in groups are normalised as the channels of an
 * instance normalisation, then scaled and shifted each.
 */
export function groupNorm(
  net: Net,
  path: string,
  x: Value,
  { groups, eps }: { readonly groups: number; readonly eps: number },
): Value {
  const { g } = net;
  const channels = net.size(x, 1);
  const [ones, zeros] = [1, 0].map((value) =>
    g.constant('float32', [groups], new Array<number>(groups).fill(value)),
  ) as [Value, Value];
  const grouped = g.Reshape(x, [0, groups, -1]);
  const normal = g.emit('InstanceNormalization', [grouped, ones, zeros], { epsilon: float(eps) })[0]!;
  const perChannel = (name: string): Value =>
    g.Reshape(net.weight(`${path}.${name}`, [channels]), [channels, 1, 1]);
  const back = g.Reshape(normal, net.shape(x, 0, 4, []));
  return g.Add(g.Mul(back, perChannel('weight')), perChannel('bias'));
}

/** Layer normalisation of the last axis (Ba et al. 2016, arXiv:1607.06450). */
export function layerNorm(net: Net, path: string, x: Value, eps = 1e-5): Value {
  const size = net.size(x, -1);
  const inputs = [x, net.weight(`${path}.weight`, [size]), net.weight(`${path}.bias`, [size])];
  return net.g.emit('LayerNormalization', inputs, { axis: int(-1), epsilon: float(eps) })[0]!;
}

/** `x sigmoid(x)`, also called swish. */
export const silu = ({ g }: Net, x: Value): Value => g.Mul(x, g.Sigmoid(x));

/** `x Φ(x)`, by the error function. */
export function gelu({ g }: Net, x: Value): Value {
  const bell = g.Add(g.Erf(g.Div(x, g.scalar(Math.SQRT2, x))), g.scalar(1, x));
  return g.Mul(g.Mul(x, bell), g.scalar(0.5, x));
}

/** `x sigmoid(1.702 x)`, the approximation that OpenAI's CLIP was trained with. */
export const quickGelu = ({ g }: Net, x: Value): Value => g.Mul(x, g.Sigmoid(g.Mul(x, g.scalar(1.702, x))));

/** Twice the height and width, each pixel four times. */
export function doubled({ g }: Net, x: Value): Value {
  const scales = g.constant('float32', [4], [1, 1, 2, 2]);
  const [y] = g.emit('Resize', [x, '', scales], {
    mode: text('nearest'),
    coordinate_transformation_mode: text('asymmetric'),
    nearest_mode: text('floor'),
  }) as [Value];
  const [n, c, h, w] = g.typeOf(x).shape as [Size, Size, Size, Size];
  g.declare(y, { ...g.typeOf(x), shape: [n, c, multiplySizes(h, 2), multiplySizes(w, 2)] });
  return y;
}

/** Two halves of x along its last axis. */
export function halves(net: Net, x: Value): readonly [Value, Value] {
  const half = net.size(x, -1) / 2;
  return net.g.emit('Split', [x, net.g.ints([half, half])], { axis: int(-1) }, { outputs: 2 }) as [
    Value,
    Value,
  ];
}

interface Pool {
  readonly side: number;
  readonly stride: number;
  readonly pad?: number;
  /** Whether windows that reach over the edge count. */
  readonly ceil?: boolean;
}

/** The largest of each window. */
export const maxPool = ({ g }: Net, x: Value, options: Pool): Value =>
  g.emit('MaxPool', [x], poolAttributes(options))[0]!;

/** The mean of each window, in which the padding does not count. */
export const averagePool = ({ g }: Net, x: Value, options: Pool): Value =>
  g.emit('AveragePool', [x], poolAttributes(options))[0]!;

const poolAttributes = ({ side, stride, pad = 0, ceil = false }: Pool): Attributes => ({
  kernel_shape: ints([side, side]),
  strides: ints([stride, stride]),
  pads: ints([pad, pad, pad, pad]),
  ...(ceil && { ceil_mode: int(1) }),
});
