/** @file A plug-in with one parameter of every kind, for tests of parameters and calls. */
import { z } from 'zod';

export const zoo = {
  id: 'zoo',
  version: 1,
  label: 'Zoo',
  summary: 'One of each.',
  reference: 'none',
  params: z.strictObject({
    quality: z.number().int().min(1).max(100).default(75).describe('quality in percent'),
    scale: z.number().gt(0).max(1).default(0.5),
    sigma: z.number().min(0).optional(),
    steps: z.number().int().positive().default(10),
    mode: z.enum(['sign', 'uniform', '4:2:0']).default('sign'),
    size: z.literal([3, 5]).default(3),
    stride: z.number().multipleOf(0.25).default(1),
    exact: z.boolean().default(true),
    text: z.string().default(''),
    list: z.array(z.number().min(0)).default([1]),
  }),
  needs: () => [],
  random: false,
} as const;
