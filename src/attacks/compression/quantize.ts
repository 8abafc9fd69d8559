/** @file Fewer levels per channel: a perturbation smaller than half a level is rounded away. */
import { z } from 'zod';
import { fromBytes, toBytes } from '../../image/image.ts';
import { quantised, rounded } from '../../plugin/transformation.ts';
import { defineAttack } from '../define.ts';

export const quantize = defineAttack({
  id: 'quantize',
  version: 1,
  label: 'Quantisation',
  summary: 'Rounds every value to the nearest of a few evenly spaced levels.',
  reference: 'Xu, Evans and Qi, Feature squeezing (NDSS 2018): colour depth, 16 levels are 4 bits',
  params: z.strictObject({
    levels: z.number().int().min(2).max(256).default(16).describe('number of levels per channel'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'levels', harsher: 'lower' },
  apply: async (image, { levels }) => {
    const last = levels - 1;
    const table = Uint8Array.from({ length: 256 }, (_, v) =>
      Math.round((Math.round((v / 255) * last) / last) * 255),
    );
    return fromBytes(
      image.width,
      image.height,
      toBytes(image).map((v) => table[v]!),
      image.alpha,
    );
  },
  graph: (picture, { levels }, { g }) => {
    const last = g.scalar(levels - 1, picture.value);
    const level = quantised(g, g.Mul(picture.value, last), 1, 'uint8');
    return { ...picture, value: rounded(g, g.Div(level, last), 'up') };
  },
});
