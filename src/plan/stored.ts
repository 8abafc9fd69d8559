/** @file Walks the graph of jobs through what the store already holds: nothing is executed. */
import { type GetRecord, type JobRecord, jobKey } from '../jobs/job.ts';
import type { Store } from '../jobs/store.ts';

/** The records of a store, each read once. */
export interface StoredRecords {
  /** What a walk gives; undefined if it needs a record that is not stored. Other errors pass through. */
  ifStored<T>(walk: (get: GetRecord) => Promise<T>): Promise<T | undefined>;
}

export function storedRecords(store: Pick<Store, 'find'>): StoredRecords {
  const found = new Map<string, Promise<JobRecord>>();
  const get: GetRecord = (job) => {
    const key = jobKey(job);
    const record = found.get(key) ?? store.find(key).then((each) => each ?? Promise.reject(new NotStored()));
    found.set(key, record);
    record.catch(() => undefined); // heard where it is awaited
    return record;
  };
  return {
    ifStored: (walk) =>
      walk(get).catch((error: unknown) => {
        if (error instanceof NotStored) return undefined;
        throw error;
      }),
  };
}

class NotStored extends Error {}
