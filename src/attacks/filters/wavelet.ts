/** @file Wavelet denoising: fine details weaker than the assumed noise are removed. */
import { z } from 'zod';
import { fromGreyLevels, toBytes } from '../../image/image.ts';
import { shrunken, WAVELETS } from '../../image/filters/wavelet.ts';
import { defineAttack } from '../define.ts';

export const wavelet = defineAttack({
  id: 'wavelet',
  version: 1,
  label: 'Wavelet denoising',
  summary: 'Applies soft thresholds to the wavelet coefficients of each channel.',
  reference:
    'Chang, Yu and Vetterli, BayesShrink (2000); Donoho and Johnstone, VisuShrink (1994); scikit-image denoise_wavelet, channel by channel',
  params: z.strictObject({
    method: z
      .enum(['bayes', 'visu'])
      .default('bayes')
      .describe('threshold: BayesShrink (one per scale and direction) or VisuShrink (one for all)'),
    sigma: z
      .number()
      .min(0)
      .max(255)
      .default(0)
      .describe('standard deviation of the noise, in 1/255; 0: estimated from the image'),
    wavelet: z.enum(WAVELETS).default('db1').describe('Daubechies wavelet, named as in PyWavelets'),
    levels: z.int().min(0).max(12).default(0).describe('number of scales; 0: all except the three coarsest'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'sigma', harsher: 'higher' },
  apply: async (image, { method, sigma, wavelet: name, levels }, { signal }) => {
    const bytes = toBytes(image);
    const denoised = new Float32Array(bytes.length);
    const options = {
      method,
      wavelet: name,
      sigma: sigma === 0 ? undefined : sigma / 255,
      levels: levels === 0 ? undefined : levels,
    };
    for (let c = 0; c < 3; c++) {
      signal?.throwIfAborted();
      const plane = new Float64Array(bytes.length / 3);
      for (let i = 0; i < plane.length; i++) plane[i] = bytes[3 * i + c]! / 255;
      const smooth = shrunken(plane, image, options);
      for (let i = 0; i < smooth.length; i++) denoised[3 * i + c] = 255 * smooth[i]!;
    }
    return fromGreyLevels(image, denoised);
  },
});
