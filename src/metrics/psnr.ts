/** @file Peak signal-to-noise ratio: 10 log10(255^2 / MSE). */
import { z } from 'zod';
import { defineMetric } from './define.ts';
import { meanSquaredError, pixelPair } from './parts/pixels.ts';

export const psnr = defineMetric({
  id: 'psnr',
  version: 1,
  kind: 'pair',
  label: 'PSNR',
  summary: 'Peak signal-to-noise ratio; infinite for equal images.',
  reference: 'scikit-image peak_signal_noise_ratio',
  protocol: 'psnr@1: RGB, 8 bits, data range 255, one mean squared error over all channels',
  unit: 'dB',
  smallestEffect: 0.5 / 255,
  higherIsBetter: true,
  effect: 'amplitude',
  measures: 'fidelity',
  params: z.strictObject({}),
  needs: () => [],
  random: false,
  measure: async (image, reference) =>
    10 * Math.log10(255 ** 2 / meanSquaredError(...pixelPair('psnr', image, reference))),
});
