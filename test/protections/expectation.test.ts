import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chainGraph } from '../../src/attacks/graph/chain.ts';
import { attacks } from '../../src/attacks/index.ts';
import { jobStep } from '../../src/harness/jobs.ts';
import { protectionSettings } from '../../src/harness/settings.ts';
import type { Size } from '../../src/image/image.ts';
import { noGraph } from '../../src/messages.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { openModel } from '../../src/models/open.ts';
import { imageTensor } from '../../src/models/pixels.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { openShelf } from '../../src/models/shelf.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { denoisingObjective, distillationObjective } from '../../src/protections/denoising.ts';
import { latentObjective } from '../../src/protections/surrogate.ts';
import { glyphTarget } from '../../src/protections/target.ts';
import { seededRandom } from '../../src/random.ts';
import { emptyHome, poolingModel, temporaryFolder } from '../models/fixture.ts';
import { randomImage } from '../pictures.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';

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
  const shelf = openShelf({ threads: 1 });
  afterAll(() => shelf.close());

  const seen = async (
    make: typeof denoisingObjective | typeof distillationObjective,
    transformations: ReturnType<typeof named>[],
  ) => {
    const context = { random: seededRandom(1), models: shelf.of(await models) };
    const objective = await make(context, {
      size,
      windowing,
      prompt: 'a boat',
      fromTimestep: 0,
      expectation: { transformations, random: seededRandom(2) },
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

    it(`${make.name} goes through attacks that draw, and that change the size`, async () => {
      const noisy = await seen(make, [named('gaussian-noise', { sigma: 8 })]);
      const small = await seen(make, [named('rescale', { scale: 0.5 })]);
      expect(new Set([noisy.loss, small.loss, (await seen(make, [])).loss]).size).toBe(3);
      expect(small.gradient.some((v) => v !== 0)).toBe(true);
    });
  }
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
