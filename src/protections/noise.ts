/**
 * @file Random noise within the budget of a protection: the placebo. A protection that does no better than this one protects
 * only by degrading the image.
 */
import { z } from 'zod';
import { fromBytes, toBytes } from '../image/image.ts';
import type { Random } from '../random.ts';
import { budgetParameters, epsPxOf } from './parts/budget.ts';
import { defineProtection } from './define.ts';

export const noise = defineProtection({
  id: 'noise',
  version: 1,
  label: 'Noise',
  summary: 'Adds seeded random noise that uses the whole L-infinity budget: the placebo of every experiment.',
  reference: 'placebo; no source',
  params: z.strictObject({
    mode: z
      .enum(['sign', 'uniform'])
      .default('sign')
      .describe('sign: each value moves by eps, up or down; uniform: each value moves by up to eps'),
    ...budgetParameters,
  }),
  needs: () => [],
  random: true,
  role: 'placebo',
  budget: (params) => ({ epsPx: epsPxOf(params) }),

  /** The L-infinity distance of the saved file is eps, rounded down: 8-bit pixels move in whole steps. */
  apply: async (image, params, { random }) => {
    const eps = Math.floor(epsPxOf(params));
    const pixels = toBytes(image);
    const steps =
      params.mode === 'sign' ? signs(pixels.length, eps, random) : spread(pixels.length, eps, random);
    for (let i = 0; i < pixels.length; i++) {
      const moved = pixels[i]! + steps[i]!;
      // Reflected at the ends of the range, not clipped: dark and bright parts then carry as much noise as others.
      pixels[i] = moved < 0 || moved > 255 ? pixels[i]! - steps[i]! : moved;
    }
    return fromBytes(image.width, image.height, pixels, image.alpha);
  },
});

function signs(count: number, eps: number, random: Random): Int16Array {
  return new Int16Array(count).map(() => eps * random.sign());
}

/** Uniform steps, scaled so that the largest is eps even in an image of few pixels. */
function spread(count: number, eps: number, random: Random): Int16Array {
  const draws = new Float64Array(count).map(() => 2 * random.uniform() - 1);
  const largest = draws.reduce((most, draw) => Math.max(most, Math.abs(draw)), 0);
  return Int16Array.from(draws, (draw) => Math.round((eps * draw) / largest));
}
