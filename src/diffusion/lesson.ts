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
interface Asking {
  readonly prompts: readonly string[];
  /** Pictures a prompt. */
  readonly repeats: number;
  readonly sampler: SamplerName;
  readonly samplingSteps: number;
  readonly guidance: number;
  /** Side of what is taught and asked for, px; the model's own unless told. */
  readonly side?: number | undefined;
}

/** How pictures are taught. */
export interface Teaching {
  readonly method: 'lora' | 'full' | 'textual-inversion';
  /** Of LoRA; alpha is as large, so that pairs count in full. */
  readonly rank: number;
  readonly layers: 'attention' | 'all';
  readonly steps: number;
  readonly batch: number;
  readonly rate: number;
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
export interface Lesson extends Asking {
  readonly teaching?: Teaching;
}

/** The same questions to a model that has learnt nothing. */
export const untaught = ({ teaching: _, ...asking }: Lesson): Lesson => asking;

/** The lesson in which the untaught model paints the pictures of prior preservation; undefined where there is none. */
export function priorLesson({ teaching, ...asking }: Lesson): Lesson | undefined {
  const { prior } = teaching ?? {};
  return prior && { ...asking, prompts: [prior.prompt], repeats: prior.pictures };
}

/** Raise when a lesson can give other pictures. */
export const LESSON_VERSION = 2;

/** A picture to be taught. */
export interface LessonPicture {
  readonly caption: string;
  /** Of its content: what its latents are remembered under. */
  readonly sha256: string;
  load(): Promise<Image>;
}

/** What a lesson gave. */
export interface Taught {
  /** Prompt by prompt, the repeats of each one after the other. */
  readonly images: readonly Image[];
  /** Of every training step. */
  readonly losses: readonly number[];
  readonly adapter: Adapter | undefined;
}

/** How many pictures a lesson asks for. */
export const picturesAsked = ({ prompts, repeats }: Lesson): number => prompts.length * repeats;

/** Share of a lesson's time that goes into training, for progress; about right for 200 steps and 16 pictures. */
const TRAINING_SHARE = 0.7;

/** Pictures generated at a time; with guidance the U-Net sees twice as many. */
const AT_ONCE = 4;

export interface TeachContext {
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
export async function teach(
  lesson: Lesson,
  pictures: readonly LessonPicture[],
  context: TeachContext,
): Promise<Taught> {
  const { open, random, signal, onProgress = () => undefined } = context;
  const ask = (diffusion: Diffusion, from: number): Promise<Image[]> =>
    asked(lesson, diffusion, random, signal, (done) => onProgress(from + (1 - from) * done));
  const { teaching } = lesson;
  if (teaching === undefined) {
    return { images: await ask(await openDiffusion(open), 0), losses: [], adapter: undefined };
  }
  const { adapter, losses } = await taughtBy(teaching, lesson, pictures, {
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

async function taughtBy(
  teaching: Teaching,
  { side }: Lesson,
  pictures: readonly LessonPicture[],
  { prior: remembered = [], ...context }: TeachContext,
): Promise<FineTuned> {
  const loaded: TrainingPicture[] = [];
  for (const { caption, sha256, load } of pictures)
    loaded.push({ caption, key: sha256, image: await load() });
  const { prior, ema, steps, ...rest } = teaching;
  const kept = prior && {
    weight: prior.weight,
    pictures: remembered.map((image) => ({ image, caption: prior.prompt })),
  };
  return fineTune(
    loaded,
    {
      ...rest,
      steps,
      method: methodOf(teaching),
      side: side ?? (await openDiffusion(context.open)).side,
      warmup: Math.min(10, steps),
      dropout: 0.1,
      average: ema,
      ...(kept && { prior: kept }),
    },
    context,
  );
}

function methodOf({ method, rank, layers, token }: Teaching): TuningMethod {
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
async function asked(
  { prompts, repeats, sampler, samplingSteps, guidance, side }: Lesson,
  diffusion: Diffusion,
  random: Random,
  signal: AbortSignal | undefined,
  onProgress: (fraction: number) => void,
): Promise<Image[]> {
  const all = prompts.flatMap((prompt) => Array.from({ length: repeats }, () => prompt));
  const images: Image[] = [];
  for (let from = 0; from < all.length; from += AT_ONCE) {
    const part = all.slice(from, from + AT_ONCE);
    const made = await textToImage(diffusion, {
      prompts: part,
      randoms: part.map((_, i) => random.fork(`picture ${from + i}`)),
      sampler,
      steps: samplingSteps,
      guidance,
      ...(side !== undefined && { size: { width: side, height: side } }),
      signal,
      onProgress: (done) => onProgress((from + done * part.length) / all.length),
    });
    images.push(...made);
  }
  return images;
}
