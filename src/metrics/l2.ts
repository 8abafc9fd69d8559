/** @file Euclidean length of the perturbation, in the units of papers that bound it: pixels in 0..1. */
import { z } from 'zod';
import { defineMetric } from './define.ts';
import { meanSquaredError, pixelPair } from './parts/pixels.ts';

export const l2 = defineMetric({
  id: 'l2',
  version: 1,
  kind: 'pair',
  label: 'L2',
  summary: 'Euclidean length of the difference; grows with the size of the image.',
  reference: 'none',
  protocol: 'l2@1: RGB, 8 bits over 255, root of the sum of squares over all values',
  unit: '',
  higherIsBetter: false,
  measures: 'fidelity',
  params: z.strictObject({}),
  needs: () => [],
  random: false,
  measure: async (image, reference) => {
    const [a, b] = pixelPair('l2', image, reference);
    return Math.sqrt(meanSquaredError(a, b) * a.length) / 255;
  },
});
