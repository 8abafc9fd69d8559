/**
 * @file Runs a plan into a folder: the matrix on as many threads as there are, rows appended in the order of the
 * plan, everything resumable at any moment. A job that fails becomes error rows; the rest goes on.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../datasets/dataset.ts';
import { failedFast, interrupted, reasonOf } from '../messages/index.ts';
import type { Executor } from '../jobs/executor.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Job } from '../jobs/job.ts';
import { claimRunFolder } from './claim.ts';
import { describeEnvironment, describeTool, type Manifest, nameDevice, SEED_RULE } from './manifest.ts';
import type { Plan } from '../plan/plan.ts';
import { cellRecords, writeResults } from './results.ts';
import { collectMimics } from './mimic-runs.ts';
import { collectImages } from './images.ts';
import { collectAttackTrainings } from './attack-trainings.ts';
import type { Row } from './rows.ts';
import { openRowsFile } from './rows-file.ts';
import { readRunFolder, RUN_FILES, type RunFolder } from './run-folder.ts';
import { type JobEvent, openSession } from '../jobs/session.ts';
import { type Store, writeAtomically } from '../jobs/store.ts';
import type { Cell } from '../experiment/setting.ts';
import type { RowArm } from '../metrics/arms.ts';
import { measurementOf } from '../plan/measurements.ts';
import { rowsOfCell, unitsOf } from '../plan/units.ts';

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
  /** True where nothing was left to do. */
  readonly unchanged: boolean;
}

/** How many cells may be under way at once: enough to keep every thread busy across a cell's end. */
const CELLS_AHEAD = 6;

/** Runs what is missing of a plan. @throws INTERRUPTED on abort, after every finished cell is on disk. */
export async function runPlan(inputs: RunInputs, options: RunOptions): Promise<RunOutcome> {
  const { plan, dir } = inputs;
  await mkdir(dir, { recursive: true });
  const claim = await claimRunFolder(dir, plan.hash, options.onNote);
  try {
    const afresh = options.retryErrors === true && claim.previous !== undefined && (await hasErrors(dir));
    if (claim.previous?.finished && !afresh) return await unchangedOutcome(inputs);
    return await runMissing(inputs, options, claim.previous, afresh);
  } finally {
    await claim.release();
  }
}

async function hasErrors(dir: string): Promise<boolean> {
  const { rows } = await readRunFolder(dir);
  return rows.some(({ status }) => status === 'error');
}

/** Other thresholds on the same rows are no work, but another report. */
async function unchangedOutcome({ dir, experiment }: RunInputs): Promise<RunOutcome> {
  const found = await readRunFolder(dir);
  const { verdict: before, ...rest } = found.manifest;
  const unchanged = canonical(before) === canonical(experiment.verdict);
  const manifest: Manifest = unchanged
    ? found.manifest
    : { ...rest, experiment: experiment.source, ...(experiment.verdict && { verdict: experiment.verdict }) };
  if (!unchanged)
    await writeAtomically(join(dir, RUN_FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
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
  const save = (name: string, value: unknown) =>
    writeAtomically(join(dir, name), `${JSON.stringify(value, null, 2)}\n`);
  await save(RUN_FILES.manifest, manifest);
  await save(RUN_FILES.cells, cellRecords(plan, []));
  if (previous === undefined) await save(RUN_FILES.images, []);

  const rowsFile = await openRowsFile(
    dir,
    plan.cells.map((cell) => ({ id: cell.id, rows: rowsOfCell(plan, cell) })),
    afresh,
  );
  const session = openSession(store, executor, options.onJob ?? (() => undefined), options.onProgress);
  const rows: Row[] = [...rowsFile.kept];
  let complete = false;
  try {
    for await (const [cell, cellRows] of inOrder(plan, rowsFile.finishedCells, session.get, options)) {
      await rowsFile.append(cellRows);
      rows.push(...cellRows);
      options.onCell?.(cell, cellRows);
    }
    complete = true;
  } finally {
    await executor.close();
    await rowsFile.close(complete);
  }

  const images = await collectImages(plan, store);
  const generated = await collectMimics(plan, store);
  const attackTrainings = await collectAttackTrainings(plan, store);
  const cells = cellRecords(plan, rows);
  const ms = Math.round((previous?.ms ?? 0) + performance.now() - started);
  const finished: Manifest = {
    ...manifest,
    ...(attackTrainings.length > 0 && { attackTrainings }),
    finished: new Date().toISOString(),
    ms,
    jobs: addCounts(previous?.jobs, session.counts),
    peakRss: process.resourceUsage().maxRSS * 1024,
  };
  await save(RUN_FILES.images, images);
  if (generated.length > 0) await save(RUN_FILES.generated, generated);
  await writeResults(dir, { rows, cells, images });
  await save(RUN_FILES.cells, cells);
  await save(RUN_FILES.manifest, finished); // last: a manifest that says finished vouches for the rest
  return {
    folder: { dir, manifest: finished, cells, rows, images, generated },
    failedCells: cells.filter(({ errors }) => errors > 0).length,
    counts: session.counts,
    unchanged: false,
  };
}

/** The rows of each missing cell in the order of the plan, with a few cells under way at once. */
async function* inOrder(
  plan: Plan,
  first: number,
  get: Parameters<typeof measurementOf>[4],
  { signal, failFast }: RunOptions,
): AsyncGenerator<[Cell, Row[]]> {
  const abort = abortion(signal);
  const underWay: Promise<Row[]>[] = [];
  for (let i = first; i < plan.cells.length; i++) {
    for (let next = i + underWay.length; next < Math.min(i + CELLS_AHEAD, plan.cells.length); next++) {
      const rows = cellRows(plan, plan.cells[next]!, get);
      rows.catch(() => undefined); // heard where it is awaited; an abort may come first
      underWay.push(rows);
    }
    const rows = await Promise.race([underWay.shift()!, abort]);
    if (signal?.aborted) throw interrupted();
    yield [plan.cells[i]!, rows];
    const failure = rows.find(({ status }) => status === 'error');
    if (failFast && failure) throw failedFast(failure.image, failure.error ?? '');
  }
}

/** Rejects when the signal aborts; pending forever otherwise. */
function abortion(signal: AbortSignal | undefined): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    if (signal?.aborted) reject(interrupted());
    signal?.addEventListener('abort', () => reject(interrupted()), { once: true });
  });
  promise.catch(() => undefined);
  return promise;
}

/** All rows of a cell: unit by unit, the arms of each. */
async function cellRows(plan: Plan, cell: Cell, get: Parameters<typeof measurementOf>[4]): Promise<Row[]> {
  const rows = await Promise.all(
    unitsOf(plan, cell).flatMap((unit) =>
      unit.arms.map(async (arm): Promise<Row> => {
        const blank = blankRow(plan, cell, arm, unit.name);
        try {
          const { value, n, ms } = await measurementOf(plan, cell, arm, unit, get);
          return { ...blank, value, n, ms, status: 'ok', error: null };
        } catch (error) {
          return { ...blank, value: null, n: 0, ms: 0, status: 'error', error: reasonOf(error) };
        }
      }),
    ),
  );
  return rows;
}

function blankRow(plan: Plan, cell: Cell, arm: RowArm, image: string) {
  const { unit, higherIsBetter, label } = cell.metric;
  return {
    run: plan.run,
    cell: cell.id,
    protection: cell.protection.label,
    attack: cell.attack.label,
    metric: label,
    arm,
    image,
    unit,
    higherIsBetter,
    seed: cell.seed,
  };
}

async function startManifest(inputs: RunInputs, executor: Executor, previous?: Manifest): Promise<Manifest> {
  const { experiment, dataset, plan } = inputs;
  const [tool, environment] = await Promise.all([describeTool(), describeEnvironment(executor.workers)]);
  return {
    schemaVersion: 1,
    run: plan.run,
    plan: plan.hash,
    name: experiment.name,
    ...(experiment.description !== undefined && { description: experiment.description }),
    tool,
    experiment: experiment.source,
    ...(experiment.verdict !== undefined && { verdict: experiment.verdict }),
    seeds: experiment.seeds,
    seedRule: SEED_RULE,
    dataset: {
      name: dataset.name,
      notes: dataset.notes,
      items: plan.items.map(({ id, sha256, artist, title, licence }) => ({
        id,
        sha256,
        ...(artist !== undefined && { artist }),
        ...(title !== undefined && { title }),
        ...(licence !== undefined && { licence }),
      })),
    },
    ...(plan.models.length > 0 && { models: plan.models }),
    ...programsOf(plan),
    environment: {
      ...environment,
      ...(plan.models.length > 0 && { device: await nameDevice(executor.device) }),
    },
    started: previous?.started ?? new Date().toISOString(),
    finished: null,
    ms: previous?.ms ?? 0,
    jobs: previous?.jobs ?? { executed: 0, reused: 0, failed: 0 },
    peakRss: 0,
  };
}

/** What settings call outside this package, as it was found before anything ran. */
function programsOf({ cells }: Plan): Pick<Manifest, 'programs'> {
  const links = cells.flatMap(({ protection, attack, metric }) =>
    [protection, attack, metric].flatMap((setting) => setting.links),
  );
  const programs = Object.assign({}, ...links.map((link) => link.programs)) as Record<string, string>;
  return Object.keys(programs).length > 0 ? { programs } : {};
}

const addCounts = (a: Manifest['jobs'] | undefined, b: Manifest['jobs']): Manifest['jobs'] => ({
  executed: (a?.executed ?? 0) + b.executed,
  reused: (a?.reused ?? 0) + b.reused,
  failed: (a?.failed ?? 0) + b.failed,
});
