/**
 * @file `LPIPS` v0.1 (Zhang et al. 2018, arXiv:1801.03924) on AlexNet, VGG16 or SqueezeNet 1.1 as torchvision publishes them,
 * with the heads of richzhang/PerceptualSimilarity.
 *
 *   a, b - centred and scaled - backbone -> taps - to unit length over channels
 *   (tap of a - tap of b)^2 - weighed by a head - mean over positions - sum over taps -> distance
 */
import type { Model } from '../onnx/model.ts';
import type { Config } from './config.ts';
import { conv2d, maxPool } from './layers/basic.ts';
import { type Net, network, type Value } from './layers/net.ts';
import type { Weights } from './weights/weights.ts';

/** The mean and deviation of ImageNet, for pixels of -1..1. */
const SHIFT = [-0.03, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.45];

/** `a` and `b` [n, 3, h, w] of 0..1 to `distance` [n]. The backbone is the one whose weights are there. */
export function lpips(_config: Config, _path: string, weights: Weights): Model {
  const shape = ['n', 3, 'h', 'w'];
  const inputs = ['a', 'b'].map((name) => ({ name, dtype: 'float32' as const, shape }));
  const { tensors } = weights;
  const backbone = tensors.has('features.3.squeeze.weight')
    ? squeezenet
    : tensors.has('features.28.weight')
      ? vgg16
      : alexnet;
  return network('LPIPS', weights, inputs, (net) => {
    const [a, b] = inputs.map(({ name }) =>
      backbone(net, scaled(net, name)).map((tap) => unitLength(net, tap)),
    );
    const distances = a!.map((tap, i) => tapDistance(net, i, tap, b![i]!));
    return { distance: distances.reduce((sum, each) => net.g.Add(sum, each)) };
  });
}

/** From 0..1 to -1..1, and on to the backbone's range. */
function scaled({ g }: Net, x: Value): Value {
  const perChannel = (values: readonly number[]): Value => g.constant('float32', [1, 3, 1, 1], values);
  const pixels = g.Sub(g.Mul(x, g.scalar(2, x)), g.scalar(1, x));
  return g.Div(g.Sub(pixels, perChannel(SHIFT)), perChannel(SCALE));
}

/** The smallest length that a vector of channels is divided by. Under the root it keeps the slope finite where all are 0. */
const EPS = 1e-10;

function unitLength({ g }: Net, x: Value): Value {
  const squares = g.ReduceSum(g.Mul(x, x), [1]);
  const length = g.Sqrt(g.Add(squares, g.scalar(EPS * EPS, x)));
  return g.Div(x, g.Add(length, g.scalar(EPS, x)));
}

function tapDistance(net: Net, index: number, a: Value, b: Value): Value {
  const { g } = net;
  const difference = g.Sub(a, b);
  const weighed = conv2d(net, `lin${index}.model.1`, g.Mul(difference, difference), {
    to: 1,
    side: 1,
    bias: false,
  });
  return g.ReduceMean(weighed, [1, 2, 3], { keepdims: false });
}

/** Five convolutions; a tap behind each. */
function alexnet(net: Net, x: Value): readonly Value[] {
  const { g } = net;
  const pooled = (y: Value): Value => maxPool(net, y, { side: 3, stride: 2 });
  const first = g.Relu(conv2d(net, 'features.0', x, { to: 64, side: 11, stride: 4, pad: 2 }));
  const second = g.Relu(conv2d(net, 'features.3', pooled(first), { to: 192, side: 5 }));
  const third = g.Relu(conv2d(net, 'features.6', pooled(second), { to: 384 }));
  const fourth = g.Relu(conv2d(net, 'features.8', third, { to: 256 }));
  return [first, second, third, fourth, g.Relu(conv2d(net, 'features.10', fourth, { to: 256 }))];
}

/** Where the convolutions of VGG16's five stages stand in its sequence, and their channels; a tap behind each stage. */
const VGG = [
  { to: 64, at: [0, 2] },
  { to: 128, at: [5, 7] },
  { to: 256, at: [10, 12, 14] },
  { to: 512, at: [17, 19, 21] },
  { to: 512, at: [24, 26, 28] },
] as const;

function vgg16(net: Net, x: Value): readonly Value[] {
  const taps: Value[] = [];
  for (const { to, at } of VGG) {
    let y = taps.length === 0 ? x : maxPool(net, taps.at(-1)!, { side: 2, stride: 2 });
    for (const index of at) y = net.g.Relu(conv2d(net, `features.${index}`, y, { to }));
    taps.push(y);
  }
  return taps;
}

/** The fire modules of SqueezeNet 1.1 by their place: channels within, then of each of the two branches. */
const FIRES = [
  { at: 3, within: 16, out: 64 },
  { at: 4, within: 16, out: 64 },
  { at: 6, within: 32, out: 128 },
  { at: 7, within: 32, out: 128 },
  { at: 9, within: 48, out: 192 },
  { at: 10, within: 48, out: 192 },
  { at: 11, within: 64, out: 256 },
  { at: 12, within: 64, out: 256 },
] as const;

/** Before these places stands a pool; behind these a tap. */
const POOLED = [3, 6, 9];
const TAPPED = [4, 7, 9, 10, 11, 12];

function squeezenet(net: Net, x: Value): readonly Value[] {
  let y = net.g.Relu(conv2d(net, 'features.0', x, { to: 64, stride: 2, pad: 0 }));
  const taps = [y];
  for (const { at, within, out } of FIRES) {
    if (POOLED.includes(at)) y = maxPool(net, y, { side: 3, stride: 2, ceil: true });
    y = fire(net, `features.${at}`, y, within, out);
    if (TAPPED.includes(at)) taps.push(y);
  }
  return taps;
}

/** Squeezed to few channels, then expanded by windows of 1x1 and of 3x3. */
function fire(net: Net, path: string, x: Value, within: number, out: number): Value {
  const { g } = net;
  const squeezed = g.Relu(conv2d(net, `${path}.squeeze`, x, { to: within, side: 1 }));
  const one = g.Relu(conv2d(net, `${path}.expand1x1`, squeezed, { to: out, side: 1 }));
  const three = g.Relu(conv2d(net, `${path}.expand3x3`, squeezed, { to: out }));
  return g.Concat([one, three], 1);
}
