/**
 * @file SDS, descending: follows the gradient of score distillation, which does not pass through the U-Net.
 *
 *   minimise by the gradient (f(z_t, t, text) - e) dz/dx, 100 sign steps of 1/255 from a random start, within 16/255
 *
 * Source: Xue et al. 2024 (Diff-Protect), the g- variant that they recommend. What differs here, on purpose:
 *
 * - The whole image is used, in windows if it is large. It keeps its size and its opacity.
 * - The loss uses the mean of the posterior unless `latent=sampled`. The default level is 8/255.
 */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { defineProtection } from './define.ts';
import { distillationObjective } from './parts/denoising.ts';
import { diffusionParameters, diffusionProtection, lossOptions } from './parts/diffusion-protection.ts';
import { attackParameters, optimise } from './parts/optimise.ts';

export const sds = defineProtection({
  ...diffusionProtection,
  id: 'sds',
  version: 1,
  label: 'SDS',
  summary:
    'Minimises the score-distillation loss of a diffusion model: one forward pass of the U-Net per step.',
  reference: 'Xue et al., Toward effective protection against diffusion-based mimicry (ICLR 2024), SDS(-)',
  params: z.strictObject({ ...attackParameters({ steps: 100, stepSize: 1 }), ...diffusionParameters }),
  apply: (image, params, context) => {
    const objectiveFor = (working: Image) =>
      distillationObjective(context, lossOptions(working, params, context));
    return optimise(image, objectiveFor, params, context, { keep: 'last' });
  },
});
