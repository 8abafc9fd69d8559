import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImage } from '../../src/image/codec.ts';
import { fromBytes, type Image } from '../../src/image/image.ts';
import { differentSizes, imageTooSmall } from '../../src/messages/index.ts';
import { type MetricId, metrics } from '../../src/metrics/index.ts';
import { seededRandom } from '../../src/random.ts';
import { goldenCases } from '../golden.ts';
import { testDefinitions } from '../plugin/registries.ts';
import { describeShared } from '../shared.ts';

const measure = async (id: MetricId, image: Image, reference: Image): Promise<number> => {
  const metric = metrics[id];
  if (metric.kind !== 'pair') throw new Error(`${id} does not compare pairs`);
  return metric.measure(image, reference, metric.params.parse({}), { random: seededRandom(0) });
};

const flat = (width: number, height: number, value: number): Image =>
  fromBytes(width, height, new Uint8Array(width * height * 3).fill(value));

describeShared('pixel metrics against scikit-image', ['golden', 'images'], (folder) => {
  for (const golden of goldenCases(folder, 'metric')) {
    for (const id of ['psnr', 'ssim', 'mse', 'linf'] as const) {
      it(`${id} of ${golden.b} equals the reference within 1e-6`, async () => {
        const a = await readImage(join(folder, golden.a));
        const b = await readImage(join(folder, golden.b));
        expect(Math.abs((await measure(id, b, a)) - Number(golden[id]))).toBeLessThan(1e-6);
      });
    }
  }
});

describe('every metric', () => testDefinitions(metrics));

describe('pixel metrics', () => {
  it('are infinite, one or zero for equal images', async () => {
    const image = flat(13, 12, 77);
    expect(await measure('psnr', image, image)).toBe(Number.POSITIVE_INFINITY);
    expect(await measure('ssim', image, image)).toBeCloseTo(1, 12);
    expect(await measure('mse', image, image)).toBe(0);
    expect(await measure('linf', image, image)).toBe(0);
  });

  it('have their values by hand for two flat images ten levels apart', async () => {
    const [a, b] = [flat(11, 11, 100), flat(11, 11, 110)];
    expect(await measure('mse', a, b)).toBe(100);
    expect(await measure('linf', a, b)).toBe(10);
    expect(await measure('psnr', a, b)).toBeCloseTo(10 * Math.log10(650.25), 12);
    // Without variance only the term of means is left.
    const c1 = 2.55 ** 2;
    expect(await measure('ssim', a, b)).toBeCloseTo((2 * 100 * 110 + c1) / (100 ** 2 + 110 ** 2 + c1), 9);
  });

  it('have an L2 in units of 0..1, and an MS-SSIM of one for equal images, and for flat ones the last luminance', async () => {
    const [a, b] = [flat(161, 161, 100), flat(161, 161, 110)];
    expect(await measure('l2', a, b)).toBeCloseTo((10 / 255) * Math.sqrt(161 * 161 * 3), 9);
    expect(await measure('ms-ssim', a, a)).toBeCloseTo(1, 12);
    const c1 = 2.55 ** 2;
    const luminance = (2 * 100 * 110 + c1) / (100 ** 2 + 110 ** 2 + c1);
    expect(await measure('ms-ssim', a, b)).toBeCloseTo(luminance ** 0.1333, 9);
  });

  it('count an MS-SSIM of opposed structure as 0', async () => {
    const stripes = (phase: number): Image =>
      fromBytes(
        176,
        176,
        Uint8Array.from({ length: 176 * 176 * 3 }, (_, i) => ((Math.floor(i / 3) + phase) % 2) * 255),
      );
    expect(await measure('ms-ssim', stripes(0), stripes(1))).toBe(0);
  });

  it('compare what an 8-bit file holds, not the floats', async () => {
    const image = flat(11, 11, 100);
    const nearly = { ...image, data: image.data.map((value) => value + 0.4 / 255) };
    expect(await measure('linf', nearly, image)).toBe(0);
  });

  it('refuse images of different sizes', async () => {
    for (const id of ['psnr', 'ssim', 'ms-ssim', 'mse', 'linf', 'l2', 'delta-e-2000'] as const) {
      const [a, b] = [flat(12, 11, 0), flat(11, 12, 0)];
      await expect(measure(id, a, b)).rejects.toThrow(differentSizes(id, a, b));
    }
  });

  it('refuse images smaller than the window of SSIM', async () => {
    const image = flat(10, 500, 0);
    await expect(measure('ssim', image, image)).rejects.toThrow(
      imageTooSmall('ssim', image, 'sides of at least 11 px'),
    );
    const small = flat(160, 500, 0);
    await expect(measure('ms-ssim', small, small)).rejects.toThrow(
      imageTooSmall('ms-ssim', small, 'sides of at least 161 px (five scales)'),
    );
  });
});
