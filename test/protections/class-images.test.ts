import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseModelChoices } from '../../src/models/choice.ts';
import { openPool } from '../../src/models/pool.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { ROLE_GROUPS } from '../../src/models/roles.ts';
import { classImagesOf } from '../../src/protections/parts/class-images.ts';
import { seededRandom } from '../../src/random.ts';
import { emptyHome, temporaryFolder } from '../models/fixture.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';

const pool = openPool({ threads: 1 });
afterAll(() => pool.close());

const prior = { priorWeight: 1, classImages: 2, classPrompt: 'a painting', trainSteps: 1 };

/** The class images of a diffusion model whose U-Net is always the same. */
const folder = temporaryFolder();
const classImages = async (
  seeds: { readonly decoderSeed?: number; readonly textSeed?: number } = {},
  params = prior,
) => {
  const path = await writeTinyDiffusion(join(await folder, JSON.stringify(seeds)), seeds);
  const needs = ROLE_GROUPS.diffusion.map((role) => ({ role, by: 'test' }));
  const choices = parseModelChoices({ diffusion: path });
  const models = pool.of(await resolveNeeds(needs, choices, { home: await emptyHome(), baseDirs: ['/'] }));
  const images = await classImagesOf(params, 2, { random: seededRandom(1), models });
  return images.map(({ image }) => image);
};

describe('class images of a surrogate', () => {
  it('are sampled once for all images that are protected', async () => {
    const [first, again] = [await classImages(), await classImages()];
    expect(again[0]).toBe(first[0]);
    expect(again[1]).toBe(first[1]);
    expect(first[1]!.data).not.toEqual(first[0]!.data);
  });

  it('are sampled again for another decoder, another text encoder and another prompt', async () => {
    const [first] = await classImages();
    for (const seeds of [{ decoderSeed: 13 }, { textSeed: 14 }]) {
      const [other] = await classImages(seeds);
      expect(other!.data, JSON.stringify(seeds)).not.toEqual(first!.data);
    }
    const [castle] = await classImages({}, { ...prior, classPrompt: 'a castle' });
    expect(castle!.data).not.toEqual(first!.data);
  });
});
