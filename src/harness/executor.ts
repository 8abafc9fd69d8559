/** @file Where jobs are done. `local` uses the threads of this machine; other executors only need jobs and store. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CraquelureError } from '../messages.ts';
import { openShelf } from '../models/shelf.ts';
import { type Device, resolveDevice } from '../runtime/device.ts';
import { executeJob } from './execute.ts';
import type { Job, JobContext, JobRecord } from './jobs.ts';
import { openPictures } from './pictures.ts';
import { openStore } from './store.ts';
import type { JobOutcome, WorkerData } from './worker.ts';

/** Does jobs, as many at a time as it has room for; the rest wait in order. */
export interface Executor {
  readonly workers: number;
  /** Where models run. */
  readonly device: Device;
  /** @throws CraquelureError where the job fails. */
  execute(job: Job, context: JobContext): Promise<JobRecord>;
  /** Ends the threads, at once. */
  close(): Promise<void>;
}

/** One job at a time in this thread: for tests, and where threads would cost more than they bring. */
export function inlineExecutor(storeDir: string, device: Device = 'cpu'): Executor {
  const store = openStore(storeDir);
  const bench = { store, pictures: openPictures(store), shelf: openShelf({ device }) };
  let last: Promise<unknown> = Promise.resolve();
  return {
    workers: 1,
    device,
    execute: (job, context) => {
      const next = last.then(() => executeJob(job, context, bench));
      last = next.catch(() => undefined);
      return next;
    },
    close: () => bench.shelf.close(),
  };
}

/** How wide and where. */
export interface ExecutorOptions {
  readonly jobs?: number | undefined;
  readonly device?: Device | 'auto' | undefined;
}

/**
 * A pool of `jobs` threads over the store in `storeDir`. Threads start with the first job that needs them. Each opens
 * models of its own, which share the cores: a model's operators get as many threads as there are cores for each job.
 */
export async function localExecutor(
  storeDir: string,
  { jobs = availableParallelism(), device: wanted = 'cpu' }: ExecutorOptions = {},
): Promise<Executor> {
  const device = await resolveDevice(wanted);
  const workerFile = new URL('./worker.js', import.meta.url);
  const fromSource = import.meta.url.endsWith('.ts'); // under a TypeScript loader threads have no compiled file
  if (jobs <= 1 || fromSource) return inlineExecutor(storeDir, device);
  const sessions = { device, threads: Math.max(1, Math.floor(availableParallelism() / jobs)) };
  const { Piscina } = await import('piscina');
  const pool = new Piscina({
    filename: fileURLToPath(workerFile),
    name: 'work',
    workerData: { storeDir, sessions } satisfies WorkerData,
    minThreads: jobs,
    maxThreads: jobs,
  });
  return {
    workers: jobs,
    device,
    execute: async (job, context) => {
      const outcome = (await pool.run({ job, context })) as JobOutcome;
      if ('record' in outcome) return outcome.record;
      throw outcome.failure.code === undefined
        ? new Error(outcome.failure.message)
        : new CraquelureError(outcome.failure.code, outcome.failure.message);
    },
    close: () => pool.destroy(),
  };
}
