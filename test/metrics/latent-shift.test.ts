import { afterAll, expect, it } from 'vitest';
import { type Image, withPixels } from '../../src/image/image.ts';
import { metrics } from '../../src/metrics/index.ts';
import { modelHome } from '../../src/models/home.ts';
import { resolveModel } from '../../src/models/resolve.ts';
import { openPool } from '../../src/models/pool.ts';
import { deriveSeed, seededRandom } from '../../src/random.ts';
import { randomImage } from '../pictures.ts';
import { describeShared } from '../shared.ts';

const shelf = openPool();
afterAll(() => shelf.close());

describeShared(
  'latent shift in the space of Stable Diffusion 1',
  ['models', 'taesd-encoder.onnx'],
  (file) => {
    const home = modelHome({
      CRAQUELURE_MODELS: file.replace(/taesd-encoder\.onnx$/, ''),
      CRAQUELURE_CACHE: '/no-cache',
    });
    const model = resolveModel('vae-encoder', { kind: 'entry', id: 'taesd' }, { home, baseDirs: [] });
    const measure = async (image: Image, reference: Image, given = {}): Promise<number> => {
      const metric = metrics['latent-shift'];
      if (metric.kind !== 'pair') throw new Error('latent-shift does not compare pairs');
      return metric.measure(image, reference, metric.params.parse(given), {
        random: seededRandom(0),
        models: shelf.of([await model]),
      });
    };
    const image = randomImage(64, 64);
    const moved = (by: number): Image =>
      withPixels(
        image,
        image.data.map((value, i) => value + by * Math.sin(i)),
      );

    it('is 0 for equal images and grows with what is added', async () => {
      expect(await measure(image, image)).toBe(0);
      const [little, more] = [await measure(moved(0.02), image), await measure(moved(0.2), image)];
      expect(little).toBeGreaterThan(0);
      expect(more).toBeGreaterThan(2 * little);
    });

    it('is the cosine where a target is named, 1 on the way there and near 0 for noise', async () => {
      const grey = withPixels(image, new Float32Array(image.data.length).fill(0.5));
      const target = { target: 'grey' };
      expect(await measure(grey, image, target)).toBeCloseTo(1, 6);
      expect(await measure(grey, image, { measure: 'cosine', ...target })).toBe(
        await measure(grey, image, target),
      );
      expect(await measure(grey, image, { measure: 'size', ...target })).toBe(await measure(grey, image));
      const random = seededRandom(deriveSeed('noise'));
      const noisy = withPixels(
        image,
        image.data.map((value) => value + (8 / 255) * random.sign()),
      );
      expect(Math.abs(await measure(noisy, image, { target: 'glyphs' }))).toBeLessThan(0.3);
    });

    it('takes any size: what is missing to whole cells is reflected, so that a flat image gives the same without its last columns', async () => {
      const flat = (width: number): Image => ({
        width,
        height: 16,
        data: new Float32Array(width * 16 * 3).fill(0.3),
      });
      const other = (width: number): Image => ({ ...flat(width), data: flat(width).data.fill(0.6) });
      expect(await measure(other(13), flat(13))).toBe(await measure(other(16), flat(16)));
    });
  },
);
