import { afterAll, describe, expect, it } from 'vitest';
import { clipToBudget, measureBudget } from '../../src/jobs/safeguards.ts';
import { attacks } from '../../src/attacks/index.ts';
import { readImage } from '../../src/image/codec.ts';
import { fromBytes, type Image, toBytes } from '../../src/image/image.ts';
import { resize } from '../../src/image/resample.ts';
import { notFiniteGradient, smallerThanCell } from '../../src/messages/index.ts';
import type { ImageRef, MetricContext } from '../../src/metrics/define.ts';
import { metrics } from '../../src/metrics/index.ts';
import { KINDS } from '../../src/metrics/kinds/index.ts';
import { modelHome } from '../../src/models/home.ts';
import { openModel } from '../../src/models/open.ts';
import { imageTensor } from '../../src/models/pixels.ts';
import { type ResolvedModel, resolveModel } from '../../src/models/resolve.ts';
import { openPool } from '../../src/models/pool.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { latentObjective } from '../../src/protections/parts/surrogate.ts';
import { glyphTarget, zeroTarget } from '../../src/protections/parts/target.ts';
import { protections } from '../../src/protections/index.ts';
import { seededRandom } from '../../src/random.ts';
import { encoderOf, poolingModel } from '../models/fixture.ts';
import { randomImage } from '../pictures.ts';
import { modelOf, node, port } from '../runtime/models.ts';
import { describeShared, sharedPath } from '../shared.ts';

const { mist, noise, photoguard } = protections;
const shelf = openPool();
afterAll(() => shelf.close());

type Given = Record<string, unknown>;

/** What the harness stores: rounded to 8 bits and held to the budget. */
async function protect(
  plugin: typeof mist | typeof noise | typeof photoguard,
  image: Image,
  given: Given,
  models: readonly ResolvedModel[],
): Promise<Image> {
  const params = parseParameters(plugin, given);
  const context = { random: seededRandom(1), models: shelf.of(models) };
  return clipToBudget(image, await plugin.apply(image, params, context), plugin.budget(params)!);
}

/** x with one value moved. */
const changed = (x: Float32Array, at: number, by: number): Float32Array =>
  x.map((v, i) => (i === at ? v + by : v));

const psnrOver = (image: Image, shielded: Image, epsPx: number): number =>
  measureBudget('mist', image, shielded, { epsPx }).psnr - 20 * Math.log10(255 / epsPx);

describe('an attack on an encoder', async () => {
  const pooling = await poolingModel();
  const encoder = await openModel(pooling);
  afterAll(() => encoder.close());

  it('finds the optimum of a linear encoder: every block as near to the target as the budget lets it', async () => {
    const grey = fromBytes(40, 24, new Uint8Array(40 * 24 * 3).fill(128));
    const shielded = await protect(photoguard, grey, { steps: 40, stepSize: 1, schedule: 'constant' }, [
      pooling,
    ]);
    expect(new Set(toBytes(shielded))).toEqual(new Set([120]));
  });

  it('has the gradient of finite differences, where a side is completed by reflection too', async () => {
    const size = { width: 13, height: 10 };
    const objective = await latentObjective([encoder], glyphTarget(1, 1), size, { side: 64, overlap: 8 });
    const x = imageTensor(randomImage(13, 10)).data;
    const gradient = (await objective(x, 0)).gradient.slice();
    const h = 0.01; // the loss is a parabola: differences are exact but for rounding
    for (let i = 0; i < x.length; i += 7) {
      const at = async (by: number) => (await objective(changed(x, i, by), 0)).loss;
      expect(Math.abs(((await at(h)) - (await at(-h))) / (2 * h) - gradient[i]!)).toBeLessThan(2e-4);
    }
  });

  it('has the same gradient whether the encoder sees the picture whole or in windows', async () => {
    const size = { width: 72, height: 61 };
    const x = imageTensor(randomImage(72, 61)).data;
    const gradientIn = async (side: number) =>
      (await (await latentObjective([encoder], zeroTarget, size, { side, overlap: 8 }))(x, 0)).gradient;
    const [whole, cut] = [await gradientIn(512), await gradientIn(24)];
    // This encoder's cells do not look beyond their own pixels, so that windows change nothing.
    expect(Math.max(...whole.map((v, i) => Math.abs(v - cut[i]!)))).toBeLessThan(1e-6);
  });

  it('adds up what the encoders of an ensemble say', async () => {
    const size = { width: 16, height: 16 };
    const x = imageTensor(randomImage(16, 16)).data;
    const windowing = { side: 64, overlap: 8 };
    const one = await (await latentObjective([encoder], glyphTarget(1, 1), size, windowing))(x, 0);
    const two = await (await latentObjective([encoder, encoder], glyphTarget(1, 1), size, windowing))(x, 0);
    expect(two.loss).toBeCloseTo(2 * one.loss, 5);
    expect(Math.abs(two.gradient[5]! - 2 * one.gradient[5]!)).toBeLessThan(1e-6);
  });

  it('refuses an image smaller than a latent cell', async () => {
    const small = randomImage(7, 40);
    await expect(protect(mist, small, {}, [pooling])).rejects.toThrow(smallerThanCell(pooling.id, small, 8));
  });

  it('stops at a gradient that is no number, and names the step and the model', async () => {
    const root = modelOf({
      inputs: [port('image', ['n', 3, 'h', 'w'])],
      outputs: [port('latent', ['n', 3, 'h', 'w'])],
      nodes: [node('Sqrt', ['image'], ['latent'])],
    });
    const model = await encoderOf(root);
    const black = fromBytes(16, 16, new Uint8Array(16 * 16 * 3));
    await expect(protect(mist, black, { start: 'clean' }, [model])).rejects.toThrow(
      notFiniteGradient(model.id, 0),
    );
  });

  it('passes on progress, and is stopped by its signal', async () => {
    const seen: number[] = [];
    const stop = AbortSignal.abort(new Error('stop'));
    const params = parseParameters(mist, { steps: 3 });
    const context = { random: seededRandom(1), models: shelf.of([pooling]) };
    await mist.apply(randomImage(16, 16), params, { ...context, onProgress: (f) => seen.push(f) });
    expect(seen.at(-1)).toBe(1);
    await expect(mist.apply(randomImage(16, 16), params, { ...context, signal: stop })).rejects.toThrow(
      'stop',
    );
  });

  it('refuses budgets of 0 and over 64/255', () => {
    for (const eps of [0, 65])
      expect(() => parseParameters(mist, { eps })).toThrow('number between 1 and 64');
  });
});

describeShared('Mist on TAESD', ['models', 'taesd-encoder.onnx'], (path) => {
  const folder = path.replace(/taesd-encoder\.onnx$/, '');
  const home = modelHome({ CRAQUELURE_MODELS: folder, CRAQUELURE_CACHE: folder });
  const choice = { kind: 'entry', id: 'taesd' } as const;
  const models = resolveModel('vae-encoder', choice, { home, baseDirs: [] }).then((found) => [found]);
  const painting = readImage(sharedPath('images', 'artists', 'van-gogh', '00.png')!).then((image) =>
    resize(image, 128, 128, 'bicubic'),
  );

  const names = new Map<Image, string>();
  /** An image under a name of its own. */
  const refOf = (image: Image): ImageRef => {
    const sha256 = names.get(image) ?? `${names.size}`;
    names.set(image, sha256);
    return { id: 'a', sha256, load: async () => image };
  };

  /** How far latents are moved: the whole length, or the share of it that goes towards Mist's target. */
  const shift = async (image: Image, along: 'any' | 'target'): Promise<number> => {
    const metric = metrics['latent-displacement'];
    if (metric.kind !== 'displacement') throw new Error('latent-displacement does not measure displacements');
    const measured = { inputs: [refOf(image)], references: [refOf(await painting)] };
    const context = { random: seededRandom(0), models: shelf.of(await models) } as unknown as MetricContext;
    return KINDS.displacement.measure(metric, measured, parseParameters(metric, { along }), context);
  };
  const share = async (image: Image): Promise<number> =>
    (await shift(image, 'target')) / (await shift(image, 'any'));

  it('moves latents far and towards its target in a few steps, and the placebo does not', async () => {
    const image = await painting;
    const misted = await protect(mist, image, { steps: 12 }, await models);
    const placebo = await protect(noise, image, {}, await models);
    expect(await shift(misted, 'any')).toBeGreaterThan(0.5);
    expect(await share(misted)).toBeGreaterThan(0.5);
    expect(await shift(placebo, 'any')).toBeLessThan(0.3);
    expect(await share(placebo)).toBeLessThan(0.1);
    expect(await shift(image, 'any')).toBe(0);
    // At the bound or inside: never below the floor, and not far above it.
    expect(psnrOver(image, misted, 8)).toBeGreaterThan(0);
    expect(psnrOver(image, misted, 8)).toBeLessThan(4);

    const { jpeg } = attacks;
    const compressed = await jpeg.apply(misted, jpeg.params.parse({ quality: 75 }), {
      random: seededRandom(0),
    });
    expect(await share(compressed)).toBeGreaterThan(0.3);
  });
});
