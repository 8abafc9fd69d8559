/**
 * @file Fine-tuning of a latent diffusion model on a few pictures: LoRA (Hu et al. 2021), all weights (Hönig et al. 2025 use
 * that), or one token's embedding (Gal et al. 2022), with prior preservation (Ruiz et al. 2023, DreamBooth) and min-SNR
 * weights (Hang et al. 2023) where asked for. Each step is one run of one gradient graph.
 */
import { gradientGraph, gradientName } from '../autodiff/gradient.ts';
import { fewerImagesThanBatch, resolutionNotMultiple, unknownToken } from '../messages/index.ts';
import { compose } from '../onnx/transforms/compose.ts';
import type { Model } from '../onnx/model.ts';
import { type NamedTensors, type TensorOf, tensor } from '../onnx/tensor.ts';
import type { TunablePort } from '../onnx/transforms/tunable.ts';
import type { Objective } from '../optim/descend.ts';
import { type Checkpointing, train, type TrainingState, untrained, warmedUp } from '../optim/train.ts';
import type { Random } from '../random.ts';
import type { Session } from '../runtime/session.ts';
import { type Adapter, type Trainable, trainableToken, trainableUnet, type TuningMethod } from './adapter.ts';
import { denoisingLoss, LOSS, LOSS_INPUTS } from './denoising-loss.ts';
import {
  batched,
  batchOf,
  type Cropping,
  drawCrop,
  encodeExample,
  type Example,
  type TrainingPicture,
} from './examples.ts';
import { type Diffusion, type OpenRole, openDiffusion } from './open.ts';

export interface FineTuneOptions extends Cropping {
  readonly method: TuningMethod;
  readonly steps: number;
  /** Pictures a step. */
  readonly batchSize: number;
  /** Learning rate, after so many steps of warm-up. */
  readonly lr: number;
  readonly warmup?: number;
  readonly schedule?: 'constant' | 'cosine';
  /** AdamW's weight decay. */
  readonly decay?: number;
  /** Largest norm of a step's gradient. */
  readonly clip?: number;
  /** Weight of a timestep: all alike, or min(SNR, 5) / SNR (of v prediction: / (SNR + 1)). */
  readonly weighting?: 'plain' | 'min-snr';
  /** Share of captions that are left empty, so that guidance keeps something to push away from. */
  readonly dropout?: number;
  /** Whether the result is the moving average of the weights. */
  readonly average?: boolean;
  /** Pictures of what must not be forgotten, as many a step as of the others, and the weight of their loss. */
  readonly prior?: { readonly pictures: readonly TrainingPicture[]; readonly weight: number };
  /** Images in one run of the graph; fewer take less memory (default: the whole batch). */
  readonly microBatch?: number;
}

/** What a training goes on from and reports to. */
export interface FineTuneContext {
  readonly open: OpenRole;
  readonly random: Random;
  readonly resume?: TrainingState | undefined;
  readonly checkpoint?: Checkpointing | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

export interface FineTuned {
  readonly adapter: Adapter;
  /** The loss of every step, before the weights were changed. */
  readonly losses: readonly number[];
}

/**
 * Fine-tunes on pictures. @throws DATASET if there are fewer than a batch; USAGE if the side is not the model's; ONNX if the method does not fit the model;
 * MODEL if the loss is not a number; the signal's reason on abort.
 */
export async function fineTune(
  pictures: readonly TrainingPicture[],
  options: FineTuneOptions,
  context: FineTuneContext,
): Promise<FineTuned> {
  const { prior } = options;
  for (const set of prior === undefined ? [pictures] : [pictures, prior.pictures]) {
    if (set.length < options.batchSize) throw fewerImagesThanBatch(set.length, options.batchSize);
  }
  const { open, random, ...loop } = context;
  const tuner = await openFineTuner(options, { open, random });
  try {
    const sets = [await tuner.encode(pictures)];
    if (prior !== undefined) sets.push(await tuner.encode(prior.pictures));
    const { adapter, state } = await tuner.train(sets, { ...loop, steps: options.steps });
    return { adapter, losses: state.losses };
  } finally {
    await tuner.close();
  }
}

/** A fine-tuning made ready, for trainings that go on a few steps at a time on pictures that change. */
export interface FineTuner {
  encode(pictures: readonly TrainingPicture[]): Promise<readonly Example[]>;
  /** Trains up to `steps` in all: on the training set and, if there is one, on the class images after it. */
  train(
    sets: readonly (readonly Example[])[],
    options: { readonly steps: number } & Pick<
      FineTuneContext,
      'resume' | 'checkpoint' | 'signal' | 'onProgress'
    >,
  ): Promise<{ readonly adapter: Adapter; readonly state: TrainingState }>;
  close(): Promise<void>;
}

/** The options that hold for all of a training; of the prior, its weight. */
export type FineTunerOptions = Omit<FineTuneOptions, 'steps' | 'prior'> & {
  readonly prior?: { readonly weight: number };
};

/** Opens a fine-tuner; close it after the training. @throws ONNX if the method does not fit the model. */
export async function openFineTuner(
  options: FineTunerOptions,
  context: Pick<FineTuneContext, 'open' | 'random'>,
): Promise<FineTuner> {
  const { open, random } = context;
  const { method, lr, warmup = 0, schedule = 'constant' } = options;
  const diffusion = await openDiffusion(open);
  if (options.resolution % diffusion.multiple !== 0)
    throw resolutionNotMultiple(options.resolution, diffusion.multiple);
  const encoder = await open('vae-encoder');
  const { trainable, graph, tokens } = await trainableOf(diffusion, method, context);
  const wrt = trainable.ports.map(({ name }) => name);
  const unet = await open('unet');
  const session = await unet.lend(`gradient of the ${method.kind} loss`, () =>
    gradientGraph(graph, { loss: LOSS, wrt, outputs: [LOSS] }),
  );
  return {
    encode: async (pictures) => {
      const examples: Example[] = [];
      for (const each of pictures) examples.push(await encodeExample(diffusion, each, options, encoder));
      return examples;
    },
    train: async (sets, { steps, resume, ...loop }) => {
      const draw = drawer(diffusion, sets, options, random, tokens);
      const objective = lossOf(session, trainable, draw, options.microBatch);
      const start = resume ?? untrained(initialWeights(trainable.ports), options.average);
      const state = await train(start, objective, {
        ...loop,
        steps,
        rate: warmedUp(lr, { warmup, steps, shape: schedule }),
        ...(options.decay !== undefined && { decay: options.decay }),
        ...(options.clip !== undefined && { clip: options.clip }),
      });
      const tensors = tensorsOf(trainable.ports, state.average ?? state.weights);
      return { adapter: { method, tensors }, state };
    },
    close: () => session.close(),
  };
}

/** Captions as what the graph takes: embeddings by name `text`, or token ids by name `tokens`. */
type Captions = (captions: readonly string[]) => Promise<NamedTensors>;

/** The graph of the loss with what is trained as inputs. */
async function trainableOf(
  diffusion: Diffusion,
  method: TuningMethod,
  { open, random }: Pick<FineTuneContext, 'open' | 'random'>,
): Promise<{ trainable: Trainable; graph: Model; tokens: Captions }> {
  const unet = await open('unet');
  if (method.kind !== 'textual-inversion') {
    const trainable = trainableUnet(unet.graph, method, random.fork('start'));
    const graph = denoisingLoss(trainable.model, diffusion.prediction);
    return { trainable, graph, tokens: async (captions) => ({ text: await diffusion.encodeText(captions) }) };
  }
  const tokenizer = await diffusion.tokenizer();
  const id = tokenizer.idOf(method.token);
  if (id === undefined) throw unknownToken(method.token);
  const trainable = trainableToken((await open('text-encoder')).graph, id);
  const graph = compose(trainable.model, denoisingLoss(unet.graph, diffusion.prediction), {
    join: { text: 'text' },
    outputs: [LOSS],
  });
  const tokens: Captions = async (captions) => {
    const ids = captions.flatMap((caption) => tokenizer.encode(caption).ids);
    return { tokens: tensor('int64', [captions.length, tokenizer.length], BigInt64Array.from(ids, BigInt)) };
  };
  return { trainable, graph, tokens };
}

/** Everything that a step feeds but weights, as rows of one tensor each. */
type Draw = (step: number) => Promise<Readonly<Record<string, TensorOf<'float32'> | TensorOf<'int64'>>>>;

function drawer(
  diffusion: Diffusion,
  sets: readonly (readonly Example[])[],
  options: FineTunerOptions,
  random: Random,
  tokens: Captions,
): Draw {
  const { alphasCumprod } = diffusion.schedule;
  const cells = options.resolution / diffusion.cell;
  const dims = [diffusion.channels, cells, cells];
  const { latent, drawn, signal, noise, weight } = LOSS_INPUTS;
  return async (step) => {
    const rows = sets.flatMap((examples, set) =>
      batchOf(step, options.batchSize, examples.length, random.fork(`set ${set}`)).map((index, i) => {
        const own = random.fork(`step ${step} set ${set} row ${i}`);
        const example = examples[index]!;
        const crop = drawCrop(example, cells, options, own);
        const t = own.int(alphasCumprod.length);
        const caption = own.uniform() < (options.dropout ?? 0) ? '' : example.caption;
        return { crop, t, caption, set, noise: crop.map(() => own.normal()) };
      }),
    );
    const column = (value: (row: (typeof rows)[number]) => number): TensorOf<'float32'> =>
      tensor('float32', [rows.length], Float32Array.from(rows, value));
    // The loss is a mean over all rows; of two sets, it should be the sum of their means.
    const share = (set: number): number => sets.length * (set === 0 ? 1 : options.prior!.weight);
    return {
      [latent]: batched(
        rows.map(({ crop }) => crop),
        dims,
      ),
      [drawn]: batched(
        rows.map((row) => row.noise),
        dims,
      ),
      [signal]: column(({ t }) => Math.sqrt(alphasCumprod[t]!)),
      [noise]: column(({ t }) => Math.sqrt(1 - alphasCumprod[t]!)),
      [weight]: column(({ t, set }) => share(set) * timestepWeight(alphasCumprod[t]!, diffusion, options)),
      timestep: column(({ t }) => t),
      ...(await tokens(rows.map(({ caption }) => caption))),
    } as Awaited<ReturnType<Draw>>;
  };
}

/** min-SNR with its published limit of 5: SNR = a / (1 - a). */
function timestepWeight(
  alphaCumprod: number,
  { prediction }: Diffusion,
  { weighting = 'plain' }: FineTunerOptions,
): number {
  if (weighting === 'plain') return 1;
  const snr = alphaCumprod / (1 - alphaCumprod);
  return Math.min(snr, 5) / (prediction === 'v' ? snr + 1 : snr);
}

/** The loss of a step and its gradient, one run for so many rows at once. */
function lossOf(session: Session, { ports, fixed }: Trainable, draw: Draw, atOnce = Infinity): Objective {
  const timestep = session.inputs.find(({ name }) => name === 'timestep')!;
  // A file that takes one timestep for all rows takes one row at a time here.
  const free = typeof timestep.dims[0] === 'string';
  const gradient = new Float32Array(initialLength(ports));
  return async (weights, step) => {
    const fed = { ...fixed, ...tensorsOf(ports, weights) };
    const batch = await draw(step);
    const n = batch[LOSS_INPUTS.weight]!.dims[0]!;
    const rows = free ? Math.min(n, atOnce) : 1;
    gradient.fill(0);
    let loss = 0;
    for (let from = 0; from < n; from += rows) {
      const to = Math.min(n, from + rows);
      const part = Object.entries(batch).map(([name, each]) => [name, rowsBetween(each, from, to)] as const);
      const feeds: NamedTensors = { ...fed, ...Object.fromEntries(part) };
      const scalar = timestep.dims.length === 0 ? { timestep: { ...feeds.timestep!, dims: [] } } : {};
      const results = await session.run({ ...feeds, ...scalar } as NamedTensors);
      loss += (results[LOSS]!.data[0] as number) * ((to - from) / n);
      addGradients(gradient, ports, results, (to - from) / n);
    }
    return { loss, gradient };
  };
}

function rowsBetween<T extends TensorOf<'float32'> | TensorOf<'int64'>>(
  { dtype, dims: [n, ...rest], data }: T,
  from: number,
  to: number,
): NamedTensors[string] {
  const size = data.length / n!;
  return {
    dtype,
    dims: [to - from, ...rest],
    data: data.subarray(from * size, to * size),
  } as NamedTensors[string];
}

function addGradients(
  gradient: Float32Array,
  ports: readonly TunablePort[],
  results: NamedTensors,
  share: number,
): void {
  let at = 0;
  for (const { name } of ports) {
    const part = results[gradientName(name)]!.data as Float32Array;
    for (let i = 0; i < part.length; i++) gradient[at + i]! += share * part[i]!;
    at += part.length;
  }
}

const initialLength = (ports: readonly TunablePort[]): number =>
  ports.reduce((sum, { initial }) => sum + initial.length, 0);

/** All trained tensors in one array, one after the other. */
function initialWeights(ports: readonly TunablePort[]): Float32Array {
  const weights = new Float32Array(initialLength(ports));
  let at = 0;
  for (const { initial } of ports) {
    weights.set(initial, at);
    at += initial.length;
  }
  return weights;
}

/** The tensors that lie in one array; not copies. */
function tensorsOf(ports: readonly TunablePort[], weights: Float32Array): NamedTensors {
  let at = 0;
  const entries = ports.map(({ name, dims, initial }) => {
    const from = at;
    at += initial.length;
    return [name, tensor('float32', dims, weights.subarray(from, at))] as const;
  });
  return Object.fromEntries(entries);
}
