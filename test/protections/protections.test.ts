import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { fromBytes, toBytes } from '../../src/image/image.ts';
import { openPool } from '../../src/models/pool.ts';
import type { Note, ParameterSchema } from '../../src/plugin/define.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { protections } from '../../src/protections/index.ts';
import { seededRandom } from '../../src/random.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { modelHome } from '../../src/models/home.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { distanceModel, emptyHome, temporaryFolder } from '../models/fixture.ts';
import { randomImage } from '../pictures.ts';
import { testDefinitions } from '../plugin/registries.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';

const shelf = openPool({ threads: 1 });
afterAll(() => shelf.close());

/** Tiny networks of random weights stand in for every surrogate: the promises below are checked on any machine. */
const models = Promise.all([
  temporaryFolder().then((dir) => writeTinyDiffusion(join(dir, 'tiny'))),
  distanceModel(),
]).then(async ([folder, distance]) => {
  const roles = ['vae-encoder', 'vae-decoder', 'unet', 'text-encoder'] as const;
  const needs = roles.map((role) => ({ role, by: 'test' }));
  const choices = parseModelChoices({ diffusion: folder });
  const tiny = await resolveNeeds(needs, choices, { home: await emptyHome(), baseDirs: ['/'] });
  return [...tiny, distance];
});

const pictures = Array.from({ length: 12 }, (_, i) => i).map((seed) => ({
  id: `${seed}.png`,
  sha256: `${seed}`,
  artist: `artist ${seed}`,
  load: async () => randomImage(64, 48, { seed }),
}));

const context = async (seed = 7) => ({
  random: seededRandom(seed),
  models: shelf.of(await models),
  pictures: () => pictures,
});

/** Few steps: what is promised holds from the first on. */
const QUICK = { steps: 2, rounds: 1, trainSteps: 1 };
const quick = (schema: ParameterSchema) =>
  schema.parse(Object.fromEntries(Object.entries(QUICK).filter(([name]) => name in schema.shape)));

describe('every protection', () => {
  testDefinitions(protections);

  for (const { id, apply, budget, params: schema, random, needs } of Object.values(protections)) {
    const params = quick(schema);
    const roles = needs(params).map(({ role }) => role);
    // A surrogate sees nothing in less than a latent cell.
    const smallest = roles.length > 0 ? 8 : 1;

    const sizes: [number, number][] = [
      [smallest, smallest],
      [smallest + 2, 50],
      [33, 20],
    ];
    // What looks through a U-Net cuts pictures as the others do, and takes its time.
    it.each(roles.includes('unet') ? sizes.slice(1, 2) : sizes)(
      `${id} keeps its budget on the saved pixels of %i x %i, and opacity as it is`,
      async (width, height) => {
        const image = randomImage(width, height, { alpha: true });
        const before = image.data.slice();
        const shielded = await apply(image, params, await context());
        expect([shielded.width, shielded.height, shielded.alpha]).toEqual([width, height, image.alpha]);
        expect(image.data).toEqual(before);
        const eps = budget(params)?.epsPx ?? 0;
        const [a, b] = [toBytes(image), toBytes(shielded)];
        expect(a.every((value, i) => Math.abs(value - b[i]!) <= eps)).toBe(true);
      },
    );

    it(`${id} gives the same pixels for the same seed${random ? ' and others for another' : ''}`, async () => {
      const image = randomImage(33, 20);
      const first = await apply(image, params, await context(1));
      expect((await apply(image, params, await context(1))).data).toEqual(first.data);
      const other = await apply(image, params, await context(2));
      if (random) expect(other.data).not.toEqual(first.data);
      else expect(other.data).toEqual(first.data);
    });
  }
});

describe('what a protection notes', () => {
  const notes = async (id: 'glaze-style' | 'nightshade-style' | 'mist'): Promise<Record<string, Note>> => {
    const noted: Record<string, Note> = {};
    const note = (name: string, value: Note): void => {
      noted[name] = value;
    };
    const plugin = protections[id];
    await plugin.apply(randomImage(33, 20), quick(plugin.params), { ...(await context()), note });
    return noted;
  };

  it('is how near the latents came, and which pictures were chosen', async () => {
    expect(Object.keys(await notes('mist'))).toEqual(['latent distance']);
    expect(await notes('nightshade-style')).toMatchObject({
      anchor: { id: expect.stringMatching(/png/), pictures: 12 },
    });
    expect(await notes('glaze-style')).toMatchObject({
      style: { artist: expect.stringMatching(/artist/), styles: 12 },
    });
    const { clean, protected: reached } = (await notes('nightshade-style'))['latent distance'] as {
      clean: number;
      protected: number;
    };
    expect(reached).toBeLessThan(clean);
  });
});

describe('a poison with a source concept', () => {
  it('leaves pictures as they are that look less like it than like the others, and says so', async () => {
    const { 'nightshade-style': poison } = protections;
    const dark = fromBytes(32, 32, new Uint8Array(32 * 32 * 3).fill(30));
    const bright = fromBytes(
      32,
      32,
      new Uint8Array(32 * 32 * 3).map((_, i) => (i % 3 === 0 ? 220 : 40)),
    );
    const anchors = [
      { id: 'a.png', sha256: 'a', caption: 'a painting of night', load: async () => dark },
      { id: 'b.png', sha256: 'b', caption: 'a painting of fire', load: async () => bright },
    ];
    const eye = { role: 'image-embedder', by: 'test' } as const;
    const found = await resolveNeeds([eye], {}, { home: modelHome(), baseDirs: ['/'] });
    const poisoned = async (image: typeof dark) => {
      const noted: Record<string, Note> = {};
      const made = await poison.apply(image, poison.params.parse({ source: 'fire', steps: 1 }), {
        random: seededRandom(1),
        models: shelf.of([...(await models), ...found]),
        pictures: () => anchors,
        note: (name, value) => {
          noted[name] = value;
        },
      });
      return { changed: made !== image, noted };
    };
    const [night, fire] = [await poisoned(dark), await poisoned(bright)];
    expect(night).toMatchObject({ changed: false, noted: { source: { word: 'fire', poisoned: 'no' } } });
    expect(fire).toMatchObject({ changed: true, noted: { source: { poisoned: 'yes' } } });
  });
});

describe('a surrogate that goes on training', () => {
  const { ace, 'mist-v2': mistV2 } = protections;
  const image = randomImage(33, 20);
  const made = async (plugin: typeof ace, given: Record<string, unknown>) => {
    const noted: Record<string, Note> = {};
    const params = plugin.params.parse({ steps: 1, rounds: 2, trainSteps: 1, ...given });
    const note = (name: string, value: Note): void => {
      noted[name] = value;
    };
    const { data } = await plugin.apply(image, params, { ...(await context()), note });
    return { data, noted };
  };

  it('trains on class images, sampled or given, no more than it draws, and notes them', async () => {
    const [painted, given, none] = [
      await made(ace, {}),
      await made(ace, { classData: 'class/' }),
      await made(ace, { priorWeight: 0 }),
    ];
    const about = { count: 1, prompt: 'a painting', weight: 0.1 };
    expect(painted.noted).toEqual({ 'class pictures': { source: 'generated', ...about } });
    expect(given.noted).toEqual({ 'class pictures': { source: 'given', ...about } });
    expect(none.noted).toEqual({});
  });

  it('is fooled in three ways by Mist v2', async () => {
    const modes = [];
    for (const mode of ['lunet', 'fused', 'anti-db']) modes.push(await made(mistV2, { mode, rounds: 1 }));
    const pixels = modes.map(({ data }) => data.join());
    expect(new Set(pixels).size).toBe(3);
  });
});

describe('noise', () => {
  const { noise } = protections;
  const steps = async (image: ReturnType<typeof randomImage>, given: Record<string, unknown>, seed = 0) => {
    const [clean, noisy] = [
      toBytes(image),
      toBytes(await noise.apply(image, parseParameters(noise, given), { random: seededRandom(seed) })),
    ];
    return Array.from(noisy, (value, i) => value - clean[i]!);
  };

  it('spends exactly its budget, whatever the picture, its size and the mode', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .uint8Array({ minLength: 3, maxLength: 30 })
          .map((bytes) => bytes.subarray(0, bytes.length - (bytes.length % 3))),
        fc.integer({ min: 0, max: 127 }),
        fc.constantFrom('sign', 'uniform'),
        fc.nat(),
        async (bytes, eps, mode, seed) => {
          const moved = await steps(fromBytes(bytes.length / 3, 1, bytes), { eps, mode }, seed);
          expect(Math.max(...moved.map(Math.abs))).toBe(eps);
        },
      ),
    );
  });

  it('moves every value by eps, up and down alike, in mode sign', async () => {
    const grey = fromBytes(100, 100, new Uint8Array(30_000).fill(128));
    const moved = await steps(grey, { level: 'light' });
    expect(moved.every((step) => Math.abs(step) === 4)).toBe(true);
    expect(Math.abs(moved.reduce((sum, step) => sum + step, 0) / 4)).toBeLessThan(5 * Math.sqrt(30_000));
  });

  it('spreads evenly over the budget in mode uniform', async () => {
    const grey = fromBytes(100, 100, new Uint8Array(30_000).fill(128));
    const moved = await steps(grey, { mode: 'uniform', eps: 8 });
    const square = moved.reduce((sum, step) => sum + step * step, 0) / moved.length;
    expect(Math.abs(square - (64 / 3 + 1 / 12))).toBeLessThan(0.6);
  });

  it('takes its budget from the level, and from eps where that is given', () => {
    const budget = (given: Record<string, unknown>) => noise.budget(parseParameters(noise, given));
    expect(budget({})).toEqual({ epsPx: 8 });
    expect(budget({ level: 'light' })).toEqual({ epsPx: 4 });
    expect(budget({ level: 'heavy' })).toEqual({ epsPx: 16 });
    expect(budget({ level: 'heavy', eps: 2.5 })).toEqual({ epsPx: 2.5 });
  });

  it('moves 8-bit pixels by whole steps: 2.5 is 2', async () => {
    expect(new Set((await steps(randomImage(9, 9), { eps: 2.5 })).map(Math.abs))).toEqual(new Set([2]));
  });
});
