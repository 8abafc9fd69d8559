/**
 * @file ACE: pulls what a diffusion model predicts at the picture to the latent of one fixed target, while the model goes
 * on learning the picture.
 *
 *   minimise E over t >= 600, e of |f(z_t, t, text) - z_T|^2; ACE+: + 100 |z - z_T|^2; both mean squares
 *
 * 5 rounds of 50 sign steps of 0.6375/255 within 4/255; after each round 5 steps of LoRA, rank 4, rate 1e-4. Source: Zheng et
 * al. 2023 and the released `attacks/aspl_lora_m.py` (its 8/255 and 5e-3 are on tensors of -1..1: halved here). What
 * differs here, on purpose:
 *
 * - One picture at a time, and the surrogate learns that one; the program protects a set together.
 * - Class pictures are painted once for all pictures, by 20 steps of a faster sampler, and no more than are drawn.
 * - A pattern of our own for the target; size and opacity stay; float32 instead of bfloat16.
 * - The default level is 8/255; `light` is the published one.
 */
import { z } from 'zod';
import { alternate, alternationFormerNames, alternationParameters } from './parts/alternating.ts';
import { priorNeeds, priorRefers } from './parts/class-pictures.ts';
import { defineProtection } from './define.ts';
import { DIFFUSION_NEEDS } from './parts/denoising.ts';
import { diffusionParameters, expectationRefers, perceptualNeed } from './parts/encoder-attack.ts';
import { attackBudgetParameters, budgetOf, descentParameters, windowParameters } from './parts/optimise.ts';
import { chosenTarget, targetParameters, targetRefers } from './parts/target.ts';

export const ace = defineProtection({
  id: 'ace',
  version: 3,
  label: 'ACE',
  summary: 'Pulls the prediction of a diffusion model that is being trained to one target latent.',
  reference: 'Zheng et al., Understanding and Improving Adversarial Attacks on Latent Diffusion Model (2023)',
  params: z.strictObject({
    mode: z.enum(['ace', 'ace+']).default('ace').describe('ace+ pulls the latents to the target, too'),
    ...attackBudgetParameters,
    ...descentParameters({ steps: 50, step: 0.6375 }),
    ...alternationParameters({ rounds: 5, trainSteps: 5, lr: 1e-4, priorWeight: 0.1, classImages: 50 }),
    ...diffusionParameters,
    ...targetParameters('glyphs'),
    ...windowParameters,
  }),
  needs: (given) => [...DIFFUSION_NEEDS, ...priorNeeds(given), ...perceptualNeed(given.lpips)],
  formerNames: alternationFormerNames,
  refers: { ...targetRefers, ...expectationRefers, ...priorRefers },
  random: true,
  budget: budgetOf,
  apply: async (image, params, context) =>
    alternate(image, params, context, {
      loss: 'target',
      target: await chosenTarget(params, context),
      fromTimestep: 600,
      ...(params.mode === 'ace+' && { pull: 100 }),
    }),
});
