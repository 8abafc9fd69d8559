/** @file No attack: the column in which a protection shows its full effect. */
import { z } from 'zod';
import { defineAttack } from './define.ts';

export const identity = defineAttack({
  id: 'identity',
  version: 1,
  label: 'None',
  summary: 'Leaves the image unchanged: shows the effect of a protection without any attack.',
  reference: 'none',
  params: z.strictObject({}),
  needs: () => [],
  random: false,
  role: 'baseline',
  apply: async (image) => image,
  graph: (picture) => picture,
});
