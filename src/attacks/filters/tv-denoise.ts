/** @file Total variation denoising: the flattest image near the given one, with its edges. */
import { z } from 'zod';
import { fromGreyLevels, toBytes } from '../../image/image.ts';
import { totalVariation } from '../../image/filters/total-variation.ts';
import { defineAttack } from '../define.ts';

export const tvDenoise = defineAttack({
  id: 'tv-denoise',
  version: 1,
  label: 'TV denoising',
  summary: 'Minimises the total variation of each channel, close to the image.',
  reference: 'Chambolle (JMIV 2004); scikit-image denoise_tv_chambolle, channel by channel',
  params: z.strictObject({
    weight: z
      .number()
      .min(0.001)
      .max(10)
      .default(0.1)
      .describe('denoising weight, for values of 0..1; higher is smoother'),
    eps: z
      .number()
      .min(1e-7)
      .max(0.1)
      .default(2e-4)
      .describe('relative change of the energy at which to stop'),
    iterations: z.int().min(1).max(10_000).default(200).describe('largest number of iterations'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'weight', harsher: 'higher' },
  apply: async (image, params, { signal }) => {
    const bytes = toBytes(image);
    const levels = new Float32Array(bytes.length);
    for (let c = 0; c < 3; c++) {
      signal?.throwIfAborted();
      const plane = Float64Array.from({ length: bytes.length / 3 }, (_, i) => bytes[3 * i + c]! / 255);
      const smooth = totalVariation(plane, image, params);
      for (let i = 0; i < smooth.length; i++) levels[3 * i + c] = 255 * smooth[i]!;
    }
    return fromGreyLevels(image, levels);
  },
});
