/** @file Guided filter with the image as its own guide: smooths flat parts and keeps edges without halos. */
import { z } from 'zod';
import { guidedBy } from '../../image/filters/guided.ts';
import { fromGreyLevels, toGreyLevels } from '../../image/image.ts';
import { rounded } from '../../plugin/transformation.ts';
import { defineAttack } from '../define.ts';
import { guidedGraph } from '../graph/guided.ts';

export const guided = defineAttack({
  id: 'guided',
  version: 2,
  label: 'Guided filter',
  summary:
    'Fits each window by a linear function of the image itself; smooths windows whose variance is below eps.',
  reference: 'He, Sun and Tang (TPAMI 2013); OpenCV ximgproc.guidedFilter on float32',
  params: z.strictObject({
    radius: z.number().int().min(1).max(200).default(8).describe('radius of the windows, in px'),
    eps: z
      .number()
      .min(1)
      .max(65025)
      .default(500)
      .describe('variance below which a window is smoothed, in 1/255²'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'eps', harsher: 'higher' },
  apply: async (image, params) => {
    const values = toGreyLevels(image);
    return fromGreyLevels(image, guidedBy(values, image, params)(values));
  },
  graph: (picture, params, scope) => ({
    ...picture,
    value: rounded(scope.g, guidedGraph(scope, picture, params)(picture.value)),
  }),
});
