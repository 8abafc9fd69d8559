/**
 * @file Anti-DreamBooth by alternating surrogate and perturbation learning (ASPL): maximises the training loss of a model.
 * Each round first trains a copy of the model on the clean image, then the model on the current state of the image.
 *
 *   50 rounds of 6 sign steps of 0.6375/255 within 6.375/255; 3 steps of fine-tuning on either side, learning rate 5e-7
 *
 * Source: Le et al. 2023 and its released scripts (0.05 and 0.005 on tensors of -1..1: halved here). What differs here,
 * on purpose:
 *
 * - One image at a time: the clean set A and the protected set B are the same image.
 * - Class images are sampled once for all images, by 20 steps of a faster sampler, and no more than are used.
 * - All weights of the U-Net are trained, as published, but not the text encoder; `method=lora` is cheaper.
 * - The prompt is that of a painting; the paper protects faces. Size and opacity stay. The default level is 8/255.
 */
import { z } from 'zod';
import { defineProtection } from './define.ts';
import { alternate, alternatingParameters, alternatingProtection } from './parts/alternating.ts';
import { diffusionParameters } from './parts/diffusion-protection.ts';

export const antiDreambooth = defineProtection({
  ...alternatingProtection,
  id: 'anti-dreambooth',
  version: 2,
  label: 'Anti-DreamBooth',
  summary: 'Maximises the training loss of a diffusion model that is being fine-tuned on the image (ASPL).',
  reference: 'Le et al., Anti-DreamBooth (ICCV 2023), ASPL',
  params: z.strictObject({
    ...alternatingParameters({
      steps: 6,
      stepSize: 0.6375,
      rounds: 50,
      trainSteps: 3,
      lr: 5e-7,
      method: 'full',
      priorWeight: 1,
      classImages: 200,
    }),
    ...diffusionParameters,
  }),
  apply: (image, params, context) => alternate(image, params, context, { loss: 'noise', cleanFirst: true }),
});
