/**
 * @file AdvDM: maximises the training loss of a diffusion model at the image, so that training on it fails.
 *
 *   maximise E over t, e of |e - f(z_t, t, text)|^2 by 100 sign steps of 1/255 from a random start, within 16/255
 *
 * Source: Liang et al. 2023, as the Mist program implements it (mode 0, semantic). What differs here, on purpose:
 *
 * - The whole image is used, in windows if it is large; the program uses a random crop.
 * - The loss uses the mean of the posterior unless `latent=sampled`. The image keeps its size and its opacity.
 * - The default level is 8/255, half of the published budget; `heavy` is the published one.
 */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { weightedSum } from '../optim/descend.ts';
import type { PluginContext } from '../plugin/define.ts';
import { defineProtection } from './define.ts';
import { denoisingObjective } from './parts/denoising.ts';
import {
  type DiffusionAttack,
  diffusionParameters,
  diffusionProtection,
  lossOptions,
} from './parts/diffusion-protection.ts';
import { attackParameters, optimise } from './parts/optimise.ts';

export const advdm = defineProtection({
  ...diffusionProtection,
  id: 'advdm',
  version: 1,
  label: 'AdvDM',
  summary: 'Maximises the training loss of a diffusion model at the image.',
  reference: 'Liang et al., Adversarial Example Does Good (ICML 2023)',
  params: z.strictObject({ ...attackParameters({ steps: 100, stepSize: 1 }), ...diffusionParameters }),
  apply: (image, params, context) => ascendDenoisingLoss(image, params, context),
});

/** Maximises the denoising loss; Mist's semantic mode does the same. */
export async function ascendDenoisingLoss(
  image: Image,
  params: DiffusionAttack,
  context: PluginContext,
): Promise<Image> {
  const objectiveFor = async (working: Image) => {
    const loss = await denoisingObjective(context, lossOptions(working, params, context));
    return weightedSum([{ objective: loss, weight: -1 }]);
  };
  return optimise(image, objectiveFor, params, context, { keep: 'last' });
}
