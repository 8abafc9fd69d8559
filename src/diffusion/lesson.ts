/**
 * @file A lesson: a diffusion model is taught some pictures, then asked for others. What mimicry and poison tests are made
 * of. Plain JSON, so that a job can name it and a store can keep what it gave.
 */
import type { Image } from '../image/image.ts';
import { ATTENTION_PROJECTIONS } from '../onnx/lora.ts';
import type { Random } from '../random.ts';
import { type Adapter, type TuningMethod, withAdapter } from './adapter.ts';
import { fineTune } from './finetune.ts';
import { textToImage } from './generate.ts';
import { type Diffusion, type OpenRole, openDiffusion } from './open.ts';
import type { SamplerName } from './samplers.ts';

/** All that the result depends on, but pictures, models and seed. */
export interface Lesson {
  readonly method: 'lora' | 'full' | 'textual-inversion';
  /** Of LoRA; alpha is as large, so that pairs count in full. */
  readonly rank: number;
  readonly layers: 'attention' | 'all';
  /** 0: nothing is taught, and the model is asked as it is. */
  readonly steps: number;
  readonly batch: number;
  readonly rate: number;
  readonly weighting: 'plain' | 'min-snr';
  readonly flip: boolean;
  readonly crop: 'random' | 'center';
  /** Side of what is taught and asked for, px; the model's own unless told. */
  readonly side?: number | undefined;
  /** What the model is to connect with the pictures; a word that it has no meaning for. */
  readonly token: string;
  readonly prompts: readonly string[];
  /** Pictures a prompt. */
  readonly repeats: number;
  readonly sampler: SamplerName;
  readonly samplingSteps: number;
  readonly guidance: number;
}

/** Raise when a lesson can give other pictures. */
export const LESSON_VERSION = 1;

/** A picture to be taught. */
export interface LessonPicture {
  readonly caption: string;
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

/** Teaches and asks. Draws for the pictures asked for depend on the seed alone, so that lessons can be compared in pairs. */
export async function teach(
  lesson: Lesson,
  pictures: readonly LessonPicture[],
  context: {
    readonly open: OpenRole;
    readonly random: Random;
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((fraction: number) => void) | undefined;
  },
): Promise<Taught> {
  const { open, random, signal, onProgress = () => undefined } = context;
  const ask = (diffusion: Diffusion, from: number): Promise<Image[]> =>
    asked(lesson, diffusion, random, signal, (done) => onProgress(from + (1 - from) * done));
  if (lesson.steps === 0) {
    return { images: await ask(await openDiffusion(open), 0), losses: [], adapter: undefined };
  }
  const loaded = [];
  for (const { caption, load } of pictures) loaded.push({ caption, image: await load() });
  const { side } = await openDiffusion(open);
  const { adapter, losses } = await fineTune(
    loaded,
    {
      ...lesson,
      method: methodOf(lesson),
      side: lesson.side ?? side,
      warmup: Math.min(10, lesson.steps),
      dropout: 0.1,
    },
    {
      open,
      random: random.fork('training'),
      signal,
      onProgress: (done) => onProgress(TRAINING_SHARE * done),
    },
  );
  return { images: await withAdapter(open, adapter, (tuned) => ask(tuned, TRAINING_SHARE)), losses, adapter };
}

function methodOf({ method, rank, layers, token }: Lesson): TuningMethod {
  if (method === 'full') return { kind: 'full' };
  if (method === 'textual-inversion') return { kind: 'textual-inversion', token };
  return {
    kind: 'lora',
    rank,
    alpha: rank,
    pattern: layers === 'all' ? ALL_BUT_ENDS : ATTENTION_PROJECTIONS,
  };
}

/** Every layer but the first and the last, whose few channels have no room for a rank. */
const ALL_BUT_ENDS = /^(?!conv_(in|out)$)/;

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
