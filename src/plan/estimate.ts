/** @file What a run would do: which jobs the store holds, which are missing, and how long those may take. */
import { join } from 'node:path';
import { CraquelureError } from '../messages/index.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import { type Job, type JobRecord, jobKey } from '../jobs/job.ts';
import { fineTuneJob, mimicOf, usesMimics } from './mimics.ts';
import { networkCosts, trainingCost } from '../jobs/stages/training-cost.ts';
import { stageOf, workOf } from '../jobs/stages/index.ts';
import { artefactOf } from './arms.ts';
import { lackingIn, measurementOf } from './measurements.ts';
import type { Plan } from './plan.ts';
import { unitsOf } from './units.ts';
import type { JobEvent } from '../jobs/session.ts';
import { isRecord, readJson, writeJson } from '../files/json.ts';
import type { Store } from '../jobs/store.ts';
import type { SettingLink } from '../experiment/setting.ts';

/** Times of one kind of work on one machine. */
interface Timing {
  readonly jobs: number;
  readonly ms: number;
}

/** How long each kind of work took in this store so far. */
export type Timings = Readonly<Record<string, Timing>>;

const timingsPath = (store: Store): string => join(store.dir, 'timings.json');

/** The times so far; entries that are not times are left out, and replaced by those of the next run. */
export async function readTimings(store: Store): Promise<Timings> {
  const found = await readJson<unknown>(timingsPath(store));
  const entries = isRecord(found) ? Object.entries(found) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, Timing] => isTiming(entry[1])));
}

const isTiming = (value: unknown): value is Timing =>
  isRecord(value) && Number(value.jobs) > 0 && Number(value.ms) >= 0 && Number.isFinite(value.ms);

/** Adds up the times of executed jobs; `save` merges them into the store's. */
export function timingRecorder(): { add(event: JobEvent): void; save(store: Store): Promise<void> } {
  const seen = new Map<string, Timing>();
  return {
    add: ({ job, outcome, ms }) => {
      if (outcome !== 'executed') return;
      const { jobs, ms: total } = seen.get(workOf(job)) ?? { jobs: 0, ms: 0 };
      seen.set(workOf(job), { jobs: jobs + 1, ms: total + ms });
    },
    save: async (store) => {
      if (seen.size === 0) return;
      const merged: Record<string, Timing> = { ...(await readTimings(store)) };
      for (const [work, { jobs, ms }] of seen) {
        const before = merged[work] ?? { jobs: 0, ms: 0 };
        merged[work] = { jobs: before.jobs + jobs, ms: before.ms + ms };
      }
      await writeJson(timingsPath(store), merged);
    },
  };
}

/** One kind of work in a plan. */
export interface WorkEstimate {
  readonly work: string;
  readonly stage: Job['stage'];
  /** Distinct jobs. Those whose inputs are not there yet are counted by name: equal pictures may yet merge them. */
  readonly jobs: number;
  readonly cached: number;
  readonly toRun: number;
  /** Expected time of the missing jobs on one thread, in ms; null if this work was never timed here. */
  readonly ms: number | null;
  /** Whether that is counted from multiplications, for want of a time. */
  readonly counted: boolean;
}

/** The estimate of a whole plan. */
export interface PlanEstimate {
  readonly work: readonly WorkEstimate[];
  readonly jobs: number;
  readonly cached: number;
  readonly toRun: number;
  /** Expected wall time on all workers, in ms, over the work that has been timed before. */
  readonly ms: number;
  /** Work without a time: the estimate leaves it out. */
  readonly untimed: readonly string[];
}

/** Walks the plan's graph in the store without doing anything. */
export async function estimatePlan(plan: Plan, store: Store, workers: number): Promise<PlanEstimate> {
  const found = new Map<string, Promise<JobRecord | undefined>>();
  const tally = new Map<string, Tally>();
  const costs = networkCosts(plan.models);

  const get = async (job: Job): Promise<JobRecord> => {
    const key = jobKey(job);
    const first = !found.has(key);
    if (first) found.set(key, isPending(job) ? Promise.resolve(undefined) : store.find(key));
    const record = await found.get(key);
    if (first) {
      const entry = tally.get(workOf(job)) ?? { stage: job.stage, cached: 0, toRun: 0, multiplications: 0 };
      tally.set(workOf(job), entry);
      if (record === undefined) entry.toRun++;
      else entry.cached++;
      if (record === undefined)
        entry.multiplications += (await stageOf(job).cost?.(job, costs))?.multiplications ?? 0;
    }
    return record ?? pendingRecord(job, key);
  };

  for (const cell of plan.cells.filter(({ metric }) => lackingIn(metric) === undefined)) {
    for (const unit of unitsOf(plan, cell)) {
      for (const arm of unit.arms) {
        // What cannot be done, such as an artist with too few pictures, costs its rows alone, and no time.
        await measurementOf(plan, cell, arm, unit, get).catch((error: unknown) => {
          if (!(error instanceof CraquelureError)) throw error;
        });
      }
    }
  }
  return summarise(tally, await readTimings(store), workers);
}

/** Jobs of one kind of work. */
interface Tally {
  readonly stage: Job['stage'];
  cached: number;
  toRun: number;
  /** Those of the fine-tunings that are to run. */
  multiplications: number;
}

/** Stands for an output that does not exist yet. The "hash" of an image is its maker's key, so that different makers differ. */
function pendingRecord(job: Job, key: string): JobRecord {
  const picture = (name: string) => ({ sha256: `${PENDING}${key}${name}`, bytes: 0, width: 0, height: 0 });
  return { key, job, ms: 0, output: stageOf(job).pending(job, picture) };
}

const PENDING = 'pending:';

const isPending = (job: Job): boolean =>
  stageOf(job)
    .inputs(job)
    .some((hash) => hash.startsWith(PENDING));

/** The speed of one thread of a server's CPU, as trainings and sampling of the embedded model reach; a GPU does hundreds of times as many. */
const MULTIPLICATIONS_PER_MS = 2.4e7;

function summarise(tally: ReadonlyMap<string, Tally>, timings: Timings, workers: number): PlanEstimate {
  const work = [...tally].map(([name, { stage, cached, toRun, multiplications }]): WorkEstimate => {
    const timing = timings[name];
    const counted = toRun > 0 && timing === undefined && multiplications > 0;
    const untimed = counted ? multiplications / MULTIPLICATIONS_PER_MS : null;
    const ms = toRun === 0 ? 0 : timing === undefined ? untimed : (timing.ms / timing.jobs) * toRun;
    return { work: name, stage, jobs: cached + toRun, cached, toRun, ms, counted };
  });
  const sum = (pick: (each: WorkEstimate) => number): number =>
    work.reduce((total, each) => total + pick(each), 0);
  return {
    work,
    jobs: sum(({ jobs }) => jobs),
    cached: sum(({ cached }) => cached),
    toRun: sum(({ toRun }) => toRun),
    ms: sum(({ ms }) => ms ?? 0) / workers,
    untimed: work.filter(({ ms }) => ms === null).map(({ work: name }) => name),
  };
}

/**
 * Peak resident memory of a run in bytes, fitted to runs of plug-ins without networks on two threads (502 MB at 0.07
 * megapixels, 531 MB at 0.65, 2,449 MB at 12). On top come the weights of models and what the largest fine-tuning
 * computes on its way. What protections and attacks compute is left out: it depends on the size of tiles. The sizes of images
 * are known only after they were imported; before, an image is taken to have one megapixel.
 */
export async function estimateMemory(plan: Plan, store: Store, workers: number): Promise<number> {
  const sizes = await Promise.all(
    plan.items.map(async (item) => {
      const clean = await artefactOf(plan, plan.cells[0]!, 'clean', item, async (job) => {
        const key = jobKey(job);
        return (await store.find(key)) ?? pendingRecord(job, key);
      });
      return clean.width * clean.height || 1e6;
    }),
  );
  const largest = Math.max(...sizes);
  const thread =
    MEMORY.thread + MEMORY.bytesPerPixel * largest + weightsPerThread(plan) + (await trainingBytes(plan));
  return MEMORY.process + workers * thread;
}

const MEMORY = { process: 100e6, thread: 200e6, bytesPerPixel: 80 };

/** What the largest fine-tuning of a plan computes on its way. */
async function trainingBytes({ cells, models }: Pick<Plan, 'cells' | 'models'>): Promise<number> {
  const costs = networkCosts(models);
  const counted = await Promise.all(
    cells.filter(usesMimics).map((cell) => trainingCost(fineTuneJob(cell, mimicOf(cell).mimic, []), costs)),
  );
  return Math.max(0, ...counted.map((cost) => cost?.bytes ?? 0));
}

/**
 * Bytes of weights that a thread holds when it has opened every model of the plan's cells: a model's graph, its session,
 * and a session of a derived graph where protections, attacks or trainings may differentiate it; metrics only run it.
 */
function weightsPerThread({ cells, models }: Pick<Plan, 'cells' | 'models'>): number {
  const keysOf = (links: readonly SettingLink[]): string[] =>
    links.flatMap(({ models: played = {}, chains = {} }) => [
      ...Object.entries(played).flatMap(([role, { key }]) => key.split('+').map((one) => `${role} ${one}`)),
      ...Object.values(chains).flatMap((chain) => keysOf(chain.flat())),
    ]);
  const run = new Set(cells.flatMap(({ metric }) => keysOf(metric.links)));
  const differentiated = new Set(
    cells.flatMap((cell) =>
      [cell.protection, cell.attack, ...(usesMimics(cell) ? [cell.metric] : [])].flatMap(({ links }) =>
        keysOf(links),
      ),
    ),
  );
  return models.reduce((bytes, model) => {
    const name = `${model.role} ${model.key}`;
    const copies = differentiated.has(name) ? 3 : run.has(name) ? 2 : 0;
    return bytes + copies * weightBytes(model);
  }, 0);
}

/** A model's weights in memory: halves are widened. Nobody said what the user's own files hold. */
function weightBytes({ files, dtype }: ResolvedModel): number {
  const stored = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return dtype.startsWith('float16') ? 2 * stored : stored;
}
