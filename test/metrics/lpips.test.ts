import { afterAll, describe, expect, it } from 'vitest';
import { readImage } from '../../src/image/codec.ts';
import type { Image } from '../../src/image/image.ts';
import { differentSizes, undeclaredRole } from '../../src/messages/index.ts';
import { metrics } from '../../src/metrics/index.ts';
import { modelHome } from '../../src/models/home.ts';
import { type ResolvedModel, resolveModel } from '../../src/models/resolve.ts';
import { openPool } from '../../src/models/pool.ts';
import { seededRandom } from '../../src/random.ts';
import { randomImage } from '../pictures.ts';
import { describeShared, sharedPath } from '../shared.ts';

const metric = metrics['lpips-squeeze'];
const shelf = openPool();
afterAll(() => shelf.close());

const measure = (image: Image, reference: Image, models: readonly ResolvedModel[]): Promise<number> => {
  if (metric.kind !== 'pair') throw new Error('lpips does not compare pairs');
  return metric.measure(image, reference, {}, { random: seededRandom(0), models: shelf.of(models) });
};

describe('LPIPS', () => {
  it('names its backbone in its id and lets no other network play it', () => {
    for (const id of ['lpips-squeeze', 'lpips-alex', 'lpips-vgg'] as const)
      expect(metrics[id].pins).toEqual({ perceptual: id });
  });

  it('refuses images of different sizes before it opens a network', async () => {
    const [a, b] = [randomImage(32, 32), randomImage(32, 33)];
    await expect(measure(a, b, [])).rejects.toThrow(differentSizes('lpips-squeeze', a, b));
  });

  it('says which role nobody plays', async () => {
    const image = randomImage(32, 32);
    await expect(measure(image, image, [])).rejects.toThrow(undeclaredRole('perceptual'));
  });
});

/**
 * Distances from an implementation of its own in PyTorch 1.13 (float64): SqueezeNet 1.1's layers and the seven weighted
 * taps written out, over the same weights.
 */
const REFERENCE = [
  ['girl.gaussian-blur-1.0.png', 0.256564821],
  ['girl.gaussian-blur-2.5.png', 0.520792158],
  ['girl.adverse-cleaner.png', 0.114717955],
  ['girl.median-5.png', 0.299849833],
  ['girl.non-local-means-6-6-7-21.png', 0.334663144],
] as const;

describeShared('LPIPS with SqueezeNet', ['models', 'lpips-squeeze.onnx'], (model) => {
  const folder = model.replace(/lpips-squeeze\.onnx$/, '');
  const home = modelHome({ CRAQUELURE_MODELS: folder, CRAQUELURE_CACHE: folder });
  const choice = { kind: 'entry', id: 'lpips-squeeze' } as const;
  const models = resolveModel('perceptual', choice, { home, baseDirs: [] }).then((found) => [found]);
  const golden = (name: string) => readImage(sharedPath('golden', 'images', name)!);

  it.each(REFERENCE)('of %s equals PyTorch within 1e-5', async (name, distance) => {
    const measured = await measure(await golden(name), await golden('girl.png'), await models);
    expect(Math.abs(measured - distance)).toBeLessThan(1e-5);
  });

  it('is 0 for equal images and the same in both directions', async () => {
    const [a, b] = [randomImage(64, 48, { seed: 1 }), randomImage(64, 48, { seed: 2 })];
    expect(await measure(a, a, await models)).toBe(0);
    const [there, back] = [await measure(a, b, await models), await measure(b, a, await models)];
    expect(there).toBeGreaterThan(0.01);
    expect(Math.abs(there - back)).toBeLessThan(1e-6);
  });
});
