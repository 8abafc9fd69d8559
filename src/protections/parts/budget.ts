/** @file The L-infinity budget as parameters: a named level, or a number that overrides it. */
import { z } from 'zod';

/** Named levels, in 1/255. */
export const LEVEL_EPS_PX = { light: 4, medium: 8, heavy: 16 } as const;

/** The parameter `eps` with its range. */
export const epsParameter = (least: number, most: number) =>
  z.number().min(least).max(most).optional().describe('L-infinity budget, in 1/255 (default: set by level)');

/** The parameters `level` and `eps`, to be spread into a protection's schema. */
export const budgetParameters = {
  level: z
    .enum(['light', 'medium', 'heavy'])
    .default('medium')
    .describe('L-infinity budget: light 4/255, medium 8/255, heavy 16/255'),
  // Up to 127, v + eps or v - eps lies in 0..255 for every v.
  eps: epsParameter(0, 127),
};

/** The L-infinity budget, in 1/255. */
export const epsPxOf = (params: {
  readonly level: keyof typeof LEVEL_EPS_PX;
  readonly eps?: number | undefined;
}): number => params.eps ?? LEVEL_EPS_PX[params.level];
