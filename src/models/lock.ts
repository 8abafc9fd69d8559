/**
 * @file What was downloaded, from where and with which hash: `lock.json` beside a model's files. Where the registry knows
 * no hash, the first download is trusted, and every later use is held to it.
 */
import { join } from 'node:path';
import { readJson, writeJson } from '../files/json.ts';

/** One downloaded file. */
export interface LockedFile {
  readonly sha256: string;
  readonly bytes: number;
  readonly url: string;
  /** ISO 8601. */
  readonly downloaded: string;
}

/** By the file's name in the model's folder. */
export type Lock = Readonly<Record<string, LockedFile>>;

const lockPath = (cache: string, id: string): string => join(cache, 'models', id, 'lock.json');

/** The lock of a model; empty if nothing was downloaded. */
export async function readLock(cache: string, id: string): Promise<Lock> {
  return (await readJson<Lock>(lockPath(cache, id))) ?? {};
}

export async function writeLock(cache: string, id: string, lock: Lock): Promise<void> {
  await writeJson(lockPath(cache, id), lock);
}
