import { afterAll, describe, expect, it } from 'vitest';
import { type Image, withPixels } from '../../src/image/image.ts';
import { resize } from '../../src/image/resample.ts';
import type { ImageRef, MetricContext } from '../../src/metrics/define.ts';
import { metrics } from '../../src/metrics/index.ts';
import { KINDS } from '../../src/metrics/kinds/index.ts';
import { modelHome } from '../../src/models/home.ts';
import { openPool } from '../../src/models/pool.ts';
import { resolveModel } from '../../src/models/resolve.ts';
import { deriveSeed, seededRandom } from '../../src/random.ts';
import { randomImage } from '../pictures.ts';
import { describeShared } from '../shared.ts';

const pool = openPool();
afterAll(() => pool.close());

let names = 0;
const refs = new Map<Image, ImageRef>();
const refOf = (image: Image): ImageRef => {
  const known = refs.get(image) ?? {
    id: 'a.png',
    sha256: `${names++}`,
    load: async () => image,
  };
  refs.set(image, known);
  return known;
};

type Id = 'pixel-displacement' | 'embedding-displacement' | 'latent-displacement';

/** The value of an arm's image; `arms` are the control, the clean and the protected image. */
const measure = async (
  id: Id,
  image: Image,
  arms: readonly Image[],
  given: object,
  context: Partial<MetricContext>,
): Promise<number> => {
  const metric = metrics[id];
  if (metric.kind !== 'displacement') throw new Error(`${id} does not measure displacements`);
  return KINDS.displacement.measure(
    metric,
    { inputs: [refOf(image)], references: arms.map(refOf) },
    metric.params.parse(given),
    { random: seededRandom(0), ...context } as MetricContext,
  );
};

const flat = (...pixel: readonly [number, number, number]): Image => ({
  width: 1,
  height: 1,
  data: Float32Array.from(pixel, (level) => level / 255),
});

describe('pixel displacement', () => {
  const clean = flat(100, 100, 100);
  const misted = flat(106, 100, 100);
  const rms = (length: number): number => length / Math.sqrt(3);
  const value = (image: Image, control: Image, given = {}) =>
    measure('pixel-displacement', image, [control, clean, misted], given, {});

  it('is what the protection adds, before an attack', async () => {
    expect(await value(clean, clean)).toBe(0);
    expect(await value(misted, clean)).toBeCloseTo(rms(6), 4);
  });

  it('stays whole under an attack that moves both arms alike, in whatever direction', async () => {
    const [blurred, blurredMist] = [flat(100, 140, 100), flat(106, 140, 100)];
    expect(await value(blurred, blurred)).toBe(0);
    expect(await value(blurredMist, blurred)).toBeCloseTo(rms(6), 4);
  });

  it('counts what is left along its own direction, or whatever is left', async () => {
    const [attacked, attackedMist] = [flat(100, 140, 100), flat(103, 144, 100)];
    expect(await value(attackedMist, attacked)).toBeCloseTo(rms(3), 4);
    expect(await value(attackedMist, attacked, { along: 'any' })).toBeCloseTo(rms(5), 4);
    expect(await value(flat(98, 140, 100), attacked)).toBeCloseTo(rms(-2), 4);
  });

  it('brings an attacked image of another size back to the size of the clean one', async () => {
    const image = randomImage(16, 12);
    const protectedImage = withPixels(
      image,
      image.data.map((level) => level * 0.9),
    );
    const half = (each: Image): Image => resize(each, 8, 6, 'lanczos');
    const left = await measure(
      'pixel-displacement',
      half(protectedImage),
      [half(image), image, protectedImage],
      {},
      {},
    );
    expect(left).toBeGreaterThan(0);
    expect(Number.isFinite(left)).toBe(true);
  });

  it('takes two images outside an experiment: A as protected, B as clean', async () => {
    const found = await measure('pixel-displacement', misted, [clean], {}, {});
    expect(found).toBeCloseTo(rms(6), 4);
  });
});

describe('embedding displacement', () => {
  it('is measured between embeddings of length 1', async () => {
    const [clean, moved] = [flat(1, 0, 0), flat(0, 1, 0)];
    const vectorOf = async ({ load }: ImageRef): Promise<Float32Array> =>
      (await load()).data.map((level) => 7 * level);
    const found = await measure('embedding-displacement', moved, [clean, clean, moved], {}, { vectorOf });
    expect(found).toBeCloseTo(Math.SQRT2, 6);
  });
});

describeShared(
  'latent displacement in the space of Stable Diffusion 1',
  ['models', 'taesd-encoder.onnx'],
  (file) => {
    const home = modelHome({
      CRAQUELURE_MODELS: file.replace(/taesd-encoder\.onnx$/, ''),
      CRAQUELURE_CACHE: '/no-cache',
    });
    const model = resolveModel('vae-encoder', { kind: 'entry', id: 'taesd' }, { home, baseDirs: [] });
    const value = async (image: Image, clean: Image, given = {}): Promise<number> =>
      measure('latent-displacement', image, [clean], given, { models: pool.of([await model]) });
    const image = randomImage(64, 64);
    const moved = (by: number): Image =>
      withPixels(
        image,
        image.data.map((value, i) => value + by * Math.sin(i)),
      );

    it('is 0 for equal images and grows with what is added', async () => {
      expect(await value(image, image)).toBe(0);
      const [little, more] = [await value(moved(0.02), image), await value(moved(0.2), image)];
      expect(little).toBeGreaterThan(0);
      expect(more).toBeGreaterThan(2 * little);
    });

    it('encodes an image once, whatever it is compared with', async () => {
      let loaded = 0;
      const counted: ImageRef = {
        id: 'a.png',
        sha256: 'counted',
        load: async () => {
          loaded++;
          return image;
        },
      };
      refs.set(image, counted);
      const first = await value(moved(0.1), image);
      const before = loaded;
      expect(await value(moved(0.1), image)).toBe(first);
      // The clean image is read for its size, and not encoded again.
      expect(loaded - before).toBe(1);
      refs.delete(image);
    });

    it('is whole along the target if the image is the target, and near 0 along it for noise', async () => {
      const grey = withPixels(image, new Float32Array(image.data.length).fill(0.5));
      const towards = { along: 'target', target: 'grey' };
      expect(await value(grey, image, towards)).toBeCloseTo(await value(grey, image, { along: 'any' }), 6);
      const random = seededRandom(deriveSeed('noise'));
      const noisy = withPixels(
        image,
        image.data.map((level) => level + (8 / 255) * random.sign()),
      );
      const all = await value(noisy, image, { along: 'any' });
      expect(Math.abs(await value(noisy, image, { along: 'target' }))).toBeLessThan(0.3 * all);
    });

    it('takes any size: what is missing to whole cells is reflected, so that a flat image gives the same without its last columns', async () => {
      const even = (width: number): Image => ({
        width,
        height: 16,
        data: new Float32Array(width * 16 * 3).fill(0.3),
      });
      const other = (width: number): Image => ({ ...even(width), data: even(width).data.fill(0.6) });
      expect(await value(other(13), even(13))).toBe(await value(other(16), even(16)));
    });
  },
);
