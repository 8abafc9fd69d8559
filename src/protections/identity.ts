/** @file No protection: the baseline row of every matrix. */
import { z } from 'zod';
import { defineProtection } from './define.ts';

export const identity = defineProtection({
  id: 'identity',
  version: 1,
  label: 'None',
  summary: 'Leaves the image as it is: the baseline of every matrix.',
  reference: 'none',
  params: z.strictObject({}),
  needs: () => [],
  random: false,
  budget: () => undefined,
  apply: async (image) => image,
});
