/**
 * @file What all optimised protections share: from a picture and an objective to a picture within the budgets.
 *
 * Budgets: a hard L-infinity ball, narrower in flat areas where asked; and, where asked, a perceptual one. Optimisers:
 * sign descent with constant or falling steps and momentum, or Adam, from a random point or the clean picture; the best
 * picture on the way is kept. A protection brings its objective, and its published values as defaults.
 */
import { z } from 'zod';
import { blurPlanes } from '../../image/filters/gaussian.ts';
import { type Image, type Size, withPixels } from '../../image/image.ts';
import { resize, resizeFloats } from '../../image/resample.ts';
import { hidingPower } from '../../image/visibility.ts';
import { perceptualUnmet } from '../../messages/index.ts';
import { imageTensor, withPlanes } from '../../models/pixels.ts';
import { type Constraint, linfBall } from '../../optim/constraint.ts';
import { descend, type Objective, weightedSum } from '../../optim/descend.ts';
import { adam, constant, decaying, signDescent, type Update } from '../../optim/update.ts';
import { openRole, type PluginContext } from '../../plugin/define.ts';
import { budgetParameters, epsPxOf, type LEVEL_EPS_PX } from './budget.ts';
import type { Budget } from '../define.ts';
import { perceptualHinge, withinPerceptual } from './perceptual.ts';

/** How a descent moves, with a protection's published values as defaults. */
export const descentParameters = (published: {
  readonly steps: number;
  readonly step: number;
  readonly schedule?: 'constant' | 'decaying';
  readonly optimizer?: 'sign' | 'adam';
  readonly start?: 'random' | 'clean';
  readonly momentum?: number;
  readonly smooth?: number;
}) => ({
  steps: z.int().min(1).max(10_000).default(published.steps).describe('gradient steps'),
  step: z.number().min(0.01).max(64).default(published.step).describe('size of a step, in 1/255'),
  schedule: z
    .enum(['constant', 'decaying'])
    .default(published.schedule ?? 'constant')
    .describe('size of later steps: the same, or falling along a line to 1 % of the first'),
  optimizer: z
    .enum(['sign', 'adam'])
    .default(published.optimizer ?? 'sign')
    .describe('sign: steps along the sign of the gradient (PGD); adam: Adam with step as its rate'),
  momentum: z
    .number()
    .min(0)
    .max(1)
    .default(published.momentum ?? 0)
    .describe('of sign steps: share of the past direction kept'),
  smooth: z
    .number()
    .min(0)
    .max(8)
    .default(published.smooth ?? 0)
    .describe('sigma of a Gaussian blur of each gradient, in px: a coarser change outlives more; 0: none'),
  start: z
    .enum(['random', 'clean'])
    .default(published.start ?? 'random')
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
  fit: z
    .enum(['windows', 'resize'])
    .default('windows')
    .describe(
      'resize: squash the picture to one square window, and stretch the change back over it, as published programs do',
    ),
};

/** The budgets of an optimised protection: at least one step of an 8-bit value, at most a quarter of the range. */
export const attackBudgetParameters = {
  ...budgetParameters,
  eps: z.number().min(1).max(64).optional().describe('budget in 1/255; takes the place of level'),
  lpips: z
    .number()
    .min(0.001)
    .max(1)
    .optional()
    .describe('perceptual budget beside eps, in the distance of the model in the role perceptual'),
  flat: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('share of eps that flat areas and line art get, where a change shows most'),
};

/** What all of these parameters mean together. */
export interface Optimisation {
  readonly level: keyof typeof LEVEL_EPS_PX;
  readonly eps?: number | undefined;
  readonly lpips?: number | undefined;
  readonly flat: number;
  readonly steps: number;
  readonly step: number;
  readonly schedule: 'constant' | 'decaying';
  readonly optimizer: 'sign' | 'adam';
  readonly momentum: number;
  readonly smooth: number;
  readonly start: 'random' | 'clean';
  readonly patience: number;
  readonly window: number;
  readonly overlap: number;
  readonly fit: 'windows' | 'resize';
}

/** What a protection may fix beside its parameters. */
export interface Fixed {
  /** Weight of the perceptual penalty, beside an objective that is a mean over latent cells. */
  readonly penalty?: number;
  /** How far a random start lies from the clean picture at most, in 1/255; all of the budget unless told. */
  readonly startPx?: number;
  /** `last` where the loss is drawn anew at each step. */
  readonly keep?: 'best' | 'last';
  /** The name under which the objective's square root before and after is noted, where it is a squared distance. */
  readonly noteAs?: string;
}

/** The budget that these parameters promise. */
export const budgetOf = (params: Pick<Optimisation, 'level' | 'eps' | 'lpips'>): Budget => ({
  epsPx: epsPxOf(params),
  ...(params.lpips !== undefined && { lpips: params.lpips }),
});

/** Within a perceptual budget a distance has to fall by this share at least: an error is better than a weak picture. */
const LEAST_GAIN = 0.02;

/** Glaze's alpha of 30 weighs a mean over unscaled latents, which are 1/0.18215 of those that a U-Net takes. */
const GLAZE_PENALTY = 30 * 0.18215 ** 2;

/**
 * The best picture that a descent finds within the budgets of `image`. `objectiveFor` makes the loss for the picture
 * that is optimised, which has another size than `image` where `fit` is resize.
 * @throws BUDGET where nothing within the perceptual budget is noticeably better than the clean picture; what the objective throws.
 */
export async function optimise(
  image: Image,
  objectiveFor: (image: Image) => Promise<Objective>,
  params: Optimisation,
  context: PluginContext,
  { penalty = GLAZE_PENALTY, startPx, keep = 'best', noteAs }: Fixed = {},
): Promise<Image> {
  const working = params.fit === 'resize' ? resize(image, params.window, params.window, 'bicubic') : image;
  const clean = imageTensor(working).data;
  const constraint = ballAround(working, clean, params);
  const objective = await objectiveFor(working);
  const { x, loss } = await descend(
    params.start === 'random' ? constraint.draw(context.random, startPx) : clean.slice(),
    await withPenalty(objective, working, params, penalty, context),
    { ...params, update: updateOf(params, working), constraint, keep, ...hooksOf(context) },
  );
  const found =
    params.fit === 'resize' ? stretched(image, working, withPlanes(working, x)) : withPlanes(image, x);
  if (params.lpips === undefined && noteAs === undefined) return found;
  const held = await heldPerceptually(image, found, params.lpips, context);
  // The best point's loss is known where it is the picture itself; all else is seen at step 0, with the same draws.
  const known = params.lpips === undefined && params.fit === 'windows' && keep === 'best';
  const reached = params.fit === 'resize' ? resize(held, working.width, working.height, 'bicubic') : held;
  const after = known ? loss : (await objective(imageTensor(reached).data, 0)).loss;
  const before = (await objective(clean, 0)).loss;
  const least = noteAs === undefined ? before : before * (1 - LEAST_GAIN) ** 2;
  if (params.lpips !== undefined && after >= least) {
    throw perceptualUnmet(params.lpips, (await openRole(context, 'perceptual')).model.id);
  }
  if (noteAs !== undefined) context.note?.(noteAs, { clean: Math.sqrt(before), protected: Math.sqrt(after) });
  return held;
}

async function heldPerceptually(
  image: Image,
  found: Image,
  p: number | undefined,
  context: PluginContext,
): Promise<Image> {
  return p === undefined ? found : withinPerceptual(await openRole(context, 'perceptual'), image, found, p);
}

const hooksOf = ({ signal, onProgress }: PluginContext) => ({ signal, onProgress });

/** Pixels of the saved file move in whole 1/255: what is beyond the whole part would be clipped off. */
function ballAround(image: Image, clean: Float32Array, params: Optimisation): Constraint {
  const eps = Math.floor(epsPxOf(params));
  if (params.flat === 1) return linfBall(clean, eps);
  const hiding = hidingPower(image);
  const budgets = new Uint8Array(clean.length);
  for (let i = 0; i < budgets.length; i++) {
    const power = hiding[i % hiding.length]!;
    budgets[i] = Math.round(eps * (params.flat + (1 - params.flat) * power));
  }
  return linfBall(clean, budgets);
}

async function withPenalty(
  objective: Objective,
  image: Image,
  { lpips, window }: Optimisation,
  weight: number,
  context: PluginContext,
): Promise<Objective> {
  if (lpips === undefined) return objective;
  const hinge = await perceptualHinge(await openRole(context, 'perceptual'), image, lpips, window);
  return weightedSum([
    { objective, weight: 1 },
    { objective: hinge, weight },
  ]);
}

function updateOf({ optimizer, schedule, step, steps, momentum, smooth }: Optimisation, image: Size): Update {
  const size = schedule === 'constant' ? constant(step / 255) : decaying(step / 255, steps);
  const update = optimizer === 'sign' ? signDescent(size, { momentum }) : adam(size);
  if (smooth === 0) return update;
  return (x, gradient, at) => {
    blurPlanes(gradient, image, smooth);
    update(x, gradient, at);
  };
}

/** `image` with the change of a smaller or larger copy stretched over it; the harness clips it to the budget. */
function stretched(image: Image, working: Image, moved: Image): Image {
  const change = moved.data.map((v, i) => v - working.data[i]!);
  const added = resizeFloats(change, { ...working, channels: 3 }, image, 'bicubic');
  return withPixels(
    image,
    image.data.map((v, i) => Math.min(Math.max(v + added[i]!, 0), 1)),
  );
}
