/** @file A thread of the local executor: receives jobs as plain JSON and does them one at a time. */
import { BroadcastChannel, workerData } from 'node:worker_threads';
import { CraquelureError, type ErrorCode, interrupted } from '../messages/index.ts';
import type { OpenOptions } from '../models/open.ts';
import { openPool } from '../models/pool.ts';
import { executeJob } from './execute.ts';
import { type Job, type JobContext, jobKey, type JobRecord } from './job.ts';
import { openPictures } from './pictures.ts';
import { openStore } from './store.ts';
import type { WorkerState } from './stage.ts';

/** What a thread is started with. */
export interface WorkerData {
  readonly storeDir: string;
  readonly sessions: OpenOptions;
  /** Name of the channel on which the executor says that jobs under way are to stop. */
  readonly stopChannel: string;
  /** Name of the channel on which threads say how far long jobs are (`JobProgress`). */
  readonly progressChannel: string;
}

/** How far a job is. */
export interface JobProgress {
  readonly key: string;
  /** 0..1. */
  readonly fraction: number;
}

/** What crosses the thread boundary: errors lose their class on the way, so they travel as data. */
export type JobOutcome =
  | { readonly record: JobRecord }
  | { readonly failure: { readonly code: ErrorCode | undefined; readonly message: string } };

let state: Promise<WorkerState> | undefined;

const news = new BroadcastChannel((workerData as WorkerData).progressChannel);
news.unref();

/** Between two messages about a job. */
const QUIET_MS = 500;

/** Tells the executor how far a job is, now and then. */
function progressOf(job: Job): (fraction: number) => void {
  const key = jobKey(job);
  let told = performance.now();
  return (fraction) => {
    if (performance.now() - told < QUIET_MS) return;
    told = performance.now();
    news.postMessage({ key, fraction } satisfies JobProgress);
  };
}

const openState = async (): Promise<WorkerState> => {
  const { default: sharp } = await import('sharp');
  sharp.concurrency(1); // the parallelism is ours: one thread a job
  const { storeDir, sessions, stopChannel } = workerData as WorkerData;
  const stop = new AbortController();
  const channel = new BroadcastChannel(stopChannel);
  channel.onmessage = () => stop.abort();
  channel.unref(); // waits for a message, but does not keep the thread alive
  const store = openStore(storeDir);
  return { store, pictures: openPictures(store), pool: openPool(sessions), signal: stop.signal };
};

/** Called by the pool for each job. */
export async function work({ job, context }: { job: Job; context: JobContext }): Promise<JobOutcome> {
  state ??= openState();
  try {
    const opened = await state;
    if (opened.signal.aborted) throw interrupted(); // it waited while the executor was closed
    return { record: await executeJob(job, context, opened, progressOf(job)) };
  } catch (error) {
    const code = error instanceof CraquelureError ? error.code : undefined;
    return { failure: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}
