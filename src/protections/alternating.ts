/**
 * @file Attacks on a diffusion model that goes on learning the picture: rounds of gradient steps on the picture, and
 * between them a few steps of fine-tuning on what the picture has become. ACE, Mist v2 and Anti-DreamBooth are this.
 *
 * The training is that of `diffusion/finetune.ts`, on this one picture; its state goes on from round to round.
 */
import { z } from 'zod';
import { trainableUnet, type TuningMethod } from '../diffusion/adapter.ts';
import { fineTune, type FineTuned } from '../diffusion/finetune.ts';
import type { Image } from '../image/image.ts';
import { withPlanes } from '../models/pixels.ts';
import { type NamedTensors, tensor } from '../onnx/tensor.ts';
import { type Objective, weightedSum } from '../optim/descend.ts';
import type { TrainingState } from '../optim/train.ts';
import { openRole, openRoles, type PluginContext } from '../plugin/define.ts';
import type { Random } from '../random.ts';
import { denoisingObjective, type Tuned } from './denoising.ts';
import { type Optimisation, optimise } from './optimise.ts';
import { latentObjective } from './surrogate.ts';
import type { Target } from './target.ts';
import { expectationOf } from './view.ts';

/** How the surrogate is trained, with a protection's published values as defaults. */
export const alternationParameters = (published: {
  readonly rounds: number;
  readonly trainSteps: number;
  readonly rate: number;
  readonly tuning?: 'lora' | 'full';
  readonly rank?: number;
}) => ({
  rounds: z.int().min(1).max(1000).default(published.rounds).describe('rounds of attack and training'),
  trainSteps: z
    .int()
    .min(0)
    .max(1000)
    .default(published.trainSteps)
    .describe('steps of fine-tuning after each round; 0: the model stays as it is'),
  rate: z.number().min(0).max(1).default(published.rate).describe('learning rate of the fine-tuning'),
  tuning: z
    .enum(['lora', 'full'])
    .default(published.tuning ?? 'lora')
    .describe('what is trained: low-rank pairs at the attention projections, or all weights of the U-Net'),
  rank: z
    .int()
    .min(1)
    .max(128)
    .default(published.rank ?? 4)
    .describe('of LoRA'),
});

/** What these parameters mean together. */
interface Alternation extends Optimisation {
  readonly prompt: string;
  readonly rounds: number;
  readonly trainSteps: number;
  readonly rate: number;
  readonly tuning: 'lora' | 'full';
  readonly rank: number;
}

/** What tells the protections of this family apart. */
export interface Aim {
  /** What the prediction is pulled to (descended); where there is none, it is driven from the noise (ascended). */
  readonly target?: Target;
  /** Weight of the distance of the latents from the target beside it. */
  readonly pull?: number;
  /** Timesteps are drawn from here on. */
  readonly fromTimestep?: number;
  /** Whether each round attacks a copy that first learns the clean picture (ASPL). */
  readonly cleanFirst?: boolean;
}

/** The picture after all rounds; its last state, for losses are drawn anew at each step. */
export async function alternate(
  image: Image,
  params: Alternation,
  context: PluginContext,
  aim: Aim,
): Promise<Image> {
  const objectiveFor = async (working: Image): Promise<Objective> => {
    const surrogate = await trainedSurrogate(working, params, context, aim);
    const windowing = { side: params.window, overlap: params.overlap };
    const expectation = expectationOf(context);
    const loss = await denoisingObjective(context, {
      size: working,
      windowing,
      prompt: params.prompt,
      fromTimestep: aim.fromTimestep ?? 0,
      ...(aim.target && { target: aim.target }),
      tuned: surrogate,
      expectation,
      random: context.random.fork('draws'),
    });
    const terms = [{ objective: loss, weight: aim.target === undefined ? -1 : 1 }];
    if (aim.pull !== undefined && aim.target !== undefined) {
      const encoders = await openRoles(context, 'vae-encoder');
      const distance = await latentObjective(encoders, aim.target, working, windowing, expectation);
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
  return optimise(image, objectiveFor, all, context, { keep: 'last' });
}

/** A U-Net with what is trained fed, and the training between rounds. */
interface Surrogate extends Tuned {
  /** Before a round: learns what the picture has become, and where asked then the clean one, for this round only. */
  advance(x: Float32Array, round: number): Promise<void>;
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
    params.tuning === 'full' ? { kind: 'full' } : { kind: 'lora', rank: params.rank, alpha: params.rank };
  const trainable = trainableUnet(unet.graph, method, random.fork('start'));
  const initial = trainable.ports.map(({ name, dims, initial: values }) => [
    name,
    tensor('float32', dims, values),
  ]);
  let fed: NamedTensors = { ...trainable.fixed, ...Object.fromEntries(initial) };
  let state: TrainingState | undefined;
  const learn = async (image: Image, from?: TrainingState): Promise<TrainingState | undefined> => {
    if (params.trainSteps === 0) return from;
    const { adapter, reached } = await trained(image, method, params, context, random, from);
    fed = { ...trainable.fixed, ...adapter.tensors };
    return reached;
  };
  return {
    name: params.tuning === 'full' ? 'all weights' : `LoRA of rank ${params.rank}`,
    model: trainable.model,
    fed: () => fed,
    advance: async (x, round) => {
      if (round > 0) state = await learn(withPlanes(clean, x), state);
      if (cleanFirst) await learn(clean, state);
    },
  };
}

/** A few more steps on one picture, centred and upright, as published: AdamW, weight decay 0.01, gradients of norm 1. */
async function trained(
  image: Image,
  method: TuningMethod,
  { trainSteps, rate, prompt }: Alternation,
  context: PluginContext,
  random: Random,
  resume?: TrainingState,
): Promise<{ adapter: FineTuned['adapter']; reached: TrainingState }> {
  const unet = await openRole(context, 'unet');
  let reached: TrainingState | undefined;
  const checkpoint = {
    name: 'the surrogate',
    every: Number.POSITIVE_INFINITY,
    save: async (state: TrainingState) => {
      reached = state;
    },
  };
  const { adapter } = await fineTune(
    [{ image, caption: prompt }],
    {
      method,
      steps: (resume?.step ?? 0) + trainSteps,
      batch: 1,
      rate,
      side: unet.model.fill.diffusion?.side ?? 512,
      crop: 'center',
      flip: false,
    },
    { open: (role) => openRole(context, role), random, resume, checkpoint, signal: context.signal },
  );
  return { adapter, reached: reached! };
}
