/**
 * @file The algorithm that Mist's textural mode, PhotoGuard's encoder attack and their relatives share:
 *
 *   minimise the distance of E(x) from a target latent, over all x within the L-infinity budget of the clean picture.
 *
 * They differ in target, budget and optimiser. Rooms: `surrogate.ts` (E, and the loss), `target.ts`, and from `optim/`
 * the constraint, the update and the loop.
 */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { imageTensor, withPlanes } from '../models/pixels.ts';
import { linfBall } from '../optim/constraint.ts';
import { descend } from '../optim/descend.ts';
import { adam, constant, decaying, signDescent, type Update } from '../optim/update.ts';
import { openRole, type PluginContext } from '../plugin/define.ts';
import { budgetParameters, epsPxOf, type LEVEL_EPS_PX } from './budget.ts';
import { latentObjective } from './surrogate.ts';
import type { Target } from './target.ts';

/** How a descent moves, with a protection's published values as defaults. */
export const descentParameters = (published: {
  readonly steps: number;
  readonly step: number;
  readonly schedule: 'constant' | 'decaying';
}) => ({
  steps: z.int().min(1).max(10_000).default(published.steps).describe('gradient steps'),
  step: z.number().min(0.01).max(64).default(published.step).describe('size of a step, in 1/255'),
  schedule: z
    .enum(['constant', 'decaying'])
    .default(published.schedule)
    .describe('size of later steps: the same, or falling along a line to 1 % of the first'),
  optimizer: z
    .enum(['sign', 'adam'])
    .default('sign')
    .describe('sign: steps along the sign of the gradient (PGD); adam: Adam with step as its rate'),
  momentum: z.number().min(0).max(1).default(0).describe('of sign steps: share of the past direction kept'),
  start: z
    .enum(['random', 'clean'])
    .default('random')
    .describe('where to start: anywhere in the budget, or at the clean picture'),
  patience: z
    .int()
    .min(0)
    .default(0)
    .describe('end after so many steps without a better picture; 0: make all steps'),
});

/** Windows for pictures larger than what a network takes well at once. */
export const windowParameters = {
  window: z
    .int()
    .min(256)
    .max(4096)
    .multipleOf(64)
    .default(512)
    .describe('longest side that the surrogate sees at once, in px; larger pictures are seen in windows'),
  overlap: z.int().min(0).max(128).multipleOf(8).default(64).describe('what windows share, in px'),
};

/** The budget of an optimised protection: at least one step of an 8-bit value, at most a quarter of the range. */
export const attackBudgetParameters = {
  ...budgetParameters,
  eps: z.number().min(1).max(64).optional().describe('budget in 1/255; takes the place of level'),
};

/** What all of these parameters mean together. */
interface EncoderAttack {
  readonly level: keyof typeof LEVEL_EPS_PX;
  readonly eps?: number | undefined;
  readonly steps: number;
  readonly step: number;
  readonly schedule: 'constant' | 'decaying';
  readonly optimizer: 'sign' | 'adam';
  readonly momentum: number;
  readonly start: 'random' | 'clean';
  readonly patience: number;
  readonly window: number;
  readonly overlap: number;
}

/**
 * The picture in the budget around `image` whose latents are nearest to the target's, among those met on the way.
 * @throws IMAGE where the image is smaller than a latent cell; MODEL where a gradient is no number, with the step.
 */
export async function attackEncoder(
  image: Image,
  target: Target,
  params: EncoderAttack,
  context: PluginContext,
): Promise<Image> {
  const encoder = await openRole(context, 'vae-encoder');
  const windowing = { side: params.window, overlap: params.overlap };
  const objective = await latentObjective([encoder], target, image, windowing);
  const clean = imageTensor(image).data;
  // Pixels of the saved file move in whole 1/255: what is beyond the whole part would be clipped off.
  const constraint = linfBall(clean, Math.floor(epsPxOf(params)));
  const { x } = await descend(
    params.start === 'random' ? constraint.draw(context.random) : clean,
    objective,
    {
      steps: params.steps,
      update: updateOf(params),
      constraint,
      patience: params.patience,
      signal: context.signal,
      onProgress: context.onProgress,
    },
  );
  return withPlanes(image, x);
}

function updateOf({ optimizer, schedule, step, steps, momentum }: EncoderAttack): Update {
  const size = schedule === 'constant' ? constant(step / 255) : decaying(step / 255, steps);
  return optimizer === 'sign' ? signDescent(size, { momentum }) : adam(size);
}
