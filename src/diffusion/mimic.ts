/**
 * @file A lesson: a diffusion model is taught some pictures, then asked for others. What mimicry and poison tests are made
 * of. Plain JSON, so that a job can name it and a store can keep what it gave.
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

/** What is asked for, and how. */
interface Sampling {
  readonly prompts: readonly string[];
  /** Pictures a prompt. */
  readonly imagesPerPrompt: number;
  readonly sampler: SamplerName;
  readonly samplingSteps: number;
  readonly guidance: number;
  /** Side of what is taught and asked for, px; the model's own unless told. */
  readonly resolution?: number | undefined;
}

/** How pictures are taught. */
export interface FineTuning {
  readonly method: 'lora' | 'full' | 'textual-inversion';
  /** Of LoRA; alpha is as large, so that pairs count in full. */
  readonly rank: number;
  readonly layers: 'attention' | 'all';
  readonly steps: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly weighting: 'plain' | 'min-snr';
  readonly flip: boolean;
  readonly crop: 'random' | 'center';
  /** Whether the moving average of the weights is what paints. */
  readonly ema: boolean;
  /** What the untaught model paints of a prompt is learnt beside the pictures, with a weight of its own in the loss. */
  readonly prior?:
    | { readonly weight: number; readonly prompt: string; readonly pictures: number }
    | undefined;
  /** What the model is to connect with the pictures; a word that it has no meaning for. */
  readonly token: string;
}

/** All that the result depends on, but pictures, models and seed. Without a teaching, the model is asked as it is. */
export interface MimicSpec extends Sampling {
  readonly fineTuning?: FineTuning;
}

/** The same questions to a model that has learnt nothing. */
export const withoutFineTuning = ({ fineTuning: _, ...asking }: MimicSpec): MimicSpec => asking;

/** The lesson in which the untaught model paints the pictures of prior preservation; undefined where there is none. */
export function priorMimic({ fineTuning, ...asking }: MimicSpec): MimicSpec | undefined {
  const { prior } = fineTuning ?? {};
  return prior && { ...asking, prompts: [prior.prompt], imagesPerPrompt: prior.pictures };
}

/** Raise when a lesson can give other pictures. */
export const MIMIC_VERSION = 2;

/** A picture to be taught. */
export interface MimicPicture {
  readonly caption: string;
  /** Of its content: what its latents are remembered under. */
  readonly sha256: string;
  load(): Promise<Image>;
}

/** What a lesson gave. */
export interface MimicOutput {
  /** Prompt by prompt, the repeats of each one after the other. */
  readonly images: readonly Image[];
  /** Of every training step. */
  readonly losses: readonly number[];
  readonly adapter: Adapter | undefined;
}

/** How many pictures a lesson asks for. */
export const sampleCount = ({ prompts, imagesPerPrompt }: MimicSpec): number =>
  prompts.length * imagesPerPrompt;

/** Share of the time of a fine-tuning that goes into training, for progress; about right for 200 steps and 16 pictures. */
const TRAINING_SHARE = 0.7;

/** Pictures generated at a time; with guidance the U-Net sees twice as many. */
const SAMPLES_AT_ONCE = 4;

export interface MimicContext {
  readonly open: OpenRole;
  readonly random: Random;
  /** What `priorLesson` gave. */
  readonly prior?: readonly Image[] | undefined;
  readonly resume?: TrainingState | undefined;
  readonly checkpoint?: Checkpointing | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Teaches and asks. Draws for the pictures asked for depend on the seed alone, so that lessons can be compared in pairs. */
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

/** The pictures of all prompts; the k-th has draws of its own, whatever it is generated with. */
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
