/**
 * @file AdvDM: ascends the loss that a diffusion model is trained by, so that it learns nothing from the picture.
 *
 *   maximise E over t, e of |e - f(z_t, t, text)|^2 by 100 sign steps of 1/255 from a random start, within 16/255
 *
 * Source: Liang et al. 2023, as the Mist program implements it (mode 0, semantic). What differs here, on purpose:
 *
 * - The whole picture is seen, in windows where it is large; the program sees a random crop.
 * - The posterior's mean unless `latent=sampled`; the picture keeps its size and its opacity.
 * - The default level is 8/255, half of the published budget; `heavy` is the published one.
 */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { weightedSum } from '../optim/descend.ts';
import type { PluginContext } from '../plugin/define.ts';
import { defineProtection } from './define.ts';
import { DIFFUSION_NEEDS, denoisingObjective } from './parts/denoising.ts';
import { diffusionParameters, expectationRefers, perceptualNeed } from './parts/encoder-attack.ts';
import {
  attackBudgetParameters,
  budgetOf,
  descentParameters,
  type Optimisation,
  optimise,
  windowParameters,
} from './parts/optimise.ts';
import { type Expectation, expectationOf } from './parts/view.ts';

const params = z.strictObject({
  ...attackBudgetParameters,
  ...descentParameters({ steps: 100, step: 1 }),
  ...diffusionParameters,
  ...windowParameters,
});

export const advdm = defineProtection({
  id: 'advdm',
  version: 1,
  label: 'AdvDM',
  summary: 'Ascends the training loss of a diffusion model at the picture.',
  reference: 'Liang et al., Adversarial Example Does Good (ICML 2023)',
  params,
  needs: ({ lpips }) => [...DIFFUSION_NEEDS, ...perceptualNeed(lpips)],
  refers: expectationRefers,
  random: true,
  budget: budgetOf,
  apply: (image, given, context) => ascendDenoisingLoss(image, given, context),
});

/** Ascends the denoising loss; Mist's semantic mode is the same. */
export async function ascendDenoisingLoss(
  image: Image,
  params: Optimisation & Pick<Expectation, 'latent'> & { readonly prompt: string },
  context: PluginContext,
): Promise<Image> {
  const objectiveFor = async (working: Image) => {
    const loss = await denoisingObjective(context, {
      size: working,
      windowing: { side: params.window, overlap: params.overlap },
      prompt: params.prompt,
      fromTimestep: 0,
      expectation: expectationOf(params, context),
      random: context.random.fork('draws'),
    });
    return weightedSum([{ objective: loss, weight: -1 }]);
  };
  return optimise(image, objectiveFor, params, context, { keep: 'last' });
}
