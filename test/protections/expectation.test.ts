import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chainGraph } from '../../src/attacks/graph/chain.ts';
import { attacks } from '../../src/attacks/index.ts';
import { protectionSettings } from '../../src/experiment/settings.ts';
import type { Size } from '../../src/image/image.ts';
import { noGraph, noMoments } from '../../src/messages/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { openModel } from '../../src/models/open.ts';
import { imageTensor } from '../../src/models/pixels.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { LATENT_SPREAD } from '../../src/models/standard.ts';
import { openPool } from '../../src/models/pool.ts';
import { type NamedTensors, tensor } from '../../src/onnx/tensor.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { denoisingObjective, distillationObjective } from '../../src/protections/parts/denoising.ts';
import { latentObjective } from '../../src/protections/parts/surrogate.ts';
import { glyphTarget, zeroTarget } from '../../src/protections/parts/target.ts';
import { seededRandom } from '../../src/random.ts';
import { emptyHome, poolingModel, temporaryFolder } from '../models/fixture.ts';
import { randomImage } from '../pictures.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';
import { jobStep } from '../../src/experiment/step.ts';

const encoder = await openModel(await poolingModel());
afterAll(() => encoder.close());

const size = { width: 32, height: 24 };
const x = imageTensor(randomImage(32, 24)).data;
const windowing = { side: 64, overlap: 8 };

/** What the harness hands over for a chain of one attack. */
const named = (id: 'jpeg' | 'rescale' | 'gaussian-noise' | 'identity', given = {}) => ({
  label: id,
  at: (of: Size) => chainGraph([{ attack: attacks[id], params: parseParameters(attacks[id], given) }], of),
});

const through = (transformations: ReturnType<typeof named>[], seed = 1) =>
  latentObjective([encoder], glyphTarget(1, 1), size, windowing, {
    transformations,
    latent: 'mean',
    random: seededRandom(seed),
  });

describe('expectation over transformation', () => {
  it('through an attack that does nothing is the plain loss', async () => {
    const plain = await (await through([]))(x, 0);
    const seen = await (await through([named('identity')]))(x, 0);
    expect(seen.loss).toBeCloseTo(plain.loss, 5);
    expect(Math.max(...plain.gradient.map((v, i) => Math.abs(v - seen.gradient[i]!)))).toBeLessThan(1e-6);
  });

  it('goes through attacks that change the size, back to where the target’s latents lie', async () => {
    const { loss, gradient } = await (await through([named('rescale', { scale: 0.5 })]))(x, 0);
    expect(loss).toBeGreaterThan(0);
    expect(gradient.some((v) => v !== 0)).toBe(true);
  });

  it('draws anew at each step, and the same under the same seed', async () => {
    const noisy = [named('gaussian-noise', { sigma: 8 })];
    const [first, again] = [await through(noisy), await through(noisy)];
    const at = async (step: number) => (await first(x, step)).loss;
    expect(await at(0)).toBe((await again(x, 0)).loss);
    expect(await at(1)).not.toBe(await at(0));
  });
});

describe('expectation over transformation in front of a diffusion model', () => {
  const models = temporaryFolder().then(async (dir) => {
    const folder = await writeTinyDiffusion(join(dir, 'tiny'));
    const needs = (['vae-encoder', 'unet', 'text-encoder'] as const).map((role) => ({ role, by: 'test' }));
    const choices = parseModelChoices({ diffusion: folder });
    return resolveNeeds(needs, choices, { home: await emptyHome(), baseDirs: ['/'] });
  });
  const shelf = openPool({ threads: 1 });
  afterAll(() => shelf.close());

  const seen = async (
    make: typeof denoisingObjective | typeof distillationObjective,
    transformations: ReturnType<typeof named>[],
    latent: 'mean' | 'sampled' = 'mean',
  ) => {
    const context = { random: seededRandom(1), models: shelf.of(await models) };
    const objective = await make(context, {
      size,
      windowing,
      prompt: 'a boat',
      fromTimestep: 0,
      expectation: { transformations, latent, random: seededRandom(2) },
      random: seededRandom(3),
    });
    const { loss, gradient } = await objective(x, 0);
    return { loss, gradient: gradient.slice() };
  };

  for (const make of [denoisingObjective, distillationObjective]) {
    it(`${make.name} through an attack that does nothing is the plain loss`, async () => {
      const plain = await seen(make, []);
      const through = await seen(make, [named('identity')]);
      expect(through.loss).toBeCloseTo(plain.loss, 4);
      const most = Math.max(...plain.gradient.map(Math.abs));
      expect(Math.max(...plain.gradient.map((v, i) => Math.abs(v - through.gradient[i]!)))).toBeLessThan(
        1e-3 * most,
      );
    });

    it(`${make.name} goes on with a draw of the latents where it is told to`, async () => {
      const [plain, drawn, again] = [
        await seen(make, []),
        await seen(make, [], 'sampled'),
        await seen(make, [], 'sampled'),
      ];
      expect(drawn.loss).not.toBe(plain.loss);
      expect(again).toEqual(drawn);
    });

    it(`${make.name} goes through attacks that draw, and that change the size`, async () => {
      const noisy = await seen(make, [named('gaussian-noise', { sigma: 8 })]);
      const small = await seen(make, [named('rescale', { scale: 0.5 })]);
      expect(new Set([noisy.loss, small.loss, (await seen(make, [])).loss]).size).toBe(3);
      expect(small.gradient.some((v) => v !== 0)).toBe(true);
    });
  }
});

describe('latents that are drawn', () => {
  const models = temporaryFolder().then(async (dir) => {
    const choices = parseModelChoices({ 'vae-encoder': await writeTinyDiffusion(join(dir, 'tiny')) });
    const needs = [{ role: 'vae-encoder', by: 'test' }] as const;
    return resolveNeeds(needs, choices, { home: await emptyHome(), baseDirs: ['/'] });
  });
  const shelf = openPool({ threads: 1 });
  afterAll(() => shelf.close());
  const opened = async () => shelf.of(await models).open('vae-encoder');
  const drawn = async (latent: 'mean' | 'sampled', transformations: ReturnType<typeof named>[] = []) =>
    latentObjective([await opened()], zeroTarget, size, windowing, {
      transformations,
      latent,
      random: seededRandom(4),
    });

  it('are spread around the mean as the encoder says: E (m + s e)^2 = m^2 + s^2', async () => {
    const [mean, sampled] = [await drawn('mean'), await drawn('sampled')];
    const tiny = await opened();
    const outputs: NamedTensors = await tiny.run({ image: tensor('float32', [1, 3, 24, 32], x) });
    const spread = outputs[LATENT_SPREAD]!.data as Float32Array;
    const variance = spread.reduce((sum, s) => sum + s * s, 0) / spread.length;
    const losses: number[] = []; // means over cells and channels
    for (let step = 0; step < 400; step++) losses.push((await sampled(x, step)).loss);
    const average = losses.reduce((a, b) => a + b) / losses.length;
    const deviation = Math.sqrt(losses.reduce((sum, v) => sum + (v - average) ** 2, 0) / losses.length);
    expect(deviation).toBeGreaterThan(0);
    expect(Math.abs(average - ((await mean(x, 0)).loss + variance))).toBeLessThan(
      (4 * deviation) / Math.sqrt(losses.length),
    );
  });

  it('have the gradient of the very draw, behind an attack too, and the same under the same seed', async () => {
    for (const transformations of [[], [named('rescale', { scale: 0.5 })]]) {
      const objective = await drawn('sampled', transformations);
      const { loss, gradient: g } = await objective(x, 3);
      const gradient = g.slice();
      const squared = gradient.reduce((sum, v) => sum + v * v, 0);
      const h = 0.02 / Math.sqrt(squared);
      const along = async (by: number) =>
        (
          await objective(
            x.map((v, i) => v + by * gradient[i]!),
            3,
          )
        ).loss;
      // An attack that ends in 8 bits has no differences so small.
      if (transformations.length === 0)
        expect(((await along(h)) - (await along(-h))) / (2 * h) / squared).toBeCloseTo(1, 2);
      expect((await (await drawn('sampled', transformations))(x, 3)).loss).toBe(loss);
      expect((await objective(x, 4)).loss).not.toBe(loss);
    }
  });

  it('want an encoder that says how sure it is', async () => {
    const expectation = { transformations: [], latent: 'sampled', random: seededRandom(1) } as const;
    await expect(latentObjective([encoder], zeroTarget, size, windowing, expectation)).rejects.toThrow(
      noMoments(encoder.model.id, 'latent=sampled'),
    );
  });
});

describe('a setting with eot', () => {
  it('carries its chains with their versions, and is written with their labels', () => {
    const [setting] = protectionSettings(
      `mist(eot=["jpeg(quality=75) | rescale(scale=0.5)", "jpeg( quality=50 )"])`,
    );
    const step = jobStep(setting!.links[0]!);
    expect(setting!.label).toBe('mist(eot=["jpeg | rescale", "jpeg(quality=50)"])');
    expect(step.chains?.eot?.map((links) => links.map(({ id }) => id))).toEqual([
      ['jpeg', 'rescale'],
      ['jpeg'],
    ]);
    expect(step.chains?.eot?.[0]?.[0]?.version).toBe(attacks.jpeg.version);
  });

  it('refuses an attack without a graph before anything runs', () => {
    expect(() => protectionSettings('mist(eot=[webp])')).toThrow(noGraph('webp'));
  });
});
