import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { impress } from '../../src/attacks/purifiers/impress.ts';
import type { Image } from '../../src/image/image.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { openPool, type RoleModels } from '../../src/models/pool.ts';
import { builtModel, type GraphBuilder, graphBuilder } from '../../src/onnx/builder.ts';
import type { Model } from '../../src/onnx/model.ts';
import type { Value } from '../../src/onnx/operators.ts';
import { seededRandom } from '../../src/random.ts';
import { emptyHome, save, temporaryFolder } from '../models/fixture.ts';
import { port } from '../runtime/models.ts';

/** What PyTorch made of the published loop in float64; see golden/impress.py. */
interface Golden {
  readonly cases: readonly {
    readonly steps: number;
    /** Steps in which the perceptual distance was beyond eps. */
    readonly pulled: number;
    /** Of 0..1, planes. */
    readonly pixels: readonly number[];
  }[];
}

const SIDE = 16;
const shelf = openPool({ threads: 1 });
afterAll(() => shelf.close());

const waves = (count: number, scale: number, pitch: number): number[] =>
  Array.from({ length: count }, (_, i) => scale * Math.sin(pitch * (i + 1)));

function network(
  inputs: readonly string[],
  dims: readonly (string | number)[],
  output: string,
  build: (g: GraphBuilder) => Value,
): Model {
  const g = graphBuilder({ opset: 17, taken: [...inputs, output] });
  for (const name of inputs) g.declare(name, { dtype: 'float32', shape: [...dims] });
  const result = build(g);
  g.append({
    name: output,
    opType: 'Identity',
    domain: '',
    inputs: [result],
    outputs: [output],
    attributes: {},
  });
  return builtModel(
    g,
    inputs.map((name) => port(name, [...dims])),
    [output],
  );
}

const pixels = ['n', 3, 'h', 'w'];
const encoder = network(['image'], pixels, 'latent', (g) => {
  const weights = g.constant('float32', [4, 3, 8, 8], waves(768, 0.05, 1.3));
  return g.Tanh(g.Conv('image', weights, { kernel_shape: [8, 8], strides: [8, 8] }));
});
const decoder = network(['latent'], ['n', 4, 'h', 'w'], 'image', (g) => {
  const weights = g.constant('float32', [4, 3, 8, 8], waves(768, 0.3, 0.7));
  return g.Sigmoid(g.ConvTranspose('latent', weights, { kernel_shape: [8, 8], strides: [8, 8] }));
});
const perceptual = network(['a', 'b'], pixels, 'distance', (g) => {
  const weights = g.constant('float32', [4, 3, 3, 3], waves(108, 0.5, 2.1));
  const seen = g.Conv(g.Sub('a', 'b'), weights, { kernel_shape: [3, 3] });
  const mean = g.ReduceMean(g.Mul(seen, seen), [1, 2, 3], { keepdims: false });
  return g.Mul(mean, g.scalar(2000, mean));
});

const folder = await temporaryFolder();

async function models(): Promise<RoleModels> {
  const path = async (model: Model, name: string) => (await save(model, join(folder, `${name}.onnx`))).path;
  const vae = {
    encoder: await path(encoder, 'encoder'),
    decoder: await path(decoder, 'decoder'),
    scale: 1,
    range: [0, 1],
  };
  const choices = parseModelChoices({ vae, perceptual: await path(perceptual, 'perceptual') });
  const needs = impress.needs(impress.params.parse({})).map(({ role }) => ({ role, by: 'test' }));
  return shelf.of(await resolveNeeds(needs, choices, { home: await emptyHome(), baseDirs: ['/'] }));
}

const picture: Image = (() => {
  const planes = waves(3 * SIDE * SIDE, 0.8, 0.37);
  const data = Float32Array.from(
    planes,
    (_, i) => (1 + planes[(i % 3) * SIDE * SIDE + Math.floor(i / 3)]!) / 2,
  );
  return { width: SIDE, height: SIDE, data };
})();

const golden = JSON.parse(
  await readFile(new URL('./golden/impress.json', import.meta.url), 'utf8'),
) as Golden;

/**
 * Adam moves a pixel by rate g / (|g| + epsilon): an error of the gradient moves it by at most rate x error / epsilon. A float32
 * sum of n terms errs by about sqrt(n) 2^-24 of the sum of their sizes (Higham and Mary 2019). Here n is 192 and a few, and
 * the sizes add up to 0.1: (8 / 768) (1 + 192 x 4 x 0.3 x 0.05 / 4) of the autoencoder, and as much again of the perceptual
 * distance, whose root mean square is kept near 0.007 by eps. Rates fall along half a cosine, so that their mean is a half.
 */
const bound = (steps: number): number => {
  const error = Math.sqrt(200) * 2 ** -24 * 0.1;
  const rates = steps === 1 ? 0.005 : (0.005 * (steps + 1)) / 2;
  return (rates * error) / 2e-5;
};

it.each(golden.cases)(
  'impress goes the way that PyTorch goes by the published settings, $steps steps long',
  async ({ steps, pulled, pixels: expected }) => {
    const params = impress.params.parse({ preset: 'style', steps, startNoise: 0 });
    const attacked = await impress.apply(picture, params, {
      random: seededRandom(0),
      models: await models(),
    });
    const off = attacked.data.map((value, i) =>
      Math.abs(value - expected[(i % 3) * SIDE * SIDE + Math.floor(i / 3)]!),
    );
    const moved = attacked.data.map((value, i) => Math.abs(value - picture.data[i]!));
    expect(Math.max(...off)).toBeLessThan(bound(steps));
    expect(Math.max(...moved)).toBeGreaterThan(50 * bound(steps));
    if (steps > 1) expect(pulled).toBeGreaterThan(steps / 2);
  },
);
