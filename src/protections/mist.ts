/**
 * @file Mist (v1), textural mode: pulls the picture's latents towards those of a repeated pattern.
 *
 *   minimise ||z(x) - z(y)||^2 by 100 sign steps of 1/255 from a random start, within 16/255
 *
 * Source: Liang and Wu 2023; the released program's `mist_v3.py`, mode 1. What differs here, on purpose:
 *
 * - z is the posterior's mean; the program draws a sample at each step. Tiny autoencoders have no posterior.
 * - y is a pattern of our own, 3 x 8 glyphs as there. It repeats at every window of a large picture.
 * - The picture keeps its size; the program squashes it to a square of 512 px.
 * - The best picture on the way is kept, not the last; the random start is in whole 1/255, so that rounding changes nothing.
 * - The program truncates to 8 bits and leaves its budget by 1/255. Here the saved file keeps it.
 * - The default level is 8/255, half of the published budget, as for all protections here; `heavy` is the published one.
 *
 * Modes semantic and fused need the gradient of a U-Net and are not here.
 */
import { z } from 'zod';
import { defineProtection } from './define.ts';
import { attackEncoder, encoderNeeds, surrogateParameters } from './encoder-attack.ts';
import { attackBudgetParameters, budgetOf, descentParameters, windowParameters } from './optimise.ts';
import { chosenTarget, targetParameters, targetRefers } from './target.ts';

export const mist = defineProtection({
  id: 'mist',
  version: 1,
  label: 'Mist',
  summary:
    'Pulls the latents of a VAE encoder towards a repeated pattern (Mist v1, textural mode; semantic and fused are not here).',
  reference:
    'Liang and Wu, Mist: Towards Improved Adversarial Examples for Diffusion Models (2023), mode textural',
  params: z.strictObject({
    mode: z.enum(['textural']).default('textural').describe('the loss: distance of latents from the target'),
    ...attackBudgetParameters,
    ...descentParameters({ steps: 100, step: 1 }),
    ...targetParameters('glyphs'),
    ...windowParameters,
    ...surrogateParameters,
  }),
  needs: ['vae-encoder'],
  needsWith: encoderNeeds,
  refers: targetRefers,
  random: true,
  budget: budgetOf,
  apply: async (image, params, context) =>
    attackEncoder(image, await chosenTarget(params, context), params, context),
});
