/** @file Where jobs are done. `local` uses the threads of this machine; other executors only need jobs and store. */
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { CraquelureError, interrupted } from '../messages/index.ts';
import { openPool } from '../models/pool.ts';
import { type Device, resolveDevice } from '../runtime/device.ts';
import { executeJob } from './execute.ts';
import { type Job, type JobContext, jobKey, type JobRecord } from './job.ts';
import { openPictures } from './pictures.ts';
import { openStore } from './store.ts';
import type { JobOutcome, JobProgress, WorkerData } from './worker.ts';
import type { OnFraction } from './stage.ts';

/** Does jobs, as many at a time as it has room for; the rest wait in order. */
export interface Executor {
  readonly workers: number;
  /** Where models run. */
  readonly device: Device;
  /** `onProgress` hears of long jobs while they go on. @throws CraquelureError where the job fails. */
  execute(job: Job, context: JobContext, onProgress?: OnFraction): Promise<JobRecord>;
  /** Ends the threads: jobs that wait are dropped, those under way are told to stop and have a moment to do so. */
  close(): Promise<void>;
}

/** One job at a time in this thread: for tests, and where threads would cost more than they bring. */
export function inlineExecutor(storeDir: string, device: Device = 'cpu'): Executor {
  const store = openStore(storeDir);
  const stop = new AbortController();
  const state = { store, pictures: openPictures(store), pool: openPool({ device }), signal: stop.signal };
  let last: Promise<unknown> = Promise.resolve();
  return {
    workers: 1,
    device,
    execute: (job, context, onProgress) => {
      const next = last.then(() => {
        if (stop.signal.aborted) throw interrupted();
        return executeJob(job, context, state, onProgress);
      });
      last = next.catch(() => undefined);
      return next;
    },
    close: async () => {
      stop.abort();
      await last;
      await state.pool.close();
    },
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
  const pool = randomUUID();
  const [stopChannel, progressChannel] = [`craquelure-stop-${pool}`, `craquelure-progress-${pool}`];
  const { Piscina } = await import('piscina');
  const threads = new Piscina({
    filename: fileURLToPath(workerFile),
    name: 'work',
    workerData: { storeDir, sessions, stopChannel, progressChannel } satisfies WorkerData,
    minThreads: jobs,
    maxThreads: jobs,
  });
  threads.on('error', () => undefined); // each task tells its own failure; an uncaught event would print a stack trace
  const underWay = new Set<Promise<JobOutcome>>();
  const listeners = new Map<string, OnFraction>();
  const news = new BroadcastChannel(progressChannel);
  news.onmessage = ({ data }) => {
    const { key, fraction } = data as JobProgress;
    listeners.get(key)?.(fraction);
  };
  news.unref();
  return {
    workers: jobs,
    device,
    execute: async (job, context, onProgress) => {
      const key = jobKey(job);
      if (onProgress !== undefined) listeners.set(key, onProgress);
      const task: Promise<JobOutcome> = threads.run({ job, context });
      underWay.add(task);
      const outcome = await task.finally(() => {
        underWay.delete(task);
        listeners.delete(key);
      });
      if ('record' in outcome) return outcome.record;
      throw outcome.failure.code === undefined
        ? new Error(outcome.failure.message)
        : new CraquelureError(outcome.failure.code, outcome.failure.message);
    },
    close: async () => {
      // A thread that is ended within a native run takes the process with it, so it is asked first.
      const channel = new BroadcastChannel(stopChannel);
      channel.postMessage('stop');
      await Promise.race([Promise.allSettled(underWay), sleep(CLOSE_MS, undefined, { ref: false })]);
      channel.close();
      news.close();
      await threads.destroy();
    },
  };
}

/**
 * How long jobs under way may take to stop before their threads are ended. Ending a thread within a native run aborts the
 * process; a step of a training may take a minute on a loaded machine. A second Ctrl-C ends the process at once.
 */
const CLOSE_MS = 300_000;
