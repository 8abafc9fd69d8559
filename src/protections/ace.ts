/**
 * @file ACE: moves the prediction of a diffusion model to the latent of one fixed target, while the model is being trained on
 * the image.
 *
 *   minimise E over t >= 600, e of |f(z_t, t, text) - z_T|^2; ACE+: + 100 |z - z_T|^2; both mean squares
 *
 * 5 rounds of 50 sign steps of 0.6375/255 within 4/255. After each round 5 steps of LoRA, rank 4, learning rate 1e-4.
 * Source: Zheng et al. 2023 and the released `attacks/aspl_lora_m.py` (its 8/255 and 5e-3 are on tensors of -1..1: halved
 * here). What differs here, on purpose:
 *
 * - One image at a time, and the surrogate is trained on that one; the program protects a set together.
 * - Class images are sampled once for all images, by 20 steps of a faster sampler, and no more than are used.
 * - The target is a pattern of our own. Size and opacity stay. float32 instead of bfloat16.
 * - The default level is 8/255; `light` is the published one.
 */
import { z } from 'zod';
import { defineProtection } from './define.ts';
import { alternate, alternatingParameters, alternatingProtection } from './parts/alternating.ts';
import { diffusionTargetParameters } from './parts/diffusion-protection.ts';
import { chosenTarget, targetFormerNames, targetRefers } from './parts/target.ts';

export const ace = defineProtection({
  ...alternatingProtection,
  id: 'ace',
  version: 3,
  label: 'ACE',
  summary:
    'Moves the prediction of a diffusion model to a target latent while the model is being fine-tuned.',
  reference: 'Zheng et al., Understanding and Improving Adversarial Attacks on Latent Diffusion Model (2023)',
  params: z.strictObject({
    mode: z
      .enum(['ace', 'ace+'])
      .default('ace')
      .describe('ace: move the prediction to the target; ace+: move the latents there as well'),
    ...alternatingParameters({
      steps: 50,
      stepSize: 0.6375,
      rounds: 5,
      trainSteps: 5,
      lr: 1e-4,
      priorWeight: 0.1,
      classImages: 50,
    }),
    ...diffusionTargetParameters,
  }),
  formerNames: { ...alternatingProtection.formerNames, ...targetFormerNames },
  refers: { ...alternatingProtection.refers, ...targetRefers },
  apply: async (image, params, context) =>
    alternate(image, params, context, {
      loss: 'target',
      target: await chosenTarget(params, context),
      fromTimestep: 600,
      ...(params.mode === 'ace+' && { pull: 100 }),
    }),
});
