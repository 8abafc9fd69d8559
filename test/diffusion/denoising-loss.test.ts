import { describe, expect, it } from 'vitest';
import { gradientGraph, gradientName } from '../../src/autodiff/gradient.ts';
import {
  denoisingLoss,
  denoisingLossOfImages,
  LOSS,
  LOSS_INPUTS,
} from '../../src/diffusion/denoising-loss.ts';
import { standardGraph } from '../../src/models/standard.ts';
import type { Model } from '../../src/onnx/model.ts';
import { type NamedTensors, tensor, toFloat64 } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { openSession } from '../../src/runtime/session.ts';
import { poolingEncoder } from '../models/fixture.ts';
import { ints, modelOf, node, port } from '../runtime/models.ts';

/** f(x, t, text) = 0.5 x + t / 1000 + mean(text), under an exporter's names. */
const plainUnet: Model = standardGraph(
  modelOf({
    inputs: [
      port('sample', ['batch', 4, 'height', 'width']),
      port('timestep', ['batch'], 'int64'),
      port('encoder_hidden_states', ['batch', 'sequence', 3]),
    ],
    outputs: [port('out_sample', ['batch', 4, 'height', 'width'])],
    nodes: [
      node('Cast', ['timestep'], ['t'], { to: { kind: 'int', value: 1 } }),
      node('Mul', ['t', 'thousandth'], ['share']),
      node('Unsqueeze', ['share', 'axes'], ['shares']),
      node('ReduceMean', ['encoder_hidden_states'], ['meaning'], { axes: ints([1, 2]) }),
      node('Unsqueeze', ['meaning', 'last'], ['meanings']),
      node('Mul', ['sample', 'half'], ['halved']),
      node('Add', ['halved', 'shares'], ['timed']),
      node('Add', ['timed', 'meanings'], ['out_sample']),
    ],
    initializers: [
      { name: 'half', dtype: 'float32', dims: [], raw: new Uint8Array(new Float32Array([0.5]).buffer) },
      {
        name: 'thousandth',
        dtype: 'float32',
        dims: [],
        raw: new Uint8Array(new Float32Array([1e-3]).buffer),
      },
      {
        name: 'axes',
        dtype: 'int64',
        dims: [3],
        raw: new Uint8Array(new BigInt64Array([1n, 2n, 3n]).buffer),
      },
      { name: 'last', dtype: 'int64', dims: [1], raw: new Uint8Array(new BigInt64Array([3n]).buffer) },
    ],
  }),
  { id: 'plain', role: 'unet', fill: {} },
);

const random = seededRandom(3);
const normal = (...dims: number[]) =>
  tensor(
    'float32',
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.normal()),
  );
const perSample = (...values: number[]) => tensor('float32', [values.length], Float32Array.from(values));

const feeds = {
  [LOSS_INPUTS.latent]: normal(2, 4, 3, 2),
  [LOSS_INPUTS.drawn]: normal(2, 4, 3, 2),
  [LOSS_INPUTS.signal]: perSample(0.9, 0.3),
  [LOSS_INPUTS.noise]: perSample(Math.sqrt(1 - 0.81), Math.sqrt(1 - 0.09)),
  [LOSS_INPUTS.weight]: perSample(1, 0.25),
  [LOSS_INPUTS.target]: normal(2, 4, 3, 2),
  timestep: perSample(100, 700),
  text: normal(2, 5, 3),
};

/** The loss by its formula, in float64. */
function expected(wanted: 'epsilon' | 'v' | 'input', latent = toFloat64(feeds.latent)): number {
  const [e, y, text] = [feeds[LOSS_INPUTS.drawn], feeds.target, feeds.text].map(toFloat64);
  const [signal, noise, weight, timestep] = [
    feeds[LOSS_INPUTS.signal],
    feeds[LOSS_INPUTS.noise],
    feeds.weight,
    feeds.timestep,
  ].map(toFloat64);
  let loss = 0;
  for (let i = 0; i < 2; i++) {
    const meaning = text!.slice(15 * i, 15 * (i + 1)).reduce((a, b) => a + b) / 15;
    for (let k = 24 * i; k < 24 * (i + 1); k++) {
      const [a, s] = [signal![i]!, noise![i]!];
      const predicted = 0.5 * (a * latent[k]! + s * e![k]!) + timestep![i]! / 1000 + meaning;
      const target = { epsilon: e![k]!, v: a * e![k]! - s * latent[k]!, input: y![k]! }[wanted];
      loss += (weight![i]! * (predicted - target) ** 2) / 48;
    }
  }
  return loss;
}

/** Runs a model on those of the feeds that it wants. */
async function run(
  model: Model,
  given: NamedTensors = feeds,
): Promise<Readonly<Record<string, Float64Array>>> {
  const session = await openSession(model);
  try {
    const wanted = Object.fromEntries(session.inputs.map(({ name }) => [name, given[name]!]));
    const outputs = Object.entries(await session.run(wanted));
    return Object.fromEntries(outputs.map(([name, each]) => [name, toFloat64(each)]));
  } finally {
    await session.close();
  }
}

describe('the denoising loss', () => {
  it.each(['epsilon', 'v', 'input'] as const)('compares with %s as its formula says', async (target) => {
    const { [LOSS]: loss } = await run(denoisingLoss(plainUnet, target));
    expect(loss![0]).toBeCloseTo(expected(target), 5);
  });

  it.each(['epsilon', 'v'] as const)('has gradients by latents and text (%s)', async (target) => {
    const wrt = [LOSS_INPUTS.latent, 'text'];
    const graph = gradientGraph(denoisingLoss(plainUnet, target), { loss: LOSS, wrt });
    const results = await run(graph);
    const gradient = results[gradientName(LOSS_INPUTS.latent)]!;
    expect(results[gradientName('text')]!.some((v) => v !== 0)).toBe(true);
    const latent = toFloat64(feeds.latent);
    for (const k of [0, 7, 23, 24, 47]) {
      const at = (by: number) =>
        expected(
          target,
          latent.map((v, i) => (i === k ? v + by : v)),
        );
      expect(gradient[k]).toBeCloseTo((at(1e-4) - at(-1e-4)) / 2e-4, 5);
    }
  });

  it('reaches the pixels through an encoder in front', async () => {
    const encoder = standardGraph(poolingEncoder, { id: 'pooling', role: 'vae-encoder', fill: {} });
    const unet = standardGraph(
      modelOf({
        inputs: [port('sample', ['n', 3, 'h', 'w']), port('timestep', ['n']), port('text', ['n', 1, 1])],
        outputs: [port('out_sample', ['n', 3, 'h', 'w'])],
        nodes: [
          node('Mul', ['sample', 'text'], ['product']),
          node('Mul', ['product', 'timestep'], ['out_sample']),
        ],
      }),
      { id: 'product', role: 'unet', fill: {} },
    );
    const model = denoisingLossOfImages(encoder, unet);
    expect(model.graph.inputs.map(({ name }) => name)).toContain('image');
    const image = normal(1, 3, 16, 8);
    const one = (value: number) => perSample(value);
    const given = {
      image,
      [LOSS_INPUTS.drawn]: tensor('float32', [1, 3, 2, 1], new Float32Array(6)),
      [LOSS_INPUTS.signal]: one(0.5),
      [LOSS_INPUTS.noise]: one(0.8),
      [LOSS_INPUTS.weight]: one(1),
      timestep: one(1),
      text: tensor('float32', [1, 1, 1], Float32Array.of(2)),
    };
    const results = await run(gradientGraph(model, { loss: LOSS, wrt: ['image'] }), given);
    // Without noise the loss is the mean square of six block means: a pixel moves it by 2 mean / (6 * 64).
    const mean = image.data.slice(0, 64).reduce((a, b) => a + b) / 64;
    expect(results[gradientName('image')]![0]).toBeCloseTo((2 * mean) / 384, 6);
  });
});
