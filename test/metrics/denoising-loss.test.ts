import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Image, withPixels } from '../../src/image/image.ts';
import { differentSizes } from '../../src/messages/index.ts';
import { metrics } from '../../src/metrics/index.ts';
import { glyphsOver } from '../../src/metrics/parts/latents.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { openPool } from '../../src/models/pool.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { seededRandom } from '../../src/random.ts';
import { emptyHome, temporaryFolder } from '../models/fixture.ts';
import { randomImage } from '../pictures.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';

const shelf = openPool({ threads: 1 });
afterAll(() => shelf.close());

const models = temporaryFolder().then(async (dir) => {
  const folder = await writeTinyDiffusion(join(dir, 'tiny'));
  const needs = (['vae-encoder', 'unet', 'text-encoder'] as const).map((role) => ({ role, by: 'test' }));
  return resolveNeeds(needs, parseModelChoices({ diffusion: folder }), {
    home: await emptyHome(),
    baseDirs: ['/'],
  });
});

async function measure(image: Image, reference: Image, given: object = {}, seed = 0): Promise<number> {
  const metric = metrics['denoising-loss'];
  if (metric.kind !== 'pair') throw new Error('denoising-loss does not compare pairs');
  const params = parseParameters(metric, { timesteps: 4, ...given });
  return metric.measure(image, reference, params, {
    random: seededRandom(seed),
    models: shelf.of(await models),
  });
}

describe('the denoising loss', () => {
  const image = randomImage(72, 40);
  const darker = withPixels(
    image,
    image.data.map((v) => 0.5 * v),
  );

  it('is 1 at the clean picture, and another at another', async () => {
    expect(await measure(image, image)).toBe(1);
    expect(Math.abs((await measure(darker, image)) - 1)).toBeGreaterThan(1e-4);
  });

  it('turns round with its two pictures', async () => {
    expect((await measure(darker, image)) * (await measure(image, darker))).toBeCloseTo(1, 10);
  });

  it('meets every picture with the same draws, whatever the seed', async () => {
    expect(await measure(darker, image, {}, 1)).toBe(await measure(darker, image, {}, 2));
  });

  it('towards the glyphs compares the prediction with their latent', async () => {
    const toward = await measure(glyphsOver(image), image, { target: 'glyphs' });
    expect(toward).not.toBe(await measure(glyphsOver(image), image));
  });

  it('compares pictures of one size', async () => {
    const other = randomImage(64, 40);
    await expect(measure(other, image)).rejects.toThrow(differentSizes('denoising-loss', other, image));
  });
});
