/**
 * @file PhotoGuard's encoder attack: moves the latents of the image to zero, or to those of flat grey.
 *
 *   minimise ||E(x) - z||, z = 0, by 1,000 sign steps that decay from 2.55/255 to 1 % of it, from a random start
 *
 * Source: Salman et al. 2023; the released notebook for image-to-image editing (zero), its demo (grey, 200 steps of
 * 1.275/255, 15.3/255). What differs here, on purpose:
 *
 * - The squared norm replaces the norm: its gradient has the same signs.
 * - Latents are scaled as a U-Net takes them, which moves no minimum (zero stays zero if there is no shift).
 * - The published budget, 7.65/255, is not a whole number of 8-bit levels; the default level is 8/255.
 * - The image keeps its size. The best image on the way is kept, not the last.
 *
 * The diffusion attack through a whole editing pipeline is not here.
 */
import { z } from 'zod';
import { defineProtection } from './define.ts';
import { attackEncoder, encoderParameters, encoderProtection } from './parts/encoder-attack.ts';
import { attackParameters } from './parts/optimise.ts';
import { chosenTarget, targetFormerNames, targetParameters, targetRefers } from './parts/target.ts';

export const photoguard = defineProtection({
  ...encoderProtection,
  id: 'photoguard',
  version: 2,
  label: 'PhotoGuard',
  summary: 'Moves the latents of a VAE encoder to zero or to those of flat grey (the encoder attack).',
  reference:
    'Salman et al., Raising the Cost of Malicious AI-Powered Image Editing (ICML 2023), encoder attack',
  params: z.strictObject({
    ...attackParameters({ steps: 1000, stepSize: 2.55, schedule: 'decaying' }),
    ...targetParameters('zero'),
    ...encoderParameters,
  }),
  formerNames: { ...encoderProtection.formerNames, ...targetFormerNames },
  refers: { ...targetRefers, ...encoderProtection.refers },
  apply: async (image, params, context) =>
    attackEncoder(image, await chosenTarget(params, context), params, context),
});
