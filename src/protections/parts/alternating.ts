/**
 * @file Attacks on a diffusion model that goes on learning the picture: rounds of gradient steps on the picture, and
 * between them a few steps of fine-tuning on what the picture has become. ACE, Mist v2 and Anti-DreamBooth are this.
 *
 * The training is that of `diffusion/finetune.ts`, on this one picture and on class pictures beside it; its state goes on
 * from round to round.
 */
import { z } from 'zod';
import { type Adapter, trainableUnet, type TuningMethod } from '../../diffusion/adapter.ts';
import { openFineTuner } from '../../diffusion/finetune.ts';
import type { Image } from '../../image/image.ts';
import { withPlanes } from '../../models/pixels.ts';
import { type NamedTensors, tensor } from '../../onnx/tensor.ts';
import { type Objective, weightedSum } from '../../optim/descend.ts';
import type { TrainingState } from '../../optim/train.ts';
import { openRole, openRoles, type PluginContext } from '../../plugin/define.ts';
import type { Random } from '../../random.ts';
import { classPicturesOf, type Prior, priorParameters } from './class-pictures.ts';
import { denoisingObjective, type Tuned } from './denoising.ts';
import { type Optimisation, optimise } from './optimise.ts';
import { latentObjective } from './surrogate.ts';
import type { Target } from './target.ts';
import { type Expectation, expectationOf } from './view.ts';

/** How the surrogate is trained, with a protection's published values as defaults. */
export const alternationParameters = (published: {
  readonly rounds: number;
  readonly trainSteps: number;
  readonly lr: number;
  readonly method?: 'lora' | 'full';
  readonly rank?: number;
  readonly priorWeight: number;
  readonly classImages: number;
}) => ({
  rounds: z.int().min(1).max(1000).default(published.rounds).describe('rounds of attack and training'),
  trainSteps: z
    .int()
    .min(0)
    .max(1000)
    .default(published.trainSteps)
    .describe('steps of fine-tuning after each round; 0: the model stays as it is'),
  lr: z.number().min(0).max(1).default(published.lr).describe('learning rate of the fine-tuning'),
  method: z
    .enum(['lora', 'full'])
    .default(published.method ?? 'lora')
    .describe('what is trained: low-rank pairs at the attention projections, or all weights of the U-Net'),
  rank: z
    .int()
    .min(1)
    .max(128)
    .default(published.rank ?? 4)
    .describe('of LoRA'),
  ...priorParameters(published),
});

/** What they were called before. */
export const alternationFormerNames = {
  lr: 'rate',
  method: 'tuning',
  priorWeight: 'prior',
  classData: 'classPictures',
} as const;

/** What these parameters mean together. */
interface Alternation extends Optimisation, Prior, Pick<Expectation, 'latent'> {
  readonly prompt: string;
  readonly rounds: number;
  readonly lr: number;
  readonly method: 'lora' | 'full';
  readonly rank: number;
}

/** What tells the protections of this family apart. */
export interface Aim {
  /**
   * target: the prediction is pulled to the target's latent; noise: it is driven from the noise that it should say;
   * product: from the noise's direction, by minus their product.
   */
  readonly loss: 'target' | 'noise' | 'product';
  readonly target?: Target;
  /** Weight of the distance of the latents from the target beside it; what is negative pushes them away. */
  readonly pull?: number;
  /** Timesteps are drawn from here on. */
  readonly fromTimestep?: number;
  /** Whether each round attacks a copy that first learns the clean picture (ASPL). */
  readonly cleanFirst?: boolean;
}

/** Losses are descended, but that of the model's own task. The program's product is a sum over the latents of 512 px. */
const WEIGHTS = { target: 1, noise: -1, product: 4 * 64 * 64 } as const;

/** The picture after all rounds; its last state, for losses are drawn anew at each step. */
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
    const windowing = { side: params.window, overlap: params.overlap };
    const expectation = expectationOf(params, context);
    const loss = await denoisingObjective(context, {
      size: working,
      windowing,
      prompt: params.prompt,
      fromTimestep: aim.fromTimestep ?? 0,
      ...(aim.loss === 'product' && { target: aim.loss }),
      ...(aim.loss === 'target' && aim.target && { target: aim.target }),
      tuned: surrogate,
      expectation,
      random: context.random.fork('draws'),
    });
    const terms = [{ objective: loss, weight: WEIGHTS[aim.loss] }];
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
  try {
    return await optimise(image, objectiveFor, all, context, { keep: 'last' });
  } finally {
    for (const surrogate of opened) await surrogate.close();
  }
}

/** A U-Net with what is trained fed, and the training between rounds. */
interface Surrogate extends Tuned {
  /** Before a round: learns what the picture has become, and where asked then the clean one, for this round only. */
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
  const learn = async (image: Image): Promise<TrainingState | undefined> => {
    const learnt = await trainer?.train(image, state);
    if (learnt !== undefined) fed = { ...trainable.fixed, ...learnt.adapter.tensors };
    return learnt?.state;
  };
  return {
    name: params.method === 'full' ? 'all weights' : `LoRA of rank ${params.rank}`,
    model: trainable.model,
    fed: () => fed,
    advance: async (x, round) => {
      if (round > 0) state = await learn(withPlanes(clean, x));
      if (cleanFirst) await learn(clean);
    },
    close: async () => trainer?.close(),
  };
}

/** A few more steps on one picture at a time, from a state that is left as it is. */
interface PictureTrainer {
  train(
    image: Image,
    from: TrainingState | undefined,
  ): Promise<{ readonly adapter: Adapter; readonly state: TrainingState }>;
  close(): Promise<void>;
}

/** Pictures centred and upright, as published: AdamW, weight decay 0.01, gradients of norm 1. Nothing where nothing is trained. */
async function openTrainer(
  method: TuningMethod,
  params: Alternation & { readonly cleanFirst: boolean },
  context: PluginContext,
  random: Random,
): Promise<PictureTrainer | undefined> {
  const { trainSteps, rounds, lr, prompt, priorWeight } = params;
  // Nothing is learnt after the last round; the clean picture is learnt before each.
  const trainings = rounds - 1 + (params.cleanFirst ? rounds : 0);
  if (trainSteps * trainings === 0) return undefined;
  const classPictures = await classPicturesOf(params, trainSteps * trainings, context);
  const unet = await openRole(context, 'unet');
  const tuner = await openFineTuner(
    {
      method,
      batchSize: 1,
      lr,
      resolution: unet.model.fill.diffusion?.side ?? 512,
      crop: 'center',
      flip: false,
      ...(classPictures.length > 0 && { prior: { weight: priorWeight } }),
    },
    { open: (role) => openRole(context, role), random },
  );
  const beside = classPictures.length > 0 ? [await tuner.encode(classPictures)] : [];
  return {
    train: async (image, resume) => {
      const sets = [await tuner.encode([{ image, caption: prompt }]), ...beside];
      const steps = (resume?.step ?? 0) + trainSteps;
      return tuner.train(sets, { steps, resume, signal: context.signal });
    },
    close: () => tuner.close(),
  };
}
