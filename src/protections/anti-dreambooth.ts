/**
 * @file Anti-DreamBooth by alternating surrogate and perturbation learning (ASPL): ascends the training loss of a model that
 * each round first learns the clean picture, then goes on with what the picture has become.
 *
 *   50 rounds of 6 sign steps of 0.6375/255 within 6.375/255; 3 steps of fine-tuning on either side, rate 5e-7
 *
 * Source: Le et al. 2023 and its released scripts (0.05 and 0.005 on tensors of -1..1: halved here). What differs here,
 * on purpose:
 *
 * - One picture at a time: the clean set A and the protected set B are the same picture.
 * - Class pictures are painted once for all pictures, by 20 steps of a faster sampler, and no more than are drawn.
 * - All weights of the U-Net are trained, as published, but not the text encoder; `tuning=lora` is the cheap way.
 * - The prompt is a painting's; the paper protects faces. Size and opacity stay. The default level is 8/255.
 */
import { z } from 'zod';
import { alternate, alternationFormerNames, alternationParameters } from './parts/alternating.ts';
import { priorNeeds, priorRefers } from './parts/class-pictures.ts';
import { defineProtection } from './define.ts';
import { DIFFUSION_NEEDS } from './parts/denoising.ts';
import { diffusionParameters, expectationRefers, perceptualNeed } from './parts/encoder-attack.ts';
import { attackBudgetParameters, budgetOf, descentParameters, windowParameters } from './parts/optimise.ts';

export const antiDreambooth = defineProtection({
  id: 'anti-dreambooth',
  version: 2,
  label: 'Anti-DreamBooth',
  summary: 'Ascends the training loss of a diffusion model that is trained along (ASPL).',
  reference: 'Le et al., Anti-DreamBooth (ICCV 2023), ASPL',
  params: z.strictObject({
    ...attackBudgetParameters,
    ...descentParameters({ steps: 6, step: 0.6375 }),
    ...alternationParameters({
      rounds: 50,
      trainSteps: 3,
      lr: 5e-7,
      method: 'full',
      priorWeight: 1,
      classImages: 200,
    }),
    ...diffusionParameters,
    ...windowParameters,
  }),
  needs: (given) => [...DIFFUSION_NEEDS, ...priorNeeds(given), ...perceptualNeed(given.lpips)],
  formerNames: alternationFormerNames,
  refers: { ...expectationRefers, ...priorRefers },
  random: true,
  budget: budgetOf,
  apply: (image, params, context) => alternate(image, params, context, { loss: 'noise', cleanFirst: true }),
});
