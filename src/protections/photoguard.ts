/**
 * @file PhotoGuard's encoder attack: takes the picture's latents away, to zero or to those of flat grey.
 *
 *   minimise ||E(x) - z||, z = 0, by 1,000 sign steps that fall from 2.55/255 to 1 % of it, from a random start
 *
 * Source: Salman et al. 2023; the released notebook for image-to-image editing (zero), its demo (grey, 200 steps of
 * 1.275/255, 15.3/255). What differs here, on purpose:
 *
 * - The squared norm stands for the norm: its gradient has the same signs.
 * - Latents come scaled as a U-Net takes them, which moves no minimum (zero stays zero where there is no shift).
 * - The published budget, 7.65/255, is between what 8-bit files can hold; the default level is 8/255.
 * - The picture keeps its size; the best picture on the way is kept, not the last.
 *
 * The diffusion attack through a whole editing pipeline is not here.
 */
import { z } from 'zod';
import { defineProtection } from './define.ts';
import {
  attackEncoder,
  encoderNeeds,
  surrogateParameters,
  expectationRefers,
} from './parts/encoder-attack.ts';
import { attackBudgetParameters, budgetOf, descentParameters, windowParameters } from './parts/optimise.ts';
import { chosenTarget, targetParameters, targetRefers } from './parts/target.ts';

export const photoguard = defineProtection({
  id: 'photoguard',
  version: 2,
  label: 'PhotoGuard',
  summary: 'Pulls the latents of a VAE encoder to zero or to those of flat grey (the encoder attack).',
  reference:
    'Salman et al., Raising the Cost of Malicious AI-Powered Image Editing (ICML 2023), encoder attack',
  params: z.strictObject({
    ...attackBudgetParameters,
    ...descentParameters({ steps: 1000, step: 2.55, schedule: 'decaying' }),
    ...targetParameters('zero'),
    ...windowParameters,
    ...surrogateParameters,
  }),
  needs: encoderNeeds,
  refers: { ...targetRefers, ...expectationRefers },
  random: true,
  budget: budgetOf,
  apply: async (image, params, context) =>
    attackEncoder(image, await chosenTarget(params, context), params, context),
});
