/** @file What a run would do: which jobs the store holds, which are missing, and how long those may take. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type MimicSpec, sampleCount } from '../diffusion/mimic.ts';
import { CraquelureError } from '../messages/index.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import { type Job, type JobRecord, jobKey, type FineTuneJob } from '../jobs/job.ts';
import { fineTuneJob, mimicOf } from './mimics.ts';
import { trainingCounter } from './training-cost.ts';
import { artefactOf, lackingIn, measurementOf, type Plan, unitsOf } from './plan.ts';
import type { SettingLink } from '../run/run-folder.ts';
import type { JobEvent } from '../jobs/session.ts';
import { type Store, writeAtomically } from '../jobs/store.ts';

/** The kind of work a job is, as its time depends on it: `attack jpeg | rescale`. */
export function workOf(job: Job): string {
  switch (job.stage) {
    case 'import':
      return 'import';
    case 'embed':
      return `embed ${job.role} ${job.model.slice(0, 8)}`;
    case 'fine-tune':
      return fineTuneWork(job);
    default:
      return `${job.stage} ${job.steps.map(({ id }) => id).join(' | ')}`;
  }
}

/** `learn lora, 120 steps, 26ebdfd7`: the time of a fine-tuning depends on all three. */
function fineTuneWork({ steps: [step] }: FineTuneJob): string {
  const { fineTuning, ...asking } = step!.params as unknown as MimicSpec;
  const unet = (step!.models?.unet ?? '').slice(0, 8);
  if (fineTuning === undefined) return `paint ${sampleCount(asking)} pictures, ${unet}`;
  return `learn ${fineTuning.method}, ${fineTuning.steps} steps, ${unet}`;
}

/** Times of one kind of work on one machine. */
interface Timing {
  readonly jobs: number;
  readonly ms: number;
}

/** How long each kind of work took in this store so far. */
export type Timings = Readonly<Record<string, Timing>>;

const timingsPath = (store: Store): string => join(store.dir, 'timings.json');

export async function readTimings(store: Store): Promise<Timings> {
  try {
    return JSON.parse(await readFile(timingsPath(store), 'utf8')) as Timings;
  } catch {
    return {};
  }
}

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
      await writeAtomically(timingsPath(store), `${JSON.stringify(merged, null, 2)}\n`);
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
  /** Expected time of the missing jobs on one thread, in ms; null where this work was never timed here. */
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
  const count = trainingCounter(plan.models);

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
      if (record === undefined && job.stage === 'fine-tune')
        entry.multiplications += (await count(job))?.multiplications ?? 0;
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
  /** Of the lessons among those to run. */
  multiplications: number;
}

/** Stands for a picture that does not exist yet; its "hash" is its maker's key, so that different makers differ. */
function pendingRecord(job: Job, key: string): JobRecord {
  const picture = (name: string) => ({ sha256: `${PENDING}${name}`, bytes: 0, width: 0, height: 0 });
  if (job.stage === 'fine-tune') {
    const count = sampleCount(job.steps[0]!.params as unknown as MimicSpec);
    const pictures = Array.from({ length: count }, (_, i) => picture(`${key}.${i}`));
    return { key, job, ms: 0, output: { pictures, losses: [], weights: null } };
  }
  return { key, job, ms: 0, output: { value: 0, vector: '', ...picture(key) } };
}

const PENDING = 'pending:';

const isPending = (job: Job): boolean =>
  job.stage === 'measure' || job.stage === 'train-attack'
    ? [...job.inputs, ...job.references].some((hash) => hash.startsWith(PENDING))
    : job.stage !== 'import' && job.input.startsWith(PENDING);

/** Of one thread of a server's CPU, as trainings and sampling of the embedded model reach; a GPU does hundreds of times as many. */
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
 * megapixels, 531 MB at 0.65, 2,449 MB at 12), and on top the weights of models and what the largest lesson
 * computes on its way; not what protections and attacks do, which depends on the size of tiles. Sizes of pictures are known only after they were imported; before, a
 * picture is taken to have one megapixel.
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

/** What the largest lesson of a plan computes on its way. */
async function trainingBytes({ cells, models }: Pick<Plan, 'cells' | 'models'>): Promise<number> {
  const count = trainingCounter(models);
  const training = cells.filter(({ metric }) => metric.kind === 'generated');
  const costs = await Promise.all(training.map((cell) => count(fineTuneJob(cell, mimicOf(cell).mimic, []))));
  return Math.max(0, ...costs.map((cost) => cost?.bytes ?? 0));
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
    cells.flatMap(({ protection, attack, metric }) =>
      [protection, attack, ...(metric.kind === 'generated' ? [metric] : [])].flatMap(({ links }) =>
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

/** A model's weights in memory: halves are widened. Of the user's own files, nobody said what they hold. */
function weightBytes({ files, dtype }: ResolvedModel): number {
  const stored = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return dtype.startsWith('float16') ? 2 * stored : stored;
}
