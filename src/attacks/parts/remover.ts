/**
 * @file The network of the learned remover: a U-Net of residual blocks that predicts what a protection added.
 *
 *   x -> u = 2 x 2 pixels as one of 12 planes, a = block(conv u), b = block(block(conv2(a))), block(a + up(b)) -> conv -> pixels
 *
 * block(v) = v + conv(relu conv(v)); conv: 3 x 3; conv2: stride 2, twice the channels; up: transposed, 2 x 2, stride 2.
 * Half resolution from the start quarters the work of a layer (as FFDNet does, Zhang et al. 2018). Weights are inputs, so that
 * one graph serves training and use.
 */
import { builtModel, graphBuilder } from '../../onnx/builder.ts';
import type { Model, ValueInfo } from '../../onnx/model.ts';
import type { Value } from '../../onnx/operators.ts';
import { type NamedTensors, tensor } from '../../onnx/tensor.ts';
import type { Random } from '../../random.ts';

const OPSET = 17;

/** Colours of 2 x 2 pixels. */
const PLANES = 12;

/** The unit of the network's outputs, of 0..1: without it the first steps overshoot the perturbation. */
const SIZE = 32 / 255;

/** Sides of images are multiples of this. */
export const REMOVER_MULTIPLE = 4;

/** The names of the graph's own inputs and outputs. */
export const REMOVER = { image: 'image', restored: 'restored' } as const;

interface Weight {
  readonly name: string;
  readonly dims: readonly number[];
  /** The number of values that one output is summed from; sets the spread of the initial weights. */
  readonly fan: number;
}

/** All weights of a network with this many channels, in the order of the flat array. */
export function removerWeights(channels: number): readonly Weight[] {
  const conv = (name: string, from: number, to: number, side = 3): Weight[] => [
    { name: `${name}.weight`, dims: [to, from, side, side], fan: from * side * side },
    { name: `${name}.bias`, dims: [to], fan: Number.POSITIVE_INFINITY },
  ];
  const block = (name: string, width: number): Weight[] => [
    ...conv(`${name}.0`, width, width),
    ...conv(`${name}.1`, width, width),
  ];
  const c = channels;
  return [
    ...conv('in', PLANES, c),
    ...block('fine', c),
    ...conv('down', c, 2 * c),
    ...block('coarse.0', 2 * c),
    ...block('coarse.1', 2 * c),
    { name: 'up.weight', dims: [2 * c, c, 2, 2], fan: 2 * c },
    { name: 'up.bias', dims: [c], fan: Number.POSITIVE_INFINITY },
    ...block('joined', c),
    ...conv('out', c, PLANES),
  ];
}

const lengthOf = ({ dims }: Weight): number => dims.reduce((a, b) => a * b, 1);

/**
 * Weights before training (He et al. 2015); the second layers of blocks start small and the last layer at zero, so that an
 * untrained remover changes nothing.
 */
export function initialRemover(channels: number, random: Random): Float32Array {
  const values: number[] = [];
  for (const weight of removerWeights(channels)) {
    const spread = weight.name.startsWith('out.') ? 0 : damping(weight.name) * Math.sqrt(2 / weight.fan);
    for (let i = 0; i < lengthOf(weight); i++) values.push(spread * random.normal());
  }
  return Float32Array.from(values);
}

/** Residual branches start small, so that their sum does not grow with the blocks (Goyal et al. 2017 start them at 0). */
const damping = (name: string): number => (/^(fine|joined|coarse\.\d)\.1\./.test(name) ? 0.1 : 1);

/** The flat weights as inputs of the graph; not copies. */
export function removerFeeds(channels: number, weights: Float32Array): NamedTensors {
  let at = 0;
  return Object.fromEntries(
    removerWeights(channels).map((weight) => {
      const from = at;
      at += lengthOf(weight);
      return [weight.name, tensor('float32', weight.dims, weights.subarray(from, at))];
    }),
  );
}

/** `image` [n, 3, h, w] and weights -> `restored`. */
export function removerModel(channels: number): Model {
  const g = graphBuilder({ opset: OPSET, taken: Object.values(REMOVER) });
  const inputs: ValueInfo[] = [];
  const input = (name: string, shape: ValueInfo['shape']): Value => {
    g.declare(name, { dtype: 'float32', shape: shape as (number | string)[] });
    inputs.push({ name, dtype: 'float32', shape: shape! });
    return name;
  };
  const named = (name: string, value: Value): Value => {
    g.append({ name, opType: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} });
    return name;
  };
  const pixels = ['n', 3, 'h', 'w'];
  const image = input(REMOVER.image, pixels);
  const weights = new Map(removerWeights(channels).map(({ name, dims }) => [name, input(name, dims)]));
  const conv = (name: string, x: Value, stride = 1): Value =>
    g.Conv(
      x,
      weights.get(`${name}.weight`)!,
      { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [stride, stride] },
      weights.get(`${name}.bias`)!,
    );

  const block = (name: string, x: Value): Value => g.Add(x, conv(`${name}.1`, g.Relu(conv(`${name}.0`, x))));

  const centred = g.Mul(g.Sub(image, g.scalar(0.5, image)), g.scalar(4, image));
  const fine = block('fine', conv('in', g.SpaceToDepth(centred, 2)));
  const coarse = block('coarse.1', block('coarse.0', conv('down', g.Relu(fine), 2)));
  const up = g.ConvTranspose(
    coarse,
    weights.get('up.weight')!,
    { kernel_shape: [2, 2], strides: [2, 2] },
    weights.get('up.bias')!,
  );
  const added = g.DepthToSpace(conv('out', block('joined', g.Add(fine, up))), 2, 'DCR');
  const perturbation = g.Mul(added, g.scalar(SIZE, added));
  const restored = named(REMOVER.restored, g.Sub(image, perturbation));
  return builtModel(g, inputs, [restored], { name: 'remover' });
}
