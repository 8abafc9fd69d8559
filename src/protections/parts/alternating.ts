/**
 * @file Attacks on a diffusion model that is fine-tuned on the image meanwhile: rounds of gradient steps on the image, and
 * between them a few training steps on its current state. ACE, Mist v2 and Anti-DreamBooth are this.
 *
 * The training is that of `diffusion/finetune.ts`, on this one image and on class images. Its state carries over from round
 * to round.
 */
import { z } from 'zod';
import { type Adapter, trainableUnet, type TuningMethod } from '../../diffusion/adapter.ts';
import { openFineTuner } from '../../diffusion/finetune.ts';
import type { Image } from '../../image/image.ts';
import { withPlanes } from '../../models/pixels.ts';
import { type NamedTensors, tensor } from '../../onnx/tensor.ts';
import { type Objective, weightedSum } from '../../optim/descend.ts';
import type { TrainingState } from '../../optim/train.ts';
import { openRole, openRoles, type PluginContext, type RoleNeed } from '../../plugin/define.ts';
import type { Random } from '../../random.ts';
import { classImagesOf, type Prior, priorNeeds, priorParameters, priorRefers } from './class-images.ts';
import { denoisingObjective, type Tuned } from './denoising.ts';
import {
  type DiffusionAttack,
  diffusionNeeds,
  diffusionProtection,
  lossOptions,
} from './diffusion-protection.ts';
import { attackParameters, optimise, type PublishedDescent } from './optimise.ts';
import { latentObjective } from './surrogate.ts';
import type { Target } from './target.ts';

/** The descent and the training of the surrogate, with a protection's published values as defaults. */
export const alternatingParameters = (
  published: PublishedDescent & {
    readonly rounds: number;
    readonly trainSteps: number;
    readonly lr: number;
    readonly method?: 'lora' | 'full';
    readonly rank?: number;
    readonly priorWeight: number;
    readonly classImages: number;
  },
) => ({
  ...attackParameters(published),
  rounds: z
    .int()
    .min(1)
    .max(1000)
    .default(published.rounds)
    .describe('number of rounds: gradient steps (steps), then training of the surrogate (trainSteps)'),
  trainSteps: z
    .int()
    .min(0)
    .max(1000)
    .default(published.trainSteps)
    .describe('number of training steps of the surrogate in a round; 0: it is not trained'),
  lr: z.number().min(0).max(1).default(published.lr).describe('learning rate'),
  method: z
    .enum(['lora', 'full'])
    .default(published.method ?? 'lora')
    .describe('fine-tuning method: LoRA at the attention projections, or all weights of the U-Net'),
  rank: z
    .int()
    .min(1)
    .max(128)
    .default(published.rank ?? 4)
    .describe('LoRA rank; alpha equals it'),
  ...priorParameters(published),
});

/** The fields that all protections of this family share. */
export const alternatingProtection = {
  ...diffusionProtection,
  formerNames: {
    ...diffusionProtection.formerNames,
    lr: 'rate',
    method: 'tuning',
    priorWeight: 'prior',
    classData: 'classPictures',
  },
  needs: (params: Prior & { readonly lpips?: number | undefined }): readonly RoleNeed[] =>
    diffusionNeeds(params, priorNeeds(params)),
  refers: { ...diffusionProtection.refers, ...priorRefers },
} as const;

/** The values of these parameters. */
interface Alternation extends DiffusionAttack, Prior {
  readonly rounds: number;
  readonly lr: number;
  readonly method: 'lora' | 'full';
  readonly rank: number;
}

/** How the protections of this family differ. */
export interface Aim {
  /**
   * target: moves the prediction to the target's latent; noise: moves it away from the noise that it should equal;
   * product: turns it away from the noise, by minus their product.
   */
  readonly loss: 'target' | 'noise' | 'product';
  readonly target?: Target;
  /** Weight of the distance of the latents from the target; a negative weight pushes them away. */
  readonly pull?: number;
  /** The first of the timesteps to sample from. */
  readonly fromTimestep?: number;
  /** Whether each round attacks a copy that was first trained on the clean image (ASPL). */
  readonly cleanFirst?: boolean;
}

/** Losses are minimised, except that of the model's own task. The program's product is a sum over the latents of 512 px. */
const WEIGHTS = { target: 1, noise: -1, product: 4 * 64 * 64 } as const;

/** The image after all rounds. The last state is kept, since each step samples another loss. */
export async function alternate(
  image: Image,
  params: Alternation,
  context: PluginContext,
  aim: Aim,
): Promise<Image> {
  const opened: Surrogate[] = [];
  const objectiveFor = async (working: Image): Promise<Objective> => {
    const surrogate = await trainedSurrogate(working, params, context, aim);
    opened.push(surrogate);
    const options = lossOptions(working, params, context);
    const loss = await denoisingObjective(context, {
      ...options,
      fromTimestep: aim.fromTimestep ?? 0,
      ...(aim.loss === 'product' && { target: aim.loss }),
      ...(aim.loss === 'target' && aim.target && { target: aim.target }),
      tuned: surrogate,
    });
    const terms = [{ objective: loss, weight: WEIGHTS[aim.loss] }];
    if (aim.pull !== undefined && aim.target !== undefined) {
      const encoders = await openRoles(context, 'vae-encoder');
      const distance = await latentObjective(
        encoders,
        aim.target,
        working,
        options.windowing,
        options.expectation,
      );
      terms.push({ objective: distance, weight: aim.pull });
    }
    const attack = weightedSum(terms);
    return async (x, step) => {
      const round = step / params.steps;
      if (Number.isInteger(round) && round < params.rounds) await surrogate.advance(x, round);
      return attack(x, step);
    };
  };
  const all = { ...params, steps: params.rounds * params.steps };
  try {
    return await optimise(image, objectiveFor, all, context, { keep: 'last' });
  } finally {
    for (const surrogate of opened) await surrogate.close();
  }
}

/** A U-Net whose trained part is an input, and the training between rounds. */
interface Surrogate extends Tuned {
  /** Before a round: trains on the current state of the image, then for this round only on the clean one (`cleanFirst`). */
  advance(x: Float32Array, round: number): Promise<void>;
  close(): Promise<void>;
}

async function trainedSurrogate(
  clean: Image,
  params: Alternation,
  context: PluginContext,
  { cleanFirst = false }: Aim,
): Promise<Surrogate> {
  const unet = await openRole(context, 'unet');
  const random = context.random.fork('training');
  const method: Exclude<TuningMethod, { kind: 'textual-inversion' }> =
    params.method === 'full' ? { kind: 'full' } : { kind: 'lora', rank: params.rank, alpha: params.rank };
  const trainable = trainableUnet(unet.graph, method, random.fork('start'));
  const initial = trainable.ports.map(({ name, dims, initial: values }) => [
    name,
    tensor('float32', dims, values),
  ]);
  let fed: NamedTensors = { ...trainable.fixed, ...Object.fromEntries(initial) };
  let state: TrainingState | undefined;
  const trainer = await openTrainer(method, { ...params, cleanFirst }, context, random);
  const trainOn = async (image: Image): Promise<TrainingState | undefined> => {
    const trained = await trainer?.train(image, state);
    if (trained !== undefined) fed = { ...trainable.fixed, ...trained.adapter.tensors };
    return trained?.state;
  };
  return {
    name: params.method === 'full' ? 'all weights' : `LoRA of rank ${params.rank}`,
    model: trainable.model,
    fed: () => fed,
    advance: async (x, round) => {
      if (round > 0) state = await trainOn(withPlanes(clean, x));
      if (cleanFirst) await trainOn(clean);
    },
    close: async () => trainer?.close(),
  };
}

/** A few more steps on one image at a time. The state that they start from is not changed. */
interface PictureTrainer {
  train(
    image: Image,
    from: TrainingState | undefined,
  ): Promise<{ readonly adapter: Adapter; readonly state: TrainingState }>;
  close(): Promise<void>;
}

/** Centre crops without flips, as published: AdamW, weight decay 0.01, gradient norm 1. undefined if nothing is trained. */
async function openTrainer(
  method: TuningMethod,
  params: Alternation & { readonly cleanFirst: boolean },
  context: PluginContext,
  random: Random,
): Promise<PictureTrainer | undefined> {
  const { trainSteps, rounds, lr, prompt, priorWeight } = params;
  // No training after the last round. With `cleanFirst` there is one on the clean image before each.
  const trainings = rounds - 1 + (params.cleanFirst ? rounds : 0);
  if (trainSteps * trainings === 0) return undefined;
  const classImages = await classImagesOf(params, trainSteps * trainings, context);
  const unet = await openRole(context, 'unet');
  const tuner = await openFineTuner(
    {
      method,
      batchSize: 1,
      lr,
      resolution: unet.model.fill.diffusion?.side ?? 512,
      crop: 'center',
      flip: false,
      ...(classImages.length > 0 && { prior: { weight: priorWeight } }),
    },
    { open: (role) => openRole(context, role), random },
  );
  const classSets = classImages.length > 0 ? [await tuner.encode(classImages)] : [];
  return {
    train: async (image, resume) => {
      const sets = [await tuner.encode([{ image, caption: prompt }]), ...classSets];
      const steps = (resume?.step ?? 0) + trainSteps;
      return tuner.train(sets, { steps, resume, signal: context.signal });
    },
    close: () => tuner.close(),
  };
}
