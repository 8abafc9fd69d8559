/**
 * @file A cache of sessions: making one takes seconds for a large model, so that stages which use the same model
 * share it, and the one used longest ago is closed when there are too many.
 */
import { realpath, stat } from 'node:fs/promises';
import { reasonOf, unloadableModel } from '../messages/index.ts';
import { type ModelSource, openSession, type Session, type SessionOptions } from './session.ts';

export interface SessionCache {
  /** Lends a session for the time of `work`; it is not closed meanwhile, and `work` must not close it. */
  use<T>(source: ModelSource, options: SessionOptions, work: (session: Session) => Promise<T>): Promise<T>;
  /** Closes every session that is not lent, and each lent one when its work ends. */
  close(): Promise<void>;
}

interface Entry {
  readonly session: Promise<Session>;
  users: number;
}

/** A cache that keeps at most `capacity` idle sessions. Two sources are the same model where they are the same file, unchanged, or the same object. */
export function sessionCache(capacity = 4): SessionCache {
  const entries = new Map<string, Entry>(); // in order of use: the first was used longest ago
  const objectKeys = new WeakMap<object, string>();
  let objects = 0;

  const keyOf = async (source: ModelSource, options: SessionOptions): Promise<string> => {
    const settings = JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (typeof source === 'string') return `${await fileIdentity(source)} ${settings}`;
    const known = objectKeys.get(source) ?? `object ${objects++}`;
    objectKeys.set(source, known);
    return `${known} ${settings}`;
  };

  const trim = async (keep: number): Promise<void> => {
    const idle = [...entries].filter(([, entry]) => entry.users === 0);
    for (const [key, entry] of idle.slice(0, Math.max(0, idle.length - keep))) {
      entries.delete(key);
      await (await entry.session).close();
    }
  };

  let closed = false;
  const use: SessionCache['use'] = async (source, options, work) => {
    const key = await keyOf(source, options);
    const entry = entries.get(key) ?? { session: openSession(source, options), users: 0 };
    entries.delete(key);
    entries.set(key, entry);
    entry.users++;
    let failed = false;
    try {
      const session = await entry.session.catch((error) => {
        failed = true;
        throw error;
      });
      return await work(session);
    } finally {
      entry.users--;
      if (failed && entries.get(key) === entry) entries.delete(key); // the next use tries again
      await trim(closed ? 0 : capacity);
    }
  };

  const close = async (): Promise<void> => {
    closed = true;
    await trim(0);
  };

  return { use, close };
}

/** A file as it is now: a model that was written anew is another model. */
async function fileIdentity(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${await realpath(path)} ${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    throw unloadableModel(path, reasonOf(error));
  }
}
