/**
 * @file SDS, descending: moves the picture along what score distillation says, without any gradient through the U-Net.
 *
 *   minimise by the gradient (f(z_t, t, text) - e) dz/dx, 100 sign steps of 1/255 from a random start, within 16/255
 *
 * Source: Xue et al. 2024 (Diff-Protect), the g- variant that they recommend. What differs here, on purpose: the whole
 * picture is seen, in windows where it is large; the posterior's mean unless `latent=sampled`; size and opacity stay; the default level is 8/255.
 */
import { z } from 'zod';
import { defineProtection } from './define.ts';
import { DIFFUSION_NEEDS, distillationObjective } from './parts/denoising.ts';
import { diffusionParameters, expectationRefers, perceptualNeed } from './parts/encoder-attack.ts';
import {
  attackBudgetParameters,
  budgetOf,
  descentParameters,
  optimise,
  windowParameters,
} from './parts/optimise.ts';
import { expectationOf } from './parts/view.ts';

export const sds = defineProtection({
  id: 'sds',
  version: 1,
  label: 'SDS',
  summary: 'Descends the score distillation of a diffusion model: a forward pass of the U-Net for each step.',
  reference: 'Xue et al., Toward effective protection against diffusion-based mimicry (ICLR 2024), SDS(-)',
  params: z.strictObject({
    ...attackBudgetParameters,
    ...descentParameters({ steps: 100, step: 1 }),
    ...diffusionParameters,
    ...windowParameters,
  }),
  needs: ({ lpips }) => [...DIFFUSION_NEEDS, ...perceptualNeed(lpips)],
  refers: expectationRefers,
  random: true,
  budget: budgetOf,
  apply: (image, params, context) => {
    const objectiveFor = (size: typeof image) =>
      distillationObjective(context, {
        size,
        windowing: { side: params.window, overlap: params.overlap },
        prompt: params.prompt,
        fromTimestep: 0,
        expectation: expectationOf(params, context),
        random: context.random.fork('draws'),
      });
    return optimise(image, objectiveFor, params, context, { keep: 'last' });
  },
});
