/**
 * @file The network of the learned remover: a U-Net of two scales that predicts what a protection added.
 *
 *   x -> a = relu conv(x), b = relu conv(relu conv(relu conv2(a))), up(b), conv(relu conv [a, up(b)])  = the perturbation
 *
 * conv: 3 x 3; conv2: stride 2; up: transposed, 2 x 2, stride 2. Weights are inputs, so that one graph trains and runs.
 */
import { builtModel, graphBuilder } from '../onnx/builder.ts';
import type { Model, ValueInfo } from '../onnx/model.ts';
import type { Value } from '../onnx/operators.ts';
import { type NamedTensors, tensor } from '../onnx/tensor.ts';
import type { Random } from '../random.ts';

const OPSET = 17;

/** Sides of pictures are multiples of this. */
export const REMOVER_MULTIPLE = 2;

/** The names of the graph's own inputs and outputs. */
export const REMOVER = { image: 'image', clean: 'clean', restored: 'restored', loss: 'loss' } as const;

interface Weight {
  readonly name: string;
  readonly dims: readonly number[];
  /** Values that one output is summed from: the spread of the start. */
  readonly fan: number;
}

/** All weights of a network with so many channels at full resolution, in the order of the flat array. */
export function removerWeights(channels: number): readonly Weight[] {
  const conv = (name: string, from: number, to: number, side = 3): Weight[] => [
    { name: `${name}.weight`, dims: [to, from, side, side], fan: from * side * side },
    { name: `${name}.bias`, dims: [to], fan: Number.POSITIVE_INFINITY },
  ];
  const c = channels;
  return [
    ...conv('in', 3, c),
    ...conv('down', c, 2 * c),
    ...conv('middle.0', 2 * c, 2 * c),
    ...conv('middle.1', 2 * c, 2 * c),
    { name: 'up.weight', dims: [2 * c, c, 2, 2], fan: 2 * c },
    { name: 'up.bias', dims: [c], fan: Number.POSITIVE_INFINITY },
    ...conv('join', 2 * c, c),
    ...conv('out', c, 3),
  ];
}

const lengthOf = ({ dims }: Weight): number => dims.reduce((a, b) => a * b, 1);

/** Weights before training (He et al. 2015); the last layer is zero, so that an untrained remover changes nothing. */
export function initialRemover(channels: number, random: Random): Float32Array {
  const values: number[] = [];
  for (const weight of removerWeights(channels)) {
    const spread = weight.name.startsWith('out.') ? 0 : Math.sqrt(2 / weight.fan);
    for (let i = 0; i < lengthOf(weight); i++) values.push(spread * random.normal());
  }
  return Float32Array.from(values);
}

/** The flat weights as what the graph takes; not copies. */
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

/**
 * `image` [n, 3, h, w] and weights -> `restored`; `withLoss` adds the input `clean` and the output `loss`, the mean
 * absolute error in 1/255.
 */
export function removerModel(channels: number, withLoss = false): Model {
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

  const fine = g.Relu(conv('in', g.Sub(image, g.scalar(0.5, image))));
  const coarse = g.Relu(conv('middle.1', g.Relu(conv('middle.0', g.Relu(conv('down', fine, 2))))));
  const up = g.ConvTranspose(
    coarse,
    weights.get('up.weight')!,
    { kernel_shape: [2, 2], strides: [2, 2] },
    weights.get('up.bias')!,
  );
  const perturbation = conv('out', g.Relu(conv('join', g.Concat([fine, g.Relu(up)], 1))));
  const restored = named(REMOVER.restored, g.Sub(image, perturbation));
  if (!withLoss) return builtModel(g, inputs, [restored], { name: 'remover' });
  const error = g.Abs(g.Sub(restored, input(REMOVER.clean, pixels)));
  const mean = g.ReduceMean(error, [0, 1, 2, 3], { keepdims: false });
  return builtModel(g, inputs, [named(REMOVER.loss, g.Mul(mean, g.scalar(255, mean)))], { name: 'remover' });
}
