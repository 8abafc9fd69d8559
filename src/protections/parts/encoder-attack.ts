/**
 * @file The algorithm that Mist's textural mode, PhotoGuard's encoder attack and their relatives share:
 *
 *   minimise the distance of E(x) from a target latent, over all x within the budget of the clean image.
 *
 * They differ in target, budget and optimiser. Its parts: `surrogate.ts` (E and the loss), `target.ts`, `optimise.ts`.
 */
import { z } from 'zod';
import type { Image } from '../../image/image.ts';
import { openRoles, type PluginContext, type RoleNeed } from '../../plugin/define.ts';
import {
  attackFormerNames,
  budgetOf,
  type Fixed,
  type Optimisation,
  optimise,
  windowParameters,
} from './optimise.ts';
import { latentObjective } from './surrogate.ts';
import type { Target } from './target.ts';
import { type Expectation, expectationOf, expectationParameters, expectationRefers } from './view.ts';

/** Root mean square distance of the latents from the target's; an ensemble's over all encoders together. */
const LATENT_DISTANCE = 'latent distance';

/** The last parameters of an attack on encoders: windows, and the encoders to optimise against. */
export const encoderParameters = {
  ...windowParameters,
  surrogates: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'ids of models in the role vae-encoder to optimise against together; empty: the model in that role',
    ),
  ...expectationParameters,
};

/** The networks of an attack on encoders with these parameters. */
export const encoderNeeds = ({
  surrogates,
  lpips,
}: {
  readonly surrogates: readonly string[];
  readonly lpips?: number | undefined;
}): readonly RoleNeed[] => [{ role: 'vae-encoder', models: surrogates }, ...perceptualNeed(lpips)];

/** A perceptual budget needs a model to measure it. */
export const perceptualNeed = (lpips: number | undefined): readonly RoleNeed[] =>
  lpips === undefined ? [] : [{ role: 'perceptual' }];

/** The fields that all attacks on encoders share. */
export const encoderProtection = {
  formerNames: attackFormerNames,
  needs: encoderNeeds,
  refers: expectationRefers,
  random: true,
  budget: budgetOf,
} as const;

/**
 * The image within the budget around `image` whose latents are nearest to the target's, among those met on the way.
 * @throws IMAGE if the image is smaller than a latent cell; MODEL if a gradient is not a number, with the step, or if
 * latents are to be sampled and an encoder gives only their mean; BUDGET if a perceptual budget leaves no room
 */
export async function attackEncoder(
  image: Image,
  target: Target,
  params: Optimisation & Pick<Expectation, 'latent'>,
  context: PluginContext,
  fixed: Fixed = {},
): Promise<Image> {
  const encoders = await openRoles(context, 'vae-encoder');
  const windowing = { side: params.window, overlap: params.overlap };
  const expectation = expectationOf(params, context);
  const objectiveFor = (working: Image) => latentObjective(encoders, target, working, windowing, expectation);
  // The least of losses that are sampled at each step is luck.
  const sampled = expectation.transformations.length > 0 || params.latent === 'sampled';
  const keep = sampled ? 'last' : 'best';
  return optimise(image, objectiveFor, params, context, { keep, noteAs: LATENT_DISTANCE, ...fixed });
}
