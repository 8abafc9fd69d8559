import { afterAll, describe, expect, it } from 'vitest';
import { clipToBudget } from '../../src/jobs/safeguards.ts';
import { fromBytes, type Image, toBytes } from '../../src/image/image.ts';
import { hidingPower } from '../../src/image/visibility.ts';
import { perceptualUnmet, targetTooSmall, undeclaredReference } from '../../src/messages/index.ts';
import { perceptualDistance, perceptualTiles } from '../../src/models/perceptual.ts';
import { openPool } from '../../src/models/pool.ts';
import type { NamedPicture } from '../../src/plugin/define.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { protections } from '../../src/protections/index.ts';
import { perceptualHinge, withinPerceptual } from '../../src/protections/parts/perceptual.ts';
import { seededRandom } from '../../src/random.ts';
import { distanceModel, poolingModel } from '../models/fixture.ts';
import { randomImage } from '../pictures.ts';

const { mist } = protections;
const shelf = openPool();
afterAll(() => shelf.close());
const [encoder, distance] = await Promise.all([poolingModel(), distanceModel()]);
const perceptual = await shelf.of([distance]).open('perceptual');

const named = (image: Image): NamedPicture => ({ id: 'own.png', sha256: '', load: async () => image });

async function misted(image: Image, given: Record<string, unknown>, picture?: Image): Promise<Image> {
  const params = parseParameters(mist, { steps: 20, ...given });
  const context = {
    random: seededRandom(1),
    models: shelf.of([encoder, distance]),
    ...(picture && { pictures: () => [named(picture)] }),
  };
  return clipToBudget(image, await mist.apply(image, params, context), mist.budget(params)!);
}

const flat = (width: number, height: number, value: number): Image =>
  fromBytes(width, height, new Uint8Array(3 * width * height).fill(value));

const steps = (a: Image, b: Image): number[] => {
  const from = toBytes(a);
  return Array.from(toBytes(b), (value, i) => Math.abs(value - from[i]!));
};

describe('a perceptual budget', () => {
  const image = randomImage(40, 24);

  it('is kept by the saved pixels, and spent as far as it goes', async () => {
    const shielded = await misted(image, { eps: 16, lpips: 0.02 });
    const spent = await perceptualDistance(perceptual, image, shielded);
    expect(spent).toBeLessThanOrEqual(0.02);
    expect(spent).toBeGreaterThan(0.015);
  });

  it('that leaves no room for any change is an error, not a weak picture', async () => {
    const attempt = misted(flat(40, 24, 128), { lpips: 0.001, targetImage: undefined });
    await expect(attempt).rejects.toThrow(perceptualUnmet(0.001, distance.id));
  });

  it('that leaves next to no room is one, too', async () => {
    await expect(misted(image, { lpips: 0.001 })).rejects.toThrow(perceptualUnmet(0.001, distance.id));
  });

  it('gives the picture back where it is met already', async () => {
    const near = await misted(image, { eps: 1 });
    expect(toBytes(await withinPerceptual(perceptual, image, near, 1))).toEqual(toBytes(near));
  });

  it('pulls by its published penalty: nothing inside the budget, the slope of the distance beyond', async () => {
    const hinge = await perceptualHinge(perceptual, flat(16, 8, 128), 0.1, 512);
    const at = async (value: number) => {
      const { loss, gradient } = await hinge(new Float32Array(3 * 16 * 8).fill(128 / 255 + value), 0);
      return { loss, slope: gradient.reduce((sum, g) => sum + g, 0) };
    };
    expect(await at(0.05)).toEqual({ loss: 0, slope: 0 });
    const beyond = await at(0.3);
    expect(beyond.loss).toBeCloseTo(0.2, 5);
    expect(beyond.slope).toBeCloseTo(1, 4);
  });

  it('weighs the tiles of a large picture by their areas', () => {
    const shares = perceptualTiles({ width: 300, height: 100 }, 100).map(({ share }) => share);
    expect(shares).toHaveLength(3);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });
});

describe('a budget that is narrower in flat areas', () => {
  // Left half flat, right half noise.
  const half = randomImage(80, 40);
  for (let y = 0; y < 40; y++) for (let x = 0; x < 120; x++) half.data[y * 240 + x] = 0.5;

  it('leaves flat areas their share and textured ones all of it', async () => {
    const moved = steps(half, await misted(half, { flatShare: 0.25 }));
    const largest = (from: number, to: number) =>
      Math.max(...moved.filter((_, i) => (i % 240) / 3 >= from && (i % 240) / 3 < to));
    expect(largest(0, 28)).toBe(2);
    expect(largest(52, 80)).toBe(8);
  });

  it('does not take a lone line for texture', () => {
    const drawing = flat(64, 64, 255);
    for (let y = 0; y < 64; y++) drawing.data.fill(0, (y * 64 + 32) * 3, (y * 64 + 34) * 3);
    expect(Math.max(...hidingPower(drawing))).toBe(0);
    expect(Math.min(...hidingPower(randomImage(64, 64)))).toBeGreaterThan(0.9);
  });
});

describe('a target of the user’s own', () => {
  it('pulls towards that picture', async () => {
    const grey = flat(256, 256, 128);
    const white = steps(grey, await misted(grey, { targetImage: 'own.png' }, flat(256, 256, 255)));
    const black = toBytes(await misted(grey, { targetImage: 'own.png' }, flat(256, 256, 0)));
    expect(new Set(white)).toEqual(new Set([8]));
    expect(new Set(black)).toEqual(new Set([120]));
  });

  it('has to be as large as a window', async () => {
    const attempt = misted(flat(64, 40, 128), { targetImage: 'own.png' }, flat(32, 64, 0));
    await expect(attempt).rejects.toThrow(
      targetTooSmall('own.png', { width: 32, height: 64 }, { width: 64, height: 40 }),
    );
  });

  it('that nobody looked up is an error', async () => {
    await expect(misted(flat(16, 16, 1), { targetImage: 'own.png' })).rejects.toThrow(
      undeclaredReference('targetImage'),
    );
  });
});

describe('fit=resize', () => {
  it('keeps size, opacity and budget of the picture while a square copy is optimised', async () => {
    const image = randomImage(300, 100, { alpha: true });
    const shielded = await misted(image, { fit: 'resize', window: 256, steps: 3 });
    expect([shielded.width, shielded.height, shielded.alpha]).toEqual([300, 100, image.alpha]);
    expect(Math.max(...steps(image, shielded))).toBeGreaterThan(1);
    expect(Math.max(...steps(image, shielded))).toBeLessThanOrEqual(8);
  });
});
