/**
 * @file The folder of a run, as data: what `run` writes, and what `status`, `report` and `export` read.
 *
 * `manifest.json` (environment, experiment, data set), `cells.json` (the resolved matrix), `rows.jsonl`
 * (measurements, append-only), `images.json` (where each arm's picture lies in the artefact store).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { notARun } from '../messages/index.ts';
import type { Cell } from '../experiment/setting.ts';
import type { Arm, RowArm } from '../metrics/arms.ts';
import type { Notes } from '../plugin/define.ts';
import type { AttackTraining } from './attack-trainings.ts';
import type { Manifest } from './manifest.ts';
import { completedCells } from './former-cells.ts';
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

/** The names of the files in a run's folder. */
export const RUN_FILES = {
  manifest: 'manifest.json',
  cells: 'cells.json',
  images: 'images.json',
  generated: 'generated.json',
  vote: 'vote.html',
  rows: 'rows.jsonl',
  csv: 'results.csv',
  parquet: 'results.parquet',
  report: 'report.html',
  findings: 'findings.json',
  findingsCsv: 'findings.csv',
  lock: 'run.lock',
} as const;

/** Reads a run's folder back; finished or not. @throws STORE if `dir` holds no run. */
export async function readRunFolder(dir: string): Promise<RunFolder> {
  const text = async (name: string): Promise<string> => {
    try {
      return await readFile(join(dir, name), 'utf8');
    } catch (error) {
      throw notARun(dir, name, error);
    }
  };
  const json = async <T>(name: string): Promise<T> => JSON.parse(await text(name)) as T;
  return {
    dir,
    manifest: manifestUnderTodaysNames(await json<FormerManifest>(RUN_FILES.manifest)),
    cells: await completedCells<CellRecord>(await json(RUN_FILES.cells)),
    rows: parseRows(await text(RUN_FILES.rows)),
    images: await json<RunImage[]>(RUN_FILES.images),
    generated: (await json<FormerMimicRun[]>(RUN_FILES.generated).catch(() => [])).map(underTodaysNames),
  };
}

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
