/**
 * @file One process's work on a plan: looks jobs up in the store, has the missing ones done, never does the same
 * job twice, and mends artefacts that turn out to be damaged.
 */
import { CraquelureError } from '../messages/index.ts';
import type { Executor } from './executor.ts';
import { artefactsIn, type GetRecord, type Job, type JobContext, type JobRecord, jobKey } from './job.ts';
import { stageOf } from './stages/index.ts';
import type { Store } from './store.ts';

/** What happened to a job. */
export interface JobEvent {
  readonly job: Job;
  readonly outcome: 'executed' | 'reused' | 'failed';
  readonly ms: number;
  readonly record?: JobRecord;
}

export interface Session {
  readonly get: GetRecord;
  readonly counts: SessionCounts;
}

/** How many jobs there were, by what became of them; `mended`: their inputs were damaged and made again. */
export interface SessionCounts {
  executed: number;
  reused: number;
  failed: number;
  mended: number;
}

/** Opens a session; `onJob` hears of every distinct job once, `onProgress` of long ones while they go on. */
export function openSession(
  store: Store,
  executor: Executor,
  onJob: (event: JobEvent) => void,
  onProgress?: (job: Job, fraction: number) => void,
): Session {
  const known = new Map<string, Promise<JobRecord>>();
  const counts: SessionCounts = { executed: 0, reused: 0, failed: 0, mended: 0 };
  const { doOnce, remember } = mending(
    store,
    (job, context) => executor.execute(job, context, onProgress && ((fraction) => onProgress(job, fraction))),
    () => counts.mended++,
  );

  const note = (event: JobEvent): void => {
    counts[event.outcome]++;
    onJob(event);
  };

  const findOrDo = async (job: Job, context: JobContext, key: string): Promise<JobRecord> => {
    const found = await store.find(key);
    if (found !== undefined) {
      await stageOf(job).confirm?.(job, context);
      note({ job, outcome: 'reused', ms: 0, record: found });
      return found;
    }
    try {
      const record = await doOnce(job, context);
      note({ job, outcome: 'executed', ms: record.ms, record });
      return record;
    } catch (error) {
      note({ job, outcome: 'failed', ms: 0 });
      throw error;
    }
  };

  const get: GetRecord = (job, context) => {
    const key = jobKey(job);
    const earlier = known.get(key);
    if (earlier !== undefined) return earlier;
    const record = findOrDo(job, context, key).then((done) => {
      remember(job, context, done);
      return done;
    });
    known.set(key, record);
    return record;
  };

  return { get, counts };
}

/** Execution that makes damaged inputs again: a damaged artefact is removed when it is read, and its maker is known. */
function mending(store: Store, execute: GetRecord, onMended: () => void) {
  const makers = new Map<string, { job: Job; context: JobContext }>(); // by the hash of what they made

  const doOnce: GetRecord = async (job, context) => {
    try {
      return await execute(job, context);
    } catch (error) {
      const damaged = error instanceof CraquelureError && error.code === 'STORE';
      if (!damaged || !(await mend(job, context))) throw error;
      onMended();
      return execute(job, context);
    }
  };

  /** Sees to it that the job's inputs are whole. @returns false if an input has no known maker */
  const mend = async (job: Job, context: JobContext): Promise<boolean> => {
    for (const hash of stageOf(job).reads(job, context)) {
      const maker = makers.get(hash);
      if (maker === undefined) return false;
      if ((await store.find(jobKey(maker.job))) === undefined) await doOnce(maker.job, maker.context);
    }
    return true;
  };

  return {
    doOnce,
    /** Keeps the first maker of each artefact: a later one may have got the same image out of this very image. */
    remember: (job: Job, context: JobContext, made: JobRecord): void => {
      for (const { sha256 } of artefactsIn(made))
        if (!makers.has(sha256)) makers.set(sha256, { job, context });
    },
  };
}
