/** @file A small picture through Pillow, OpenCV and scikit-image: holds where the shared folder is absent too. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { attacks } from '../../src/attacks/index.ts';
import { fromBytes, toBytes } from '../../src/image/image.ts';
import { type ResampleKernel, resizeBytes } from '../../src/image/resample.ts';
import { ssim } from '../../src/metrics/ssim.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { seededRandom } from '../../src/random.ts';

interface References {
  readonly width: number;
  readonly height: number;
  readonly input: number[];
  readonly other: number[];
  readonly resize: { kernel: ResampleKernel; width: number; height: number; output: number[] }[];
  readonly 'gaussian-blur': { params: { sigma: number }; output: number[] }[];
  readonly median: { params: { size: number }; output: number[] }[];
  readonly bilateral: Filtered[];
  readonly guided: Filtered[];
  readonly 'adverse-cleaner': Filtered[];
  readonly 'tv-denoise': Filtered[];
  readonly wavelet: Filtered[];
  readonly 'non-local-means': Filtered[];
  readonly ssim: number;
}

interface Filtered {
  readonly params: object;
  readonly output: number[];
}

// Pillow 9.4.0, OpenCV 4.6.0, scikit-image 0.19.3 with PyWavelets 1.1.1; the file records the versions.
const references = JSON.parse(
  readFileSync(new URL('./references.json', import.meta.url), 'utf8'),
) as References;
const { width, height } = references;
const input = Uint8Array.from(references.input);
const context = { random: seededRandom(0) };

describe('a picture of 13 x 11', () => {
  it.each(references.resize)(
    'resized by $kernel to $width x $height equals Pillow',
    ({ kernel, output, ...to }) => {
      expect([...resizeBytes(input, { width, height, channels: 3 }, to, kernel)]).toEqual(output);
    },
  );

  for (const id of [
    'gaussian-blur',
    'median',
    'bilateral',
    'guided',
    'adverse-cleaner',
    'tv-denoise',
    'wavelet',
    'non-local-means',
  ] as const) {
    it.each<Filtered>(references[id])(
      `after ${id} $params equals its reference`,
      async ({ params, output }) => {
        const attack = attacks[id];
        const filtered = await attack.apply(
          fromBytes(width, height, input),
          parseParameters(attack, { ...params }),
          context,
        );
        expect([...toBytes(filtered)]).toEqual(output);
      },
    );
  }

  it('has the SSIM of scikit-image', async () => {
    const other = fromBytes(width, height, Uint8Array.from(references.other));
    const value = await ssim.measure(fromBytes(width, height, input), other, {}, context);
    expect(Math.abs(value - references.ssim)).toBeLessThan(1e-12);
  });
});
