/**
 * @file The folder of a run, as data: what `run` writes, and what `status`, `report` and `export` read.
 *
 * `manifest.json` (environment, experiment, data set), `cells.json` (the resolved matrix), `rows.jsonl`
 * (measurements, append-only), `images.json` (where each arm's picture lies in the artefact store).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '../files/json.ts';
import { changedRunFile, type CraquelureError, damagedRunFile, notARun } from '../messages/index.ts';
import type { Cell } from '../experiment/setting.ts';
import type { Arm, RowArm } from '../metrics/arms.ts';
import type { Notes } from '../plugin/define.ts';
import type { AttackTraining } from './attack-trainings.ts';
import type { Manifest } from './manifest.ts';
import { completedCells } from './former-cells.ts';
import { assertArtefacts, assertSamples } from './foreign.ts';
import { RUN_FILES } from './names.ts';
import { changedFiles, type FileHashes } from './run-files.ts';
import { parseRows, type Row, tallyRows } from './rows.ts';

/** A cell, and how far it is. */
export interface CellRecord extends Cell {
  /** `pending` until its rows are written; `partial`: some rows are errors; `failed`: all are. */
  readonly status: 'pending' | 'ok' | 'partial' | 'failed';
  /** How many of its rows are errors. */
  readonly errors: number;
}

/** Where one arm's picture of one image lies. */
export interface RunImage {
  readonly image: string;
  readonly arm: Arm;
  /** Label of the protection; null on the clean arms, except attack(clean) by an attack that was trained on it. */
  readonly protection: string | null;
  /** Label of the attack; null on the arms that were not attacked. */
  readonly attack: string | null;
  readonly seed: number;
  /** Hash of the PNG artefact. */
  readonly sha256: string;
  readonly width: number;
  readonly height: number;
  /** Protected arm only: L-infinity distance to the clean image, in 1/255, measured on the saved file. */
  readonly linfPx?: number;
  /** Protected arm only: PSNR against the clean image in dB, measured on the saved file. */
  readonly psnr?: number;
  /** Protected arm only: SSIM against the clean image, measured on the saved file. */
  readonly ssim?: number;
  /** Protected arm only, where the protection has a model in the role `perceptual`: its distance to the clean image. */
  readonly perceptual?: number;
  /** Wall time of what made it: the attack alone on the attacked arms. */
  readonly ms?: number;
  /** Absolute path of the PNG artefact. */
  readonly path: string;
  readonly artist?: string;
  readonly title?: string;
  /** What it shows; a poison keeps its own. */
  readonly caption?: string;
  /** Protected arm only: what the protection chose and reached. */
  readonly notes?: Notes;
}

/** The samples of a mimic that was trained on one arm of an artist's images. */
export interface MimicRun {
  /** Label of a metric that judges it. */
  readonly metric: string;
  /** Labels of all that judge what it paints; absent in runs of earlier versions. */
  readonly metrics?: readonly string[];
  /** `*` if it was trained on the whole data set. */
  readonly artist: string;
  readonly arm: RowArm;
  readonly protection: string | null;
  readonly attack: string | null;
  readonly seed: number;
  readonly prompts: readonly string[];
  /** Pictures a prompt. */
  readonly imagesPerPrompt: number;
  /** Prompt by prompt; paths are absolute. */
  readonly pictures: readonly { readonly sha256: string; readonly path: string }[];
  /** The loss of every training step. */
  readonly losses: readonly number[];
  /** Absolute path of the trained weights, as safetensors; null if nothing was trained. */
  readonly weights: string | null;
}

/** A run, read back. */
export interface RunFolder {
  readonly dir: string;
  readonly manifest: Manifest;
  readonly cells: readonly CellRecord[];
  readonly rows: readonly Row[];
  readonly images: readonly RunImage[];
  /** Empty if no metric trains a model. */
  readonly generated: readonly MimicRun[];
}

/**
 * Reads a run's folder back; finished or not.
 * @throws STORE if `dir` holds no run, or if a file of it is damaged or has changed since the run was finished
 */
export async function readRunFolder(dir: string): Promise<RunFolder> {
  const manifest = await jsonIn<FormerManifest>(dir, RUN_FILES.manifest, () => true);
  if (!isManifest(manifest)) throw notARun(dir, RUN_FILES.manifest);
  const [changed] = await changedFiles(dir, pickRead(manifest.files));
  if (changed !== undefined) throw changedRunFile(dir, changed);
  const images = await jsonIn<RunImage[]>(dir, RUN_FILES.images, Array.isArray);
  assertArtefacts(dir, images);
  const generated = await jsonIn<FormerMimicRun[]>(dir, RUN_FILES.generated, Array.isArray).catch(
    ifAbsent([]),
  );
  assertSamples(dir, generated);
  return {
    dir,
    manifest: manifestUnderTodaysNames(manifest),
    cells: await completedCells<CellRecord>(await jsonIn(dir, RUN_FILES.cells, areCells)),
    rows: parseRows(await textIn(dir, RUN_FILES.rows), (line) => damagedRunFile(dir, RUN_FILES.rows, line)),
    images,
    generated: generated.map(underTodaysNames),
  };
}

async function textIn(dir: string, name: string): Promise<string> {
  try {
    return await readFile(join(dir, name), 'utf8');
  } catch (error) {
    throw notARun(dir, name, error);
  }
}

/** A JSON file of the folder, if it has the form that it should have. */
async function jsonIn<T>(dir: string, name: string, fits: (value: unknown) => boolean): Promise<T> {
  const text = await textIn(dir, name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damagedRunFile(dir, name);
  }
  if (!fits(value)) throw damagedRunFile(dir, name);
  return value as T;
}

/** A manifest of ours: other programs write files of that name, too. */
export const isManifest = (value: unknown): boolean => isRecord(value) && typeof value.run === 'string';

/** Cells, as far as everybody reads them: their settings with labels and links. */
const areCells = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every(
    (cell) =>
      isRecord(cell) &&
      typeof cell.id === 'string' &&
      [cell.protection, cell.attack, cell.metric].every(isSetting),
  );

const isSetting = (setting: unknown): boolean =>
  isRecord(setting) &&
  typeof setting.label === 'string' &&
  Array.isArray(setting.links) &&
  setting.links.every((link) => isRecord(link) && typeof link.id === 'string');

const ifAbsent =
  <T>(otherwise: T) =>
  (error: CraquelureError): T => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return otherwise;
    throw error;
  };

/** The hashes of those files that are read here; the tables made of them can go. */
const pickRead = (hashes: FileHashes = {}): FileHashes =>
  Object.fromEntries(
    [RUN_FILES.rows, RUN_FILES.cells, RUN_FILES.images, RUN_FILES.generated].flatMap((name) =>
      hashes[name] === undefined ? [] : [[name, hashes[name]]],
    ),
  );

/** Runs of version 0.1 have other names for two fields; they are read all the same. */
type FormerMimicRun = MimicRun & { readonly repeats?: number };
type FormerManifest = Manifest & {
  readonly lessons?: readonly (AttackTraining & { readonly told?: string })[];
};

const underTodaysNames = ({ repeats, ...mimic }: FormerMimicRun): MimicRun => ({
  ...mimic,
  imagesPerPrompt: mimic.imagesPerPrompt ?? repeats,
});

const manifestUnderTodaysNames = ({ lessons, ...manifest }: FormerManifest): Manifest => ({
  ...manifest,
  ...(lessons && {
    attackTrainings: lessons.map(({ told, ...training }) => ({
      ...training,
      ...(told && { description: told }),
    })),
  }),
});

/** How much of a plan an earlier run in `dir` has finished; nothing where the folder holds another plan or none. */
export async function readFinished(
  dir: string,
  plan: { readonly hash: string },
): Promise<{ finishedCells: number; failedCells: number }> {
  const run = await readRunFolder(dir).catch(() => undefined);
  if (run?.manifest.plan !== plan.hash) return { finishedCells: 0, failedCells: 0 };
  const tallies = [...tallyRows(run.rows).values()];
  return { finishedCells: tallies.length, failedCells: tallies.filter(({ errors }) => errors > 0).length };
}
