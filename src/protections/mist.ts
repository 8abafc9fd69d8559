/**
 * @file Mist (v1): moves the latents of the image towards those of a repeated pattern, maximises the loss of a diffusion
 * model at the image, or both.
 *
 *   textural: minimise L_T = ||z(x) - z(y)||^2     semantic: maximise L_S, the diffusion model's training loss (AdvDM)
 *   fused: minimise L_T - 10^(fusion + 3) L_S      each by 100 sign steps of 1/255 from a random start, within 16/255
 *
 * Source: Liang and Wu 2023; the released program's `mist_v3.py`, modes 1, 0 and 2. What differs here, on purpose:
 *
 * - `mist-v1` steps as the program does. `mist` steps along a blurred gradient with some momentum, within the same budget. Its
 *   perturbation is coarser, and more of it is left after JPEG and rescaling (docs/evidence/protections.md has both).
 * - z is the mean of the posterior; the program samples it at each step, as `latent=sampled` does. Tiny autoencoders have no
 *   posterior. z(y) is the mean in any case.
 * - y is a pattern of our own, 3 x 8 glyphs as there. It repeats at every window of a large image.
 * - The image keeps its size; the program squashes it to a square of 512 px.
 * - The best image on the way is kept, not the last. The random start is in whole 1/255, so that rounding changes nothing.
 * - The program truncates to 8 bits and exceeds its budget by 1/255. Here the saved file keeps it.
 * - The default level is 8/255, half of the published budget, as for all protections here; `heavy` is the published one.
 * - The default mode is textural, which needs no U-Net (the program's is fused). L_S uses the whole image, not a random crop.
 */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { weightedSum } from '../optim/descend.ts';
import { openRoles, type PluginContext, type RoleNeed, roleNeeds } from '../plugin/define.ts';
import { ascendDenoisingLoss } from './advdm.ts';
import { defineProtection } from './define.ts';
import { denoisingObjective } from './parts/denoising.ts';
import { type DiffusionAttack, lossOptions, promptParameter } from './parts/diffusion-protection.ts';
import { attackEncoder, encoderNeeds, encoderParameters, encoderProtection } from './parts/encoder-attack.ts';
import { attackParameters, optimise, type PublishedDescent } from './parts/optimise.ts';
import { latentObjective } from './parts/surrogate.ts';
import {
  chosenTarget,
  type Target,
  targetFormerNames,
  targetParameters,
  targetRefers,
} from './parts/target.ts';

const parameters = (published: PublishedDescent) =>
  z.strictObject({
    mode: z
      .enum(['textural', 'semantic', 'fused'])
      .default('textural')
      .describe(
        'loss: textural (distance of the latents from the target), semantic (training loss of the diffusion model, maximised), or fused (both)',
      ),
    fusion: z
      .number()
      .min(-4)
      .max(5)
      .default(1)
      .describe('weight of the semantic loss, for mode=fused: 10^(fusion + 3)'),
    prompt: promptParameter,
    ...attackParameters(published),
    ...targetParameters('glyphs'),
    ...encoderParameters,
  });

type Given = z.infer<ReturnType<typeof parameters>>;

/** Everything except names and the way of stepping. */
const common = {
  ...encoderProtection,
  reference: 'Liang and Wu, Mist: Towards Improved Adversarial Examples for Diffusion Models (2023)',
  formerNames: { ...encoderProtection.formerNames, ...targetFormerNames },
  needs: (given: Given): readonly RoleNeed[] => [
    ...encoderNeeds(given),
    ...(given.mode === 'textural' ? [] : roleNeeds('unet', 'text-encoder')),
  ],
  refers: { ...targetRefers, ...encoderProtection.refers },
  apply: async (image: Image, params: Given, context: PluginContext): Promise<Image> => {
    if (params.mode === 'semantic') return ascendDenoisingLoss(image, params, context);
    const target = await chosenTarget(params, context);
    if (params.mode === 'textural') return attackEncoder(image, target, params, context);
    return fused(image, target, params, context);
  },
} as const;

export const mist = defineProtection({
  ...common,
  id: 'mist',
  version: 4,
  label: 'Mist',
  summary:
    'Moves the latents of a VAE encoder towards a repeated pattern, maximises a diffusion model’s loss, or both.',
  params: parameters({ steps: 100, stepSize: 1, momentum: 0.5, gradientBlur: 0.5 }),
});

export const mistV1 = defineProtection({
  ...common,
  id: 'mist-v1',
  version: 2,
  label: 'Mist v1',
  summary: 'Mist with the steps of the published program: along the sign of the raw gradient.',
  params: parameters({ steps: 100, stepSize: 1 }),
});

/** sum of (z(x) - z(y))^2 - 10^(fusion + 3) mean of (e - f(z_t, t, text))^2. */
async function fused(
  image: Image,
  target: Target,
  params: DiffusionAttack & { readonly fusion: number },
  context: PluginContext,
): Promise<Image> {
  const objectiveFor = async (size: Image) => {
    const options = lossOptions(size, params, context);
    const { windowing, expectation } = options;
    const semantic = await denoisingObjective(context, options);
    const encoders = await openRoles(context, 'vae-encoder');
    // The published sum runs over the four channels of each cell of 8 x 8 px; ours is their mean.
    const values = (4 * size.width * size.height) / 64;
    return weightedSum([
      { objective: await latentObjective(encoders, target, size, windowing, expectation), weight: values },
      { objective: semantic, weight: -(10 ** (params.fusion + 3)) },
    ]);
  };
  return optimise(image, objectiveFor, params, context, { keep: 'last' });
}
