/**
 * @file Runs a plan into a folder: the matrix on as many threads as there are, rows appended in the order of the
 * plan, everything resumable at any moment. A job that fails becomes error rows; the rest goes on.
 */
import { join } from 'node:path';
import type { Dataset } from '../datasets/dataset.ts';
import type { Executor } from '../jobs/executor.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Job } from '../jobs/job.ts';
import { claimRunFolder } from './claim.ts';
import { rowsInOrder } from './cell-rows.ts';
import { finishManifest, type Manifest, startManifest } from './manifest.ts';
import type { Plan } from '../plan/plan.ts';
import { cellRecords, writeResults } from './results.ts';
import { collectMimics } from './mimic-runs.ts';
import { collectImages } from './images.ts';
import { collectAttackTrainings } from './attack-trainings.ts';
import type { Row } from './rows.ts';
import { openRowsFile } from './rows-file.ts';
import { RUN_FILES } from './names.ts';
import { readRunFolder, type RunFolder } from './run-folder.ts';
import { type JobEvent, openSession, type SessionCounts } from '../jobs/session.ts';
import { droppedRows, repairedResults, repairedRunFiles, saysDiskFull } from '../messages/index.ts';
import { keptRows } from './kept-rows.ts';
import { changedFiles, hashFiles } from './run-files.ts';
import { writeJson } from '../files/json.ts';
import type { Store } from '../jobs/store.ts';
import type { Cell } from '../experiment/setting.ts';
import { rowsOfCell } from '../plan/units.ts';

/** What a run is made of. */
export interface RunInputs {
  readonly experiment: Experiment;
  readonly dataset: Dataset;
  readonly plan: Plan;
  readonly store: Store;
  /** The run's folder. */
  readonly dir: string;
}

export interface RunOptions {
  /** Opens the executor; called only when some cell is missing. */
  readonly openExecutor: () => Promise<Executor>;
  /** Stop at the first failure. */
  readonly failFast?: boolean;
  /** Do cells with error rows again. */
  readonly retryErrors?: boolean;
  readonly signal?: AbortSignal;
  readonly onJob?: (event: JobEvent) => void;
  /** Hears of jobs that take long while they go on. */
  readonly onProgress?: (job: Job, fraction: number) => void;
  readonly onCell?: (cell: Cell, rows: readonly Row[]) => void;
  readonly onNote?: (note: string) => void;
}

/** What a finished run gives back. */
export interface RunOutcome {
  readonly folder: RunFolder;
  /** Cells with at least one error row. */
  readonly failedCells: number;
  readonly counts: Manifest['jobs'];
  /** True if nothing was left to do. */
  readonly unchanged: boolean;
}

/** Runs what is missing of a plan. @throws INTERRUPTED on abort, after every finished cell is on disk. */
export async function runPlan(inputs: RunInputs, options: RunOptions): Promise<RunOutcome> {
  const { plan, dir } = inputs;
  const claim = await claimRunFolder(dir, plan.hash, options.onNote);
  try {
    const { previous } = claim;
    const afresh = previous !== undefined && (await isToRedo(inputs, previous, options));
    if (previous?.finished && !afresh) return await unchangedOutcome(inputs);
    return await runMissing(inputs, options, previous, afresh);
  } finally {
    await claim.release();
  }
}

/** Whether all rows are written again: files were damaged, or there are errors that are to be tried again. */
async function isToRedo(
  { plan, dir }: RunInputs,
  previous: Manifest,
  { retryErrors = false, onNote }: RunOptions,
): Promise<boolean> {
  if (previous.finished !== null) {
    const lost = await lostFiles(dir, previous, plan);
    if (lost.length > 0) {
      onNote?.(repairedRunFiles(lost));
      return true;
    }
  } else if (!retryErrors) return false; // what is kept is looked at row by row
  const { rows } = await readRunFolder(dir).catch(() => ({ rows: [] })); // of a damaged one, too
  const failures = rows.filter(({ status }) => status === 'error');
  return retryErrors ? failures.length > 0 : failures.some(({ error }) => saysDiskFull(error ?? ''));
}

/** The files of a finished run that are not what they were; of runs without hashes, rows are counted. */
async function lostFiles(dir: string, { files }: Manifest, plan: Plan): Promise<string[]> {
  if (files !== undefined) return changedFiles(dir, files);
  const rows = plan.cells.reduce((sum, cell) => sum + rowsOfCell(plan, cell), 0);
  const whole = await readRunFolder(dir).then(
    (run) => run.rows.length === rows,
    () => false,
  );
  return whole ? [] : [RUN_FILES.rows];
}

/** Other thresholds on the same rows are no work, but another report. */
async function unchangedOutcome({ dir, experiment }: RunInputs): Promise<RunOutcome> {
  const found = await readRunFolder(dir);
  const { verdict: before, ...rest } = found.manifest;
  const unchanged = canonical(before) === canonical(experiment.verdict);
  const manifest: Manifest = unchanged
    ? found.manifest
    : { ...rest, experiment: experiment.source, ...(experiment.verdict && { verdict: experiment.verdict }) };
  if (!unchanged) await writeJson(join(dir, RUN_FILES.manifest), manifest);
  const folder = { ...found, manifest };
  const failedCells = folder.cells.filter(({ errors }) => errors > 0).length;
  return { folder, failedCells, counts: { executed: 0, reused: 0, failed: 0 }, unchanged };
}

const canonical = (rule: Experiment['verdict']): string =>
  JSON.stringify(
    Object.entries(rule ?? {})
      .filter(([, value]) => value !== undefined)
      .sort(),
  );

async function runMissing(
  inputs: RunInputs,
  options: RunOptions,
  previous: Manifest | undefined,
  afresh: boolean,
): Promise<RunOutcome> {
  const { plan, store, dir } = inputs;
  const started = performance.now();
  await store.sweep();
  const executor = await options.openExecutor();
  const manifest = await startManifest(inputs, executor, previous);
  const save = saverOf(dir);
  await save(RUN_FILES.manifest, manifest);
  await save(RUN_FILES.cells, cellRecords(plan, []));
  if (previous === undefined) await save(RUN_FILES.images, []);
  const { rows, counts } = await writeRows(inputs, options, executor, afresh);
  if (store.damaged() + counts.mended > 0) options.onNote?.(repairedResults(store.damaged() + counts.mended));
  const ms = manifest.ms + performance.now() - started;
  const folder = await finishFolder(inputs, rows, manifest, { ms, jobs: counts });
  const failedCells = folder.cells.filter(({ errors }) => errors > 0).length;
  return { folder, failedCells, counts, unchanged: false };
}

const saverOf =
  (dir: string) =>
  (name: string, value: unknown): Promise<void> =>
    writeJson(join(dir, name), value, { durable: true });

/** Appends the rows of all cells that the folder lacks. @returns those that it had, too */
async function writeRows(
  { plan, store, dir }: RunInputs,
  options: RunOptions,
  executor: Executor,
  afresh: boolean,
): Promise<{ rows: readonly Row[]; counts: SessionCounts }> {
  const rowsFile = await openRowsFile(dir, (text) => keptRows(plan, store, text), afresh);
  const { dropped, kept } = rowsFile;
  if (dropped > 0) options.onNote?.(droppedRows(dropped, kept.length));
  const { get, counts } = openSession(
    store,
    executor,
    options.onJob ?? (() => undefined),
    options.onProgress,
  );
  const rows: Row[] = [...kept];
  let complete = false;
  try {
    for await (const [cell, cellRows] of rowsInOrder(plan, rowsFile.finishedCells, get, options)) {
      await rowsFile.append(cellRows);
      rows.push(...cellRows);
      options.onCell?.(cell, cellRows);
    }
    complete = true;
  } finally {
    await executor.close();
    await rowsFile.close(complete);
  }
  return { rows, counts };
}

/** Writes all that follows from the rows. The manifest comes last: one that says finished vouches for the rest. */
async function finishFolder(
  { plan, store, dir }: RunInputs,
  rows: readonly Row[],
  started: Manifest,
  done: Pick<Manifest, 'ms' | 'jobs'>,
): Promise<RunFolder> {
  const save = saverOf(dir);
  const images = await collectImages(plan, store);
  const generated = await collectMimics(plan, store);
  const attackTrainings = await collectAttackTrainings(plan, store);
  const cells = cellRecords(plan, rows);
  await save(RUN_FILES.images, images);
  if (generated.length > 0) await save(RUN_FILES.generated, generated);
  await writeResults(dir, { rows, cells, images });
  await save(RUN_FILES.cells, cells);
  const manifest = finishManifest(started, { ...done, attackTrainings, files: await hashFiles(dir) });
  await save(RUN_FILES.manifest, manifest);
  return { dir, manifest, cells, rows, images, generated };
}
