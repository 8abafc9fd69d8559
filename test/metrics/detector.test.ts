import { expect, it } from 'vitest';
import { fromBytes, type Image } from '../../src/image/image.ts';
import { tooFewImages } from '../../src/messages/index.ts';
import type { ImageRef, MetricContext } from '../../src/metrics/define.ts';
import { detector } from '../../src/metrics/detector.ts';
import { seededRandom } from '../../src/random.ts';

const noVectors: MetricContext = {
  random: seededRandom(0),
  vectorOf: async () => {
    throw new Error('this metric looks at pixels');
  },
};

/** Waves of other lengths for each picture, with so much noise. */
const picture = (seed: number, noise: number): Image => {
  const random = seededRandom(seed);
  const length = 4 + 10 * random.uniform();
  return fromBytes(
    41,
    33,
    Uint8ClampedArray.from(
      { length: 41 * 33 * 3 },
      (_, i) => 128 + 80 * Math.sin((Math.floor(i / 3) % 41) / length) + (3 + noise) * random.normal(),
    ),
  );
};

const set = (n: number, noise: number): ImageRef[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `${i}`,
    sha256: `${i} ${noise}`,
    load: async () => picture(i, noise),
  }));

it('pictures with noise are told from their clean versions, and equal ones are not', async () => {
  const clean = set(8, 0);
  expect(await detector.measure(set(8, 4), clean, {}, noVectors)).toBeGreaterThan(0.9);
  expect(await detector.measure(clean, clean, {}, noVectors)).toBe(0.5);
});

it('three pictures are too few', async () => {
  await expect(detector.measure(set(3, 4), set(3, 0), {}, noVectors)).rejects.toThrow(
    tooFewImages('detector', 4, 3),
  );
});
