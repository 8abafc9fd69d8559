/** @file Where jobs are done. `local` uses the threads of this machine; other executors only need jobs and store. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CraquelureError } from '../messages.ts';
import { executeJob } from './execute.ts';
import type { Job, JobContext, JobRecord } from './jobs.ts';
import { openPictures } from './pictures.ts';
import { openStore } from './store.ts';
import type { JobOutcome } from './worker.ts';

/** Does jobs, as many at a time as it has room for; the rest wait in order. */
export interface Executor {
  readonly workers: number;
  /** @throws CraquelureError where the job fails. */
  execute(job: Job, context: JobContext): Promise<JobRecord>;
  /** Ends the threads, at once. */
  close(): Promise<void>;
}

/** One job at a time in this thread: for tests, and where threads would cost more than they bring. */
export function inlineExecutor(storeDir: string): Executor {
  const store = openStore(storeDir);
  const bench = { store, pictures: openPictures(store) };
  let last: Promise<unknown> = Promise.resolve();
  return {
    workers: 1,
    execute: (job, context) => {
      const next = last.then(() => executeJob(job, context, bench));
      last = next.catch(() => undefined);
      return next;
    },
    close: async () => undefined,
  };
}

/** A pool of `jobs` threads over the store in `storeDir`. Threads start with the first job that needs them. */
export async function localExecutor(storeDir: string, jobs = availableParallelism()): Promise<Executor> {
  const workerFile = new URL('./worker.js', import.meta.url);
  const fromSource = import.meta.url.endsWith('.ts'); // under a TypeScript loader threads have no compiled file
  if (jobs <= 1 || fromSource) return inlineExecutor(storeDir);
  const { Piscina } = await import('piscina');
  const pool = new Piscina({
    filename: fileURLToPath(workerFile),
    name: 'work',
    workerData: { storeDir },
    minThreads: jobs,
    maxThreads: jobs,
  });
  return {
    workers: jobs,
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
