/** @file The L-infinity budget as a parameter: a named level, or a number that overrides it. */
import { z } from 'zod';

/** Levels by name, in 1/255 pixel units. */
export const LEVEL_EPS_PX = { light: 4, medium: 8, heavy: 16 } as const;

/** The parameters `level` and `eps`, to be spread into a protection's schema. */
export const budgetParameters = {
  level: z.enum(['light', 'medium', 'heavy']).default('medium').describe('budget: 4, 8 or 16, in 1/255'),
  // Up to 127, either of v + eps and v - eps lies in 0..255 for every v.
  eps: z.number().min(0).max(127).optional().describe('budget in 1/255; takes the place of level'),
};

/** The budget that these parameters mean, in 1/255. */
export const epsPxOf = (params: {
  readonly level: keyof typeof LEVEL_EPS_PX;
  readonly eps?: number | undefined;
}): number => params.eps ?? LEVEL_EPS_PX[params.level];
