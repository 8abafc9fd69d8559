/**
 * @file The algorithm that Mist's textural mode, PhotoGuard's encoder attack and their relatives share:
 *
 *   minimise the distance of E(x) from a target latent, over all x within the budget of the clean picture.
 *
 * They differ in target, budget and optimiser. Rooms: `surrogate.ts` (E, and the loss), `target.ts`, `optimise.ts`.
 */
import { z } from 'zod';
import type { Image } from '../../image/image.ts';
import { openRoles, type PluginContext, type RoleNeed } from '../../plugin/define.ts';
import { type Fixed, type Optimisation, optimise } from './optimise.ts';
import { latentObjective } from './surrogate.ts';
import type { Target } from './target.ts';
import { type Expectation, expectationOf } from './view.ts';

/** Root mean square distance of latents from the target's, of an ensemble's over all encoders together. */
const LATENT_DISTANCE = 'latent distance';

/** What the mimic may do to the picture before a network sees it, and what it makes of what the encoder says. */
export const expectationParameters = {
  latent: z
    .enum(['mean', 'sampled'])
    .default('mean')
    .describe(
      'what each step sees of the latents: the mean of their distribution, or a draw from it, where the encoder gives one',
    ),
  eot: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'chains of attacks with a graph, of which each step sees the picture through one, drawn: expectation over transformation',
    ),
};

/** Which encoders are optimised against. */
export const surrogateParameters = {
  surrogates: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'ids of models in the role vae-encoder, all optimised against at once; none: the one that plays the role',
    ),
  ...expectationParameters,
};

/** Words that a diffusion model is given beside the picture. */
export const diffusionParameters = {
  ...expectationParameters,
  prompt: z.string().default('a painting').describe('what the diffusion model is told that it sees'),
};

/** `refers` of a plug-in that has these parameters. */
export const expectationRefers = { eot: 'attacks' } as const;

/** The networks of an attack on encoders with these parameters. */
export const encoderNeeds = ({
  surrogates,
  lpips,
}: {
  readonly surrogates: readonly string[];
  readonly lpips?: number | undefined;
}): readonly RoleNeed[] => [{ role: 'vae-encoder', models: surrogates }, ...perceptualNeed(lpips)];

/** A perceptual budget needs something to measure it by. */
export const perceptualNeed = (lpips: number | undefined): readonly RoleNeed[] =>
  lpips === undefined ? [] : [{ role: 'perceptual' }];

/**
 * The picture in the budget around `image` whose latents are nearest to the target's, among those met on the way.
 * @throws IMAGE where the image is smaller than a latent cell; MODEL where a gradient is no number, with the step, or
 * where latents are to be drawn and an encoder gives only their mean;
 * BUDGET where a perceptual budget leaves no room.
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
  // Of losses that are drawn anew at each step, the least is luck.
  const drawn = expectation.transformations.length > 0 || params.latent === 'sampled';
  const keep = drawn ? 'last' : 'best';
  return optimise(image, objectiveFor, params, context, { keep, noteAs: LATENT_DISTANCE, ...fixed });
}
