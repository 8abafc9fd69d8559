/**
 * @file AdverseCleaner, the "15-line Glaze bypass": many gentle bilateral filters, then guided filters.
 *
 * The guide is the protected image itself, so the second stage may bring some of the protection back, as the author of the
 * program notes. `guided=false` leaves that stage out. Like the program, it truncates to 8 bits.
 */
import { z } from 'zod';
import { bilateral } from '../../image/filters/bilateral.ts';
import { guidedBy } from '../../image/filters/guided.ts';
import { fromGreyLevels, toGreyLevels } from '../../image/image.ts';
import { truncated } from '../../plugin/transformation.ts';
import { defineAttack } from '../define.ts';
import { bilateralGraph } from '../graph/bilateral.ts';
import { guidedGraph } from '../graph/guided.ts';

export const adverseCleaner = defineAttack({
  id: 'adverse-cleaner',
  version: 2,
  label: 'AdverseCleaner',
  summary: 'Runs 64 bilateral filters, then 4 guided filters with the input as their guide.',
  reference: 'lllyasviel, AdverseCleaner (2023), clean.py; OpenCV bilateralFilter, ximgproc.guidedFilter',
  params: z.strictObject({
    bilateral: z.number().int().min(0).max(1000).default(64).describe('number of bilateral filters'),
    diameter: z.number().int().min(2).max(31).default(5).describe('diameter of the neighbourhood, in px'),
    sigmaColor: z.number().min(0.1).max(1000).default(8).describe('standard deviation over colour, in 1/255'),
    sigmaSpace: z.number().min(0.1).max(1000).default(8).describe('standard deviation over distance, in px'),
    guided: z.boolean().default(true).describe('whether to run the guided filters'),
    guidedCount: z.number().int().min(1).max(100).default(4).describe('number of guided filters'),
    radius: z.number().int().min(1).max(200).default(4).describe('radius of the windows, in px'),
    eps: z
      .number()
      .min(1)
      .max(65025)
      .default(16)
      .describe('variance below which a window is smoothed, in 1/255²'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'bilateral', harsher: 'higher' },
  apply: async (image, params, { signal, onProgress }) => {
    const noisy = toGreyLevels(image);
    const passes = params.bilateral + (params.guided ? params.guidedCount : 0);
    const onPass = (pass: number) => {
      signal?.throwIfAborted();
      onProgress?.(pass / passes);
    };
    let values = bilateral(noisy, image, { ...params, iterations: params.bilateral }, onPass);
    if (params.guided) {
      const filter = guidedBy(noisy, image, params);
      for (let i = 1; i <= params.guidedCount; i++) {
        values = filter(values);
        onPass(params.bilateral + i);
      }
    }
    return fromGreyLevels(image, values.map(Math.trunc));
  },
  graph: (picture, params, scope) => {
    let value = bilateralGraph(scope, picture, { ...params, iterations: params.bilateral });
    if (params.guided) {
      const filter = guidedGraph(scope, picture, params);
      for (let i = 0; i < params.guidedCount; i++) value = filter(value);
    }
    return { ...picture, value: truncated(scope.g, value) };
  },
});
