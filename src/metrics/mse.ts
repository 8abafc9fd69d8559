/** @file Mean squared error on the scale of 8-bit pixels. */
import { z } from 'zod';
import { defineMetric } from './define.ts';
import { meanSquaredError, pixelPair } from './parts/pixels.ts';

export const mse = defineMetric({
  id: 'mse',
  version: 1,
  kind: 'pair',
  label: 'MSE',
  summary: 'Mean squared difference of all values.',
  reference: 'scikit-image mean_squared_error',
  protocol: 'mse@1: RGB, 8 bits, over all values',
  unit: '1/255²',
  higherIsBetter: false,
  measures: 'fidelity',
  params: z.strictObject({}),
  needs: () => [],
  random: false,
  measure: async (image, reference) => meanSquaredError(...pixelPair('mse', image, reference)),
});
