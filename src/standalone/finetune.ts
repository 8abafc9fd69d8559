/**
 * @file Fine-tuning outside an experiment: a LoRA, all weights or a token's embedding from a folder or manifest of images.
 * It writes `NAME.safetensors`, `NAME.json` (a record from which it can be repeated) and `NAME.losses.csv`. During the
 * training there is also `NAME.checkpoint.safetensors`, from which an interrupted training continues.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DatasetItem } from '../datasets/dataset.ts';
import { openDataset, parseDatasetSpec } from '../datasets/open.ts';
import type { TuningMethod } from '../diffusion/adapter.ts';
import type { TrainingPicture } from '../diffusion/examples.ts';
import {
  type FineTuneContext,
  type FineTuned,
  type FineTuneOptions,
  fineTune,
} from '../diffusion/finetune.ts';
import { type LoraFormat, writeAdapter } from '../diffusion/lora-file.ts';
import { type OpenRole, openDiffusion } from '../diffusion/open.ts';
import { sampleClassImages } from '../diffusion/prior.ts';
import { decodeImage } from '../image/codec.ts';
import type { Image } from '../image/image.ts';
import { interrupted, unknownArtist, unknownName } from '../messages/index.ts';
import type { ModelChoices } from '../models/choice.ts';
import { modelHome } from '../models/home.ts';
import type { OpenOptions } from '../models/open.ts';
import { type ResolvedModel, resolveNeeds } from '../models/resolve.ts';
import { ROLE_GROUPS } from '../models/roles.ts';
import { openPool } from '../models/pool.ts';
import {
  type CheckpointFile,
  checkpointTo,
  readCheckpoint,
  removeCheckpoint,
} from '../optim/checkpoint-file.ts';
import { seededRandom } from '../random.ts';
import { keyOf } from '../files/keys.ts';
import { toolVersion } from '../run/manifest.ts';
import { writeAtomically } from '../files/atomic.ts';
import { mean } from '../stats/mean.ts';
import { writeJson } from '../files/json.ts';
import { makeFolder } from '../files/folders.ts';

export interface FineTuneFilesOptions extends Omit<FineTuneOptions, 'resolution' | 'prior' | 'method'> {
  readonly method: TuningMethod;
  /** A folder, or a CSV manifest. */
  readonly images: string;
  /** Only the images by this artist of the manifest. */
  readonly artist?: string | undefined;
  /** Caption for images without one, which is a `.txt` file of the same name or the manifest's column. */
  readonly caption: string;
  /** Side of the training crops in px (default: the model's own resolution). */
  readonly resolution?: number | undefined;
  /** Prior preservation: class images that the base model generates from a prompt, and the weight of their loss. */
  readonly prior?: { readonly weight: number; readonly prompt: string; readonly images: number } | undefined;
  readonly format: LoraFormat;
  readonly seed: number;
  /** Path of the result, without its extension. */
  readonly out: string;
  /** Training steps between checkpoints. */
  readonly saveEvery: number;
  readonly maxPixels: number;
}

/** What a training leaves behind. */
export interface FineTunedFile {
  readonly output: string;
  readonly losses: string;
  readonly record: string;
  readonly images: readonly ImageFacts[];
  readonly models: readonly ResolvedModel[];
  /** Steps of an earlier, interrupted session. */
  readonly resumed: number;
  /** Mean loss of the first and of the last tenth of the steps. */
  readonly loss: { readonly first: number; readonly last: number };
}

interface ImageFacts {
  readonly id: string;
  readonly sha256: string;
  readonly caption: string;
}

interface Watch {
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number, doing: string) => void;
  /** Remarks on the images: files that are not images, and duplicates. */
  readonly onNote?: (remark: string) => void;
}

/**
 * Fine-tunes and writes. Continues from the checkpoint of an interrupted session to the very same weights.
 * @throws DATASET if there are fewer images than a batch; USAGE if the checkpoint is from another training; MODEL if the
 * loss is not finite
 */
export async function fineTuneFiles(
  options: FineTuneFilesOptions,
  choices: ModelChoices,
  sessions: OpenOptions,
  { signal, onProgress = () => undefined, onNote = () => undefined }: Watch,
): Promise<FineTunedFile> {
  const trainingImages = await readTrainingImages(options, onNote);
  const needs = ROLE_GROUPS.diffusion.map((role) => ({ role, by: 'finetune' }));
  const models = await resolveNeeds(needs, choices, { home: modelHome(), baseDirs: [process.cwd()] });
  const images = trainingImages.map(({ id, sha256, caption }) => ({ id, sha256, caption }));
  const file = checkpointFile(options, images, models);
  const resume = await readCheckpoint(file);
  await makeFolder(dirname(options.out));
  const pool = openPool(sessions);
  try {
    const open: OpenRole = pool.of(models).open;
    const { adapter, losses } = await train(trainingImages, options, {
      open,
      resume,
      checkpoint: checkpointTo(file, options.saveEvery),
      signal,
      onProgress,
    });
    const facts = { images, models, resumed: resume?.step ?? 0, loss: endsOf(losses) };
    const done = await writeResult(options, adapter, losses, (await open('unet')).graph, facts);
    await removeCheckpoint(file);
    return done;
  } catch (error) {
    if (signal.aborted) throw interrupted();
    throw error;
  } finally {
    await pool.close();
  }
}

/** Reads the images, generates the class images, and trains. */
async function train(
  trainingImages: readonly TrainingImage[],
  options: FineTuneFilesOptions,
  {
    open,
    onProgress,
    ...context
  }: Omit<FineTuneContext, 'random' | 'onProgress'> & Required<Pick<Watch, 'onProgress' | 'signal'>>,
): Promise<FineTuned> {
  const { resolution, prior, steps, seed, ...rest } = options;
  const examples: TrainingPicture[] = [];
  for (const { caption, image } of trainingImages) examples.push({ caption, image: await image() });
  const classImages = await generateClassImages(options, open, context.signal, (done) =>
    onProgress(0, `class image ${done}`),
  );
  return fineTune(
    examples,
    {
      ...rest,
      steps,
      resolution: resolution ?? (await openDiffusion(open)).side,
      ...(prior && { prior: { weight: prior.weight, pictures: classImages } }),
    },
    {
      ...context,
      open,
      random: seededRandom(seed).fork('training'),
      onProgress: (fraction) => onProgress(fraction, `step ${Math.round(fraction * steps)}`),
    },
  );
}

/** Writes the weights, the loss of every step and the record. */
async function writeResult(
  options: FineTuneFilesOptions,
  adapter: FineTuned['adapter'],
  losses: readonly number[],
  unet: Parameters<typeof writeAdapter>[3],
  facts: Omit<FineTunedFile, 'output' | 'losses' | 'record'>,
): Promise<FineTunedFile> {
  const { out, format } = options;
  const paths = { output: `${out}.safetensors`, losses: `${out}.losses.csv`, record: `${out}.json` };
  await writeAdapter(paths.output, adapter, format, unet);
  const table = losses.map((loss, i) => `${i + 1},${loss}\n`).join('');
  await writeAtomically(paths.losses, `step,loss\n${table}`);
  const done = { ...paths, ...facts };
  await writeJson(paths.record, recordOf(done, options));
  return done;
}

/** The checkpoint of this training; a training with other settings, images or models does not fit it. */
function checkpointFile(
  options: FineTuneFilesOptions,
  images: readonly ImageFacts[],
  models: readonly ResolvedModel[],
): CheckpointFile {
  const settings = { ...settingsOf(options), steps: null };
  return {
    path: `${options.out}.checkpoint.safetensors`,
    training: keyOf({ settings, images, models: models.map(({ key }) => key) }),
  };
}

/** All settings on which the weights depend, apart from images and models. */
function settingsOf({
  images: _,
  out: __,
  saveEvery: ___,
  format: ____,
  maxPixels: _____,
  method,
  ...rest
}: FineTuneFilesOptions) {
  const pattern = method.kind === 'lora' ? { pattern: method.pattern?.source ?? null } : {};
  return { ...rest, method: { ...method, ...pattern } };
}

function recordOf({ images, models, resumed, loss }: FineTunedFile, options: FineTuneFilesOptions): object {
  return {
    tool: `craquelure ${toolVersion()}`,
    method: options.method.kind,
    settings: settingsOf(options),
    images,
    models: models.map(({ role, id, key, trust }) => ({ role, id, key, trust })),
    resumed,
    loss,
  };
}

interface TrainingImage extends ImageFacts {
  image(): Promise<Image>;
}

async function readTrainingImages(
  { images, artist, caption, maxPixels }: FineTuneFilesOptions,
  onNote: (remark: string) => void,
): Promise<TrainingImage[]> {
  const { items, notes } = await openDataset(parseDatasetSpec(images), { baseDir: process.cwd() });
  notes.forEach(onNote);
  const own = artist === undefined ? items : worksOf(artist, items);
  return Promise.all(
    own.map(async (item) => ({
      id: item.id,
      sha256: item.sha256,
      caption: (await captionOf(item)) ?? caption,
      image: async () => decodeImage(await item.bytes(), { name: item.id, maxPixels }),
    })),
  );
}

/** @throws USAGE if no artist has that name; DATASET if no artists are known, as in a folder */
function worksOf(artist: string, items: readonly DatasetItem[]): readonly DatasetItem[] {
  const artists = [...new Set(items.flatMap((item) => item.artist ?? []))];
  if (artists.length === 0) throw unknownArtist('--artist', items[0]!.id);
  if (!artists.includes(artist)) throw unknownName('artist', artist, artists, { code: 'USAGE' });
  return items.filter((item) => item.artist === artist);
}

/** The caption in the manifest, or in a `.txt` file of the same name. */
async function captionOf({ caption, origin }: DatasetItem): Promise<string | undefined> {
  if (caption !== undefined || origin.kind !== 'file') return caption;
  const sibling = origin.path.replace(/\.[^./]+$/, '.txt');
  for (const folder of origin.folders) {
    const text = await readFile(join(folder, sibling), 'utf8').catch(() => undefined);
    if (text !== undefined && text.trim() !== '') return text.trim();
  }
  return undefined;
}

/** The class images that the base model generates: the same for the same seed. */
async function generateClassImages(
  { prior, seed, resolution }: FineTuneFilesOptions,
  open: OpenRole,
  signal: AbortSignal,
  onImage: (done: number) => void,
): Promise<TrainingPicture[]> {
  if (prior === undefined) return [];
  const random = seededRandom(seed).fork('class pictures'); // names of random streams stay, so that seeds do
  return sampleClassImages(await openDiffusion(open), {
    prompt: prior.prompt,
    count: prior.images,
    randomOf: (place) => random.fork(`picture ${place}`),
    resolution,
    signal,
    onImage,
  });
}

function endsOf(losses: readonly number[]): FineTunedFile['loss'] {
  const tenth = Math.max(1, Math.floor(losses.length / 10));
  return { first: mean(losses.slice(0, tenth)), last: mean(losses.slice(-tenth)) };
}
