/**
 * @file Fine-tuning by hand: a LoRA, all weights or a token's embedding from a folder or manifest of pictures, outside any
 * experiment. Beside `NAME.safetensors` lie `NAME.json`, from which it can be made again, and `NAME.losses.csv`; while the
 * training is under way, `NAME.checkpoint.safetensors`, from which it goes on after whatever interrupts it.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DatasetItem } from '../datasets/dataset.ts';
import { openDataset, parseDatasetSpec } from '../datasets/open.ts';
import type { TuningMethod } from '../diffusion/adapter.ts';
import type { TrainingPicture } from '../diffusion/examples.ts';
import { type FineTuneOptions, fineTune } from '../diffusion/finetune.ts';
import { textToImage } from '../diffusion/generate.ts';
import { type LoraFormat, writeAdapter } from '../diffusion/lora-file.ts';
import { type OpenRole, openDiffusion } from '../diffusion/open.ts';
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
import { writeJson } from '../files/json.ts';

export interface FineTuneFilesOptions extends Omit<FineTuneOptions, 'resolution' | 'prior' | 'method'> {
  readonly method: TuningMethod;
  /** A folder, or a CSV manifest. */
  readonly pictures: string;
  /** Of the manifest, only this artist's. */
  readonly artist?: string | undefined;
  /** For pictures without a caption of their own: a `.txt` beside the picture, or the manifest's column. */
  readonly caption: string;
  /** The model's own unless told. */
  readonly resolution?: number | undefined;
  /** Prior preservation: pictures that the model paints of a prompt before it is taught anything, and their weight. */
  readonly prior?:
    | { readonly weight: number; readonly prompt: string; readonly pictures: number }
    | undefined;
  readonly format: LoraFormat;
  readonly seed: number;
  /** Path of the result, without its ending. */
  readonly out: string;
  /** Steps between checkpoints. */
  readonly saveEvery: number;
  readonly maxPixels: number;
}

/** What is left of a fine-tuning. */
export interface FineTunedFile {
  readonly output: string;
  readonly losses: string;
  readonly record: string;
  readonly pictures: readonly { readonly id: string; readonly sha256: string; readonly caption: string }[];
  readonly models: readonly ResolvedModel[];
  /** Steps that were made in an earlier session. */
  readonly resumed: number;
  /** Mean loss of the first and of the last tenth of the steps. */
  readonly loss: { readonly first: number; readonly last: number };
}

type Watch = {
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number, doing: string) => void;
  /** Remarks on the pictures: files that are none, and those that are there twice. */
  readonly onNote?: (remark: string) => void;
};

/**
 * Fine-tunes and writes. Goes on from the checkpoint of an interrupted session to the very same weights. @throws DATASET where
 * there are fewer pictures than a batch; USAGE where the checkpoint is of another training; MODEL where the loss is no number
 */
export async function fineTuneFiles(
  options: FineTuneFilesOptions,
  choices: ModelChoices,
  sessions: OpenOptions,
  { signal, onProgress = () => undefined, onNote = () => undefined }: Watch,
): Promise<FineTunedFile> {
  const { resolution, prior, ...rest } = options;
  const { out, saveEvery, format, method, seed } = rest;
  const training = await taughtPictures(options, onNote);
  const needs = ROLE_GROUPS.diffusion.map((role) => ({ role, by: 'finetune' }));
  const models = await resolveNeeds(needs, choices, { home: modelHome(), baseDirs: [process.cwd()] });
  const pictures = training.map(({ id, sha256, caption }) => ({ id, sha256, caption }));
  const settings = settingsOf(options);
  const file: CheckpointFile = {
    path: `${out}.checkpoint.safetensors`,
    training: keyOf({
      settings: { ...settings, steps: null },
      pictures,
      models: models.map(({ key }) => key),
    }),
  };
  const resume = await readCheckpoint(file);
  await mkdir(dirname(out), { recursive: true });
  const pool = openPool(sessions);
  try {
    const open: OpenRole = pool.of(models).open;
    const examples: TrainingPicture[] = [];
    for (const { caption, image } of training) examples.push({ caption, image: await image() });
    const classPictures = await priorPictures(options, open, signal, (done) =>
      onProgress(0, `class pictures ${done}`),
    );
    const { adapter, losses } = await fineTune(
      examples,
      {
        ...rest,
        resolution: resolution ?? (await openDiffusion(open)).side,
        ...(prior && { prior: { weight: prior.weight, pictures: classPictures } }),
      },
      {
        open,
        random: seededRandom(seed).fork('training'),
        resume,
        checkpoint: checkpointTo(file, saveEvery),
        signal,
        onProgress: (fraction) => onProgress(fraction, `step ${Math.round(fraction * options.steps)}`),
      },
    );
    const paths = { output: `${out}.safetensors`, losses: `${out}.losses.csv`, record: `${out}.json` };
    await writeAdapter(paths.output, adapter, format, (await open('unet')).graph);
    await writeAtomically(
      paths.losses,
      `step,loss\n${losses.map((loss, i) => `${i + 1},${loss}\n`).join('')}`,
    );
    const done = { ...paths, pictures, models, resumed: resume?.step ?? 0, loss: endsOf(losses) };
    await writeJson(paths.record, recordOf(done, settings, method));
    await removeCheckpoint(file);
    return done;
  } catch (error) {
    if (signal.aborted) throw interrupted();
    throw error;
  } finally {
    await pool.close();
  }
}

/** Everything that the weights depend on, but pictures and models. */
function settingsOf({
  pictures: _,
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

function recordOf(
  { pictures, models, resumed, loss }: FineTunedFile,
  settings: object,
  method: TuningMethod,
): object {
  const played = models.map(({ role, id, key, trust }) => ({ role, id, key, trust }));
  return {
    tool: `craquelure ${toolVersion()}`,
    method: method.kind,
    settings,
    pictures,
    models: played,
    resumed,
    loss,
  };
}

interface TaughtPicture {
  readonly id: string;
  readonly sha256: string;
  readonly caption: string;
  image(): Promise<Image>;
}

async function taughtPictures(
  { pictures, artist, caption, maxPixels }: FineTuneFilesOptions,
  onNote: (remark: string) => void,
): Promise<TaughtPicture[]> {
  const { items, notes } = await openDataset(parseDatasetSpec(pictures), { baseDir: process.cwd() });
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

/** @throws USAGE where nobody of that name is among the artists; DATASET where there are none, as in a folder. */
function worksOf(artist: string, items: readonly DatasetItem[]): readonly DatasetItem[] {
  const artists = [...new Set(items.flatMap((item) => item.artist ?? []))];
  if (artists.length === 0) throw unknownArtist('--artist', items[0]!.id);
  if (!artists.includes(artist)) throw unknownName('artist', artist, artists, { code: 'USAGE' });
  return items.filter((item) => item.artist === artist);
}

/** The manifest's, or that of a `.txt` beside the picture. */
async function captionOf({ caption, origin }: DatasetItem): Promise<string | undefined> {
  if (caption !== undefined || origin.kind !== 'file') return caption;
  const sibling = origin.path.replace(/\.[^./]+$/, '.txt');
  for (const folder of origin.folders) {
    const text = await readFile(join(folder, sibling), 'utf8').catch(() => undefined);
    if (text !== undefined && text.trim() !== '') return text.trim();
  }
  return undefined;
}

/** What the model paints of the class prompt before it is taught: the same for the same seed. */
async function priorPictures(
  { prior, seed, resolution }: FineTuneFilesOptions,
  open: OpenRole,
  signal: AbortSignal,
  onPicture: (done: number) => void,
): Promise<TrainingPicture[]> {
  if (prior === undefined) return [];
  const diffusion = await openDiffusion(open);
  const random = seededRandom(seed).fork('class pictures');
  const made: TrainingPicture[] = [];
  for (let i = 0; i < prior.pictures; i++) {
    onPicture(i + 1);
    const [image] = await textToImage(diffusion, {
      prompts: [prior.prompt],
      randoms: [random.fork(`picture ${i}`)],
      ...(resolution !== undefined && { size: { width: resolution, height: resolution } }),
      signal,
    });
    made.push({ image: image!, caption: prior.prompt });
  }
  return made;
}

function endsOf(losses: readonly number[]): FineTunedFile['loss'] {
  const tenth = Math.max(1, Math.floor(losses.length / 10));
  const mean = (part: readonly number[]): number => part.reduce((sum, loss) => sum + loss, 0) / part.length;
  return { first: mean(losses.slice(0, tenth)), last: mean(losses.slice(-tenth)) };
}
