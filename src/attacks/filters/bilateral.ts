/** @file Bilateral filter: smooths small differences and keeps edges. */
import { z } from 'zod';
import { bilateral as bilateralFilter } from '../../image/filters/bilateral.ts';
import { fromGreyLevels, toGreyLevels } from '../../image/image.ts';
import { rounded } from '../../plugin/transformation.ts';
import { defineAttack } from '../define.ts';
import { bilateralGraph } from '../graph/bilateral.ts';

export const bilateral = defineAttack({
  id: 'bilateral',
  version: 1,
  label: 'Bilateral filter',
  summary: 'Averages each pixel with neighbours of a similar colour.',
  reference:
    'Tomasi and Manduchi (ICCV 1998); OpenCV bilateralFilter on float32, default border (reflect 101)',
  params: z.strictObject({
    diameter: z.number().int().min(2).max(31).default(9).describe('diameter of the neighbourhood, in px'),
    sigmaColor: z
      .number()
      .min(0.1)
      .max(1000)
      .default(50)
      .describe('standard deviation over colour, in 1/255'),
    sigmaSpace: z.number().min(0.1).max(1000).default(5).describe('standard deviation over distance, in px'),
    iterations: z.number().int().min(1).max(1000).default(1).describe('number of passes'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'sigmaColor', harsher: 'higher' },
  apply: async (image, params, { signal, onProgress }) => {
    const filtered = bilateralFilter(toGreyLevels(image), image, params, (pass) => {
      signal?.throwIfAborted();
      onProgress?.(pass / params.iterations);
    });
    return fromGreyLevels(image, filtered);
  },
  graph: (picture, params, scope) => ({
    ...picture,
    value: rounded(scope.g, bilateralGraph(scope, picture, params)),
  }),
});
