/**
 * @file Mist (v1): pulls the picture's latents towards those of a repeated pattern, spoils what a diffusion model predicts
 * at it, or both.
 *
 *   textural: minimise L_T = ||z(x) - z(y)||^2     semantic: maximise L_S, the diffusion model's training loss (AdvDM)
 *   fused: minimise L_T - 10^(fusion + 3) L_S      each by 100 sign steps of 1/255 from a random start, within 16/255
 *
 * Source: Liang and Wu 2023; the released program's `mist_v3.py`, modes 1, 0 and 2. What differs here, on purpose:
 *
 * - `mist-v1` steps as the program does. `mist` steps along a smoothed gradient with some momentum, within the same budget: what
 *   it adds is coarser, and more of it is left after JPEG and rescaling (docs/protections.md has both).
 * - z is the posterior's mean; the program draws a sample at each step, as `latent=sampled` does. Tiny autoencoders have no
 *   posterior. z(y) is the mean in any case.
 * - y is a pattern of our own, 3 x 8 glyphs as there. It repeats at every window of a large picture.
 * - The picture keeps its size; the program squashes it to a square of 512 px.
 * - The best picture on the way is kept, not the last; the random start is in whole 1/255, so that rounding changes nothing.
 * - The program truncates to 8 bits and leaves its budget by 1/255. Here the saved file keeps it.
 * - The default level is 8/255, half of the published budget, as for all protections here; `heavy` is the published one.
 * - The default mode is textural, which needs no U-Net (the program's is fused); L_S sees the whole picture, not a random crop.
 */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { weightedSum } from '../optim/descend.ts';
import { openRoles, type PluginContext, type RoleNeed } from '../plugin/define.ts';
import { ascendDenoisingLoss } from './advdm.ts';
import { defineProtection } from './define.ts';
import { denoisingObjective } from './parts/denoising.ts';
import {
  attackEncoder,
  encoderNeeds,
  diffusionParameters,
  surrogateParameters,
  expectationRefers,
} from './parts/encoder-attack.ts';
import {
  attackBudgetParameters,
  budgetOf,
  descentParameters,
  type Optimisation,
  optimise,
  windowParameters,
} from './parts/optimise.ts';
import { latentObjective } from './parts/surrogate.ts';
import { chosenTarget, type Target, targetParameters, targetRefers } from './parts/target.ts';
import { type Expectation, expectationOf } from './parts/view.ts';

const parameters = (descent: Parameters<typeof descentParameters>[0]) =>
  z.strictObject({
    mode: z
      .enum(['textural', 'semantic', 'fused'])
      .default('textural')
      .describe(
        'the loss: distance of latents from the target, the diffusion model’s own loss (ascended), or both',
      ),
    fusion: z
      .number()
      .min(-4)
      .max(5)
      .default(1)
      .describe('of mode fused: the semantic loss counts 10^(fusion + 3) times'),
    prompt: diffusionParameters.prompt,
    ...attackBudgetParameters,
    ...descentParameters(descent),
    ...targetParameters('glyphs'),
    ...windowParameters,
    ...surrogateParameters,
  });

type Given = z.infer<ReturnType<typeof parameters>>;

/** All but names, and what steps are like. */
const common = {
  reference: 'Liang and Wu, Mist: Towards Improved Adversarial Examples for Diffusion Models (2023)',
  needs: (given: Given): readonly RoleNeed[] => [
    ...encoderNeeds(given),
    ...(given.mode === 'textural' ? [] : ([{ role: 'unet' }, { role: 'text-encoder' }] as const)),
  ],
  refers: { ...targetRefers, ...expectationRefers },
  random: true,
  budget: budgetOf,
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
    'Pulls the latents of a VAE encoder towards a repeated pattern, ascends a diffusion model’s loss, or both.',
  params: parameters({ steps: 100, step: 1, momentum: 0.5, smooth: 0.5 }),
});

export const mistV1 = defineProtection({
  ...common,
  id: 'mist-v1',
  version: 2,
  label: 'Mist v1',
  summary: 'Mist with the steps of the published program: along the sign of the bare gradient.',
  params: parameters({ steps: 100, step: 1 }),
});

/** sum of (z(x) - z(y))^2 - 10^(fusion + 3) mean of (e - f(z_t, t, text))^2. */
async function fused(
  image: Image,
  target: Target,
  params: Optimisation & Pick<Expectation, 'latent'> & { readonly prompt: string; readonly fusion: number },
  context: PluginContext,
): Promise<Image> {
  const objectiveFor = async (size: Image) => {
    const windowing = { side: params.window, overlap: params.overlap };
    const random = context.random.fork('draws');
    const expectation = expectationOf(params, context);
    const options = { size, windowing, prompt: params.prompt, fromTimestep: 0, expectation, random };
    const semantic = await denoisingObjective(context, options);
    const encoders = await openRoles(context, 'vae-encoder');
    // The published sum runs over four channels of each cell of 8 x 8 px; ours is their mean.
    const values = (4 * size.width * size.height) / 64;
    return weightedSum([
      { objective: await latentObjective(encoders, target, size, windowing, expectation), weight: values },
      { objective: semantic, weight: -(10 ** (params.fusion + 3)) },
    ]);
  };
  return optimise(image, objectiveFor, params, context, { keep: 'last' });
}
