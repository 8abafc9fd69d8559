/** @file Largest difference of any value: the quantity that an L-infinity budget bounds. */
import { z } from 'zod';
import { defineMetric } from './define.ts';
import { pixelPair } from './parts/pixels.ts';

export const linf = defineMetric({
  id: 'linf',
  version: 1,
  kind: 'pair',
  label: 'L-infinity',
  summary: 'Largest difference of any value.',
  reference: 'none',
  protocol: 'linf@1: RGB, 8 bits, over all values',
  unit: '1/255',
  higherIsBetter: false,
  measures: 'fidelity',
  params: z.strictObject({}),
  needs: () => [],
  random: false,
  measure: async (image, reference) => {
    const [a, b] = pixelPair('linf', image, reference);
    let largest = 0;
    for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
    return largest;
  },
});
