/** @file No protection: the baseline of every experiment. */
import { z } from 'zod';
import { defineProtection } from './define.ts';

export const identity = defineProtection({
  id: 'identity',
  version: 1,
  label: 'None',
  summary: 'Leaves the image unchanged: the baseline of every experiment.',
  reference: 'none',
  params: z.strictObject({}),
  needs: () => [],
  random: false,
  role: 'baseline',
  budget: () => undefined,
  apply: async (image) => image,
});
