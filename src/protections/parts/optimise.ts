/**
 * @file What all optimised protections share: from an image and an objective to an image within the budgets.
 *
 * Budgets: a hard L-infinity ball, narrower in flat areas with `flatShare`, and an optional perceptual budget. Optimisers:
 * sign descent with constant or decaying steps and momentum, or Adam, from a random point or the clean image. The best
 * image on the way is kept. A protection adds its objective, and its published values as defaults.
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
import { budgetParameters, epsParameter, epsPxOf, type LEVEL_EPS_PX } from './budget.ts';
import type { Budget } from '../define.ts';
import { perceptualHinge, withinPerceptual } from './perceptual.ts';

/** What a protection publishes about its descent, as defaults. */
export interface PublishedDescent {
  readonly steps: number;
  readonly stepSize: number;
  readonly schedule?: 'constant' | 'decaying';
  readonly optimizer?: 'sign' | 'adam';
  readonly start?: 'random' | 'clean';
  readonly momentum?: number;
  readonly gradientBlur?: number;
}

const descentParameters = (published: PublishedDescent) => ({
  steps: z.int().min(1).max(10_000).default(published.steps).describe('number of gradient steps'),
  stepSize: z
    .number()
    .min(0.01)
    .max(64)
    .default(published.stepSize)
    .describe('size of a gradient step, in 1/255'),
  schedule: z
    .enum(['constant', 'decaying'])
    .default(published.schedule ?? 'constant')
    .describe('step size over time: constant, or decaying linearly to 1 % of stepSize'),
  optimizer: z
    .enum(['sign', 'adam'])
    .default(published.optimizer ?? 'sign')
    .describe('sign: steps along the sign of the gradient (PGD); adam: Adam with stepSize as learning rate'),
  momentum: z
    .number()
    .min(0)
    .max(1)
    .default(published.momentum ?? 0)
    .describe('share of the previous direction that each sign step keeps'),
  gradientBlur: z
    .number()
    .min(0)
    .max(8)
    .default(published.gradientBlur ?? 0)
    .describe('standard deviation of a Gaussian blur of each gradient, in px; 0: no blur'),
  start: z
    .enum(['random', 'clean'])
    .default(published.start ?? 'random')
    .describe('starting point: random within the budget, or the clean image'),
  patience: z
    .int()
    .min(0)
    .default(0)
    .describe('number of steps without improvement before stopping early; 0: never'),
});

/** Windows for images larger than a surrogate takes well. */
export const windowParameters = {
  window: z
    .int()
    .min(256)
    .max(4096)
    .multipleOf(64)
    .default(512)
    .describe('longest side of a window, in px; larger images are processed in overlapping windows'),
  overlap: z
    .int()
    .min(0)
    .max(128)
    .multipleOf(8)
    .default(64)
    .describe('overlap of neighbouring windows, in px'),
  fit: z
    .enum(['windows', 'resize'])
    .default('windows')
    .describe(
      'windows: keep the size of the image; resize: squash the image to one square window and scale the perturbation back, as published programs do',
    ),
};

/** The description of a perceptual budget. */
export const LPIPS_BUDGET =
  'perceptual budget, in addition to eps: largest distance by the model in the role perceptual';

/** An optimised protection moves by at least one 8-bit step, and at most by a quarter of the range. */
const attackBudgetParameters = {
  ...budgetParameters,
  eps: epsParameter(1, 64),
  lpips: z.number().min(0.001).max(1).optional().describe(`${LPIPS_BUDGET} (default: no limit)`),
  flatShare: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('share of eps allowed in flat areas and line art, which show changes most'),
};

/** The budgets and the descent of an optimised protection, with its published values as defaults. */
export const attackParameters = (published: PublishedDescent) => ({
  ...attackBudgetParameters,
  ...descentParameters(published),
});

/** Earlier names of these parameters. */
export const attackFormerNames = { stepSize: 'step', flatShare: 'flat', gradientBlur: 'smooth' } as const;

/** The values of all of these parameters. */
export interface Optimisation {
  readonly level: keyof typeof LEVEL_EPS_PX;
  readonly eps?: number | undefined;
  readonly lpips?: number | undefined;
  readonly flatShare: number;
  readonly steps: number;
  readonly stepSize: number;
  readonly schedule: 'constant' | 'decaying';
  readonly optimizer: 'sign' | 'adam';
  readonly momentum: number;
  readonly gradientBlur: number;
  readonly start: 'random' | 'clean';
  readonly patience: number;
  readonly window: number;
  readonly overlap: number;
  readonly fit: 'windows' | 'resize';
}

/** What a protection may fix in addition to its parameters. */
export interface Fixed {
  /** Weight of the perceptual penalty, relative to an objective that is a mean over latent cells. */
  readonly penalty?: number;
  /** The largest distance of a random start from the clean image, in 1/255 (default: the whole budget). */
  readonly startPx?: number;
  /** `last` if each step samples another loss. */
  readonly keep?: 'best' | 'last';
  /** The name under which to note the square root of the objective before and after, if it is a squared distance. */
  readonly noteAs?: string;
}

/** The budgets that these parameters promise. */
export const budgetOf = (params: Pick<Optimisation, 'level' | 'eps' | 'lpips'>): Budget => ({
  epsPx: epsPxOf(params),
  ...(params.lpips !== undefined && { lpips: params.lpips }),
});

/** Within a perceptual budget a distance has to fall by at least this share: an error is better than a weak protection. */
const LEAST_GAIN = 0.02;

/** Glaze's alpha of 30 weighs a mean over unscaled latents, which are 1/0.18215 times those that a U-Net takes. */
const GLAZE_PENALTY = 30 * 0.18215 ** 2;

/**
 * The best image that a descent finds within the budgets of `image`. `objectiveFor` makes the loss for the image that is
 * optimised, whose size differs from that of `image` if `fit` is resize.
 * @throws BUDGET if nothing within the perceptual budget is noticeably better than the clean image; what the objective throws
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
  // The loss of the best point is known if it is the image itself; everything else is measured at step 0, with equal draws.
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

/** Pixels of the saved file move in whole 1/255: a fraction of eps would be clipped off. */
function ballAround(image: Image, clean: Float32Array, params: Optimisation): Constraint {
  const eps = Math.floor(epsPxOf(params));
  if (params.flatShare === 1) return linfBall(clean, eps);
  const hiding = hidingPower(image);
  const budgets = new Uint8Array(clean.length);
  for (let i = 0; i < budgets.length; i++) {
    const power = hiding[i % hiding.length]!;
    budgets[i] = Math.round(eps * (params.flatShare + (1 - params.flatShare) * power));
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

function updateOf(
  { optimizer, schedule, stepSize, steps, momentum, gradientBlur }: Optimisation,
  image: Size,
): Update {
  const size = schedule === 'constant' ? constant(stepSize / 255) : decaying(stepSize / 255, steps);
  const update = optimizer === 'sign' ? signDescent(size, { momentum }) : adam(size);
  if (gradientBlur === 0) return update;
  return (x, gradient, at) => {
    blurPlanes(gradient, image, gradientBlur);
    update(x, gradient, at);
  };
}

/** `image` with the change of a smaller or larger copy scaled onto it; the harness clips it to the budget. */
function stretched(image: Image, working: Image, moved: Image): Image {
  const change = moved.data.map((v, i) => v - working.data[i]!);
  const added = resizeFloats(change, { ...working, channels: 3 }, image, 'bicubic');
  return withPixels(
    image,
    image.data.map((v, i) => Math.min(Math.max(v + added[i]!, 0), 1)),
  );
}
