/**
 * @file A mimic: a diffusion model that is fine-tuned on some images and then sampled. Mimicry and poison tests are made of
 * mimics. Its specification is plain JSON, so that a job can name it and a store can keep its samples.
 */
import type { Image } from '../image/image.ts';
import { ATTENTION_PROJECTIONS } from '../onnx/transforms/lora.ts';
import type { Checkpointing, TrainingState } from '../optim/train.ts';
import type { Random } from '../random.ts';
import { type Adapter, type TuningMethod, withAdapters } from './adapter.ts';
import type { TrainingPicture } from './examples.ts';
import { type FineTuned, fineTune } from './finetune.ts';
import { textToImage } from './generate.ts';
import { type Diffusion, type OpenRole, openDiffusion } from './open.ts';
import type { SamplerName } from './samplers/samplers.ts';

/** What is sampled, and how. */
interface Sampling {
  readonly prompts: readonly string[];
  /** How many images for each prompt. */
  readonly imagesPerPrompt: number;
  readonly sampler: SamplerName;
  readonly samplingSteps: number;
  readonly guidance: number;
  /** Side of training images and samples, px (default: the model's own). */
  readonly resolution?: number | undefined;
}

/** How the model is fine-tuned. */
export interface FineTuning {
  readonly method: 'lora' | 'full' | 'textual-inversion';
  /** LoRA rank; alpha is as large, so that pairs count in full. */
  readonly rank: number;
  readonly layers: 'attention' | 'all';
  readonly steps: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly weighting: 'plain' | 'min-snr';
  readonly flip: boolean;
  readonly crop: 'random' | 'center';
  /** Whether the moving average of the weights makes the samples (EMA). */
  readonly ema: boolean;
  /** Prior preservation: samples of the base model are trained on, too, with a weight of their own in the loss. */
  readonly prior?:
    | { readonly weight: number; readonly prompt: string; readonly pictures: number }
    | undefined;
  /** The word in captions that stands for the training set; one without a meaning to the model. */
  readonly token: string;
}

/** All that the samples depend on, apart from images, models and seed. Without `fineTuning` the base model is sampled. */
export interface MimicSpec extends Sampling {
  readonly fineTuning?: FineTuning;
}

/** The same samples from the base model. */
export const withoutFineTuning = ({ fineTuning: _, ...asking }: MimicSpec): MimicSpec => asking;

/** The class images of prior preservation, as samples of the base model; undefined if there is no prior preservation. */
export function priorMimic({ fineTuning, ...asking }: MimicSpec): MimicSpec | undefined {
  const { prior } = fineTuning ?? {};
  return prior && { ...asking, prompts: [prior.prompt], imagesPerPrompt: prior.pictures };
}

/** Raise when a mimic can give other samples. */
export const MIMIC_VERSION = 2;

/** A training image. */
export interface MimicPicture {
  readonly caption: string;
  /** Hash of its content: its latents are cached under it. */
  readonly sha256: string;
  load(): Promise<Image>;
}

/** What a mimic gave. */
export interface MimicOutput {
  /** Prompt by prompt, the images of each one after the other. */
  readonly images: readonly Image[];
  /** Loss of each training step. */
  readonly losses: readonly number[];
  readonly adapter: Adapter | undefined;
}

/** How many samples a mimic makes. */
export const sampleCount = ({ prompts, imagesPerPrompt }: MimicSpec): number =>
  prompts.length * imagesPerPrompt;

/** Share of the time of a fine-tuning that goes into training, for progress; about right for 200 steps and 16 pictures. */
const TRAINING_SHARE = 0.7;

/** Pictures generated at a time; with guidance the U-Net sees twice as many. */
const SAMPLES_AT_ONCE = 4;

export interface MimicContext {
  readonly open: OpenRole;
  readonly random: Random;
  /** What `priorMimic` gave: the class images. */
  readonly prior?: readonly Image[] | undefined;
  readonly resume?: TrainingState | undefined;
  readonly checkpoint?: Checkpointing | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Fine-tunes and samples. The draws of samples depend on the seed alone, so that mimics can be compared in pairs. */
export async function runMimic(
  mimic: MimicSpec,
  pictures: readonly MimicPicture[],
  context: MimicContext,
): Promise<MimicOutput> {
  const { open, random, signal, onProgress = () => undefined } = context;
  const ask = (diffusion: Diffusion, from: number): Promise<Image[]> =>
    sampled(mimic, diffusion, random, signal, (done) => onProgress(from + (1 - from) * done));
  const { fineTuning } = mimic;
  if (fineTuning === undefined) {
    return { images: await ask(await openDiffusion(open), 0), losses: [], adapter: undefined };
  }
  const { adapter, losses } = await fineTuned(fineTuning, mimic, pictures, {
    ...context,
    random: random.fork('training'),
    onProgress: (done) => onProgress(TRAINING_SHARE * done),
  });
  return {
    images: await withAdapters(open, [adapter], (tuned) => ask(tuned, TRAINING_SHARE)),
    losses,
    adapter,
  };
}

async function fineTuned(
  fineTuning: FineTuning,
  { resolution }: MimicSpec,
  pictures: readonly MimicPicture[],
  { prior: remembered = [], ...context }: MimicContext,
): Promise<FineTuned> {
  const loaded: TrainingPicture[] = [];
  for (const { caption, sha256, load } of pictures)
    loaded.push({ caption, key: sha256, image: await load() });
  const { prior, ema, steps, ...rest } = fineTuning;
  const kept = prior && {
    weight: prior.weight,
    pictures: remembered.map((image) => ({ image, caption: prior.prompt })),
  };
  return fineTune(
    loaded,
    {
      ...rest,
      steps,
      method: methodOf(fineTuning),
      resolution: resolution ?? (await openDiffusion(context.open)).side,
      warmup: Math.min(10, steps),
      dropout: 0.1,
      average: ema,
      ...(kept && { prior: kept }),
    },
    context,
  );
}

function methodOf({ method, rank, layers, token }: FineTuning): TuningMethod {
  if (method === 'full') return { kind: 'full' };
  if (method === 'textual-inversion') return { kind: 'textual-inversion', token };
  return {
    kind: 'lora',
    rank,
    alpha: rank,
    pattern: layersPattern(layers),
  };
}

/** Every layer but the first and the last, whose few channels have no room for a rank, or the projections of attention. */
export const layersPattern = (layers: 'attention' | 'all'): RegExp =>
  layers === 'all' ? /^(?!conv_(in|out)$)/ : ATTENTION_PROJECTIONS;

/** The samples of all prompts; the k-th has draws of its own, whatever else is in its batch. */
async function sampled(
  { prompts, imagesPerPrompt, sampler, samplingSteps, guidance, resolution }: MimicSpec,
  diffusion: Diffusion,
  random: Random,
  signal: AbortSignal | undefined,
  onProgress: (fraction: number) => void,
): Promise<Image[]> {
  const all = prompts.flatMap((prompt) => Array.from({ length: imagesPerPrompt }, () => prompt));
  const images: Image[] = [];
  for (let from = 0; from < all.length; from += SAMPLES_AT_ONCE) {
    const part = all.slice(from, from + SAMPLES_AT_ONCE);
    const made = await textToImage(diffusion, {
      prompts: part,
      randoms: part.map((_, i) => random.fork(`picture ${from + i}`)),
      sampler,
      steps: samplingSteps,
      guidance,
      ...(resolution !== undefined && { size: { width: resolution, height: resolution } }),
      signal,
      onProgress: (done) => onProgress((from + done * part.length) / all.length),
    });
    images.push(...made);
  }
  return images;
}
