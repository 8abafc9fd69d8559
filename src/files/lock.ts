/**
 * @file Locks: files that only one process on all hosts of a shared disk can hold at a time.
 *
 * The file says who holds it: process, a word of its own, host, and the boot and PID namespace of that host. Its time is the holder's heartbeat, every 5 s; so an
 * event loop may be busy for many seconds. Who comes later respects it, or takes it over if it is abandoned:
 *
 *     holder                                    abandoned
 *     this process                              never
 *     this place, and its process is gone       at once
 *     this place, and its process lives         an hour after the last heartbeat: it may be suspended
 *     this place and process id, by a restart   a minute after the last heartbeat
 *     another host, boot or container           a minute after the last heartbeat
 *     nobody can tell: empty or damaged         a minute after the last heartbeat
 *
 * So the clocks of hosts may differ by some seconds. A heartbeat of more than a day in the future is none.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, open, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { diskFull, interrupted, noSpace, unusableLock } from '../messages/index.ts';
import { sha256 } from './hashes.ts';
import { freeSpace } from './places.ts';
import { isAlive, temporaryIn } from './temporaries.ts';
import { HOST, PLACE } from './this-host.ts';
import { makeFolder } from './folders.ts';

const HEARTBEAT_MS = 5_000;
const SILENT_MS = 60_000;
const SUSPENDED_MS = 3_600_000;
const DAY_MS = 24 * 3_600_000;
const ASKED_MS = 100;

/** A lock that this process holds. */
export interface Lock {
  /** Ends the heartbeat and removes the file, unless somebody has taken it over. */
  release(): Promise<void>;
}

/** Who holds a lock: `process 4711` or `process 4711 on HOST`. */
export interface Held {
  readonly holder: string;
}

/**
 * Takes the lock, or says at once who holds it. Folders are made. Two callers, in one process or in several, never both
 * have it. @throws STORE if the disk is full, else the system's own error.
 */
export async function takeLock(path: string): Promise<Lock | Held> {
  await makeFolder(dirname(path));
  const taken = await occupy(path, path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOSPC' ? diskFull(path, error) : error;
  });
  if ('other' in taken) return { holder: holderOf(taken.other) };
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined); // whoever took it over has it now
  }, HEARTBEAT_MS).unref();
  return {
    release: async () => {
      clearInterval(heartbeat);
      await vacate(path, taken.own);
    },
  };
}

export interface WaitOptions {
  /** Told once who holds the lock, if somebody does. */
  readonly onWait?: ((holder: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does something while holding the lock `path`; waits for it first.
 * @throws INTERRUPTED by the signal, MODEL if the disk is full.
 */
export async function holding<T>(path: string, act: () => Promise<T>, options: WaitOptions = {}): Promise<T> {
  try {
    const lock = await waitFor(path, options);
    try {
      return await act();
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw noSpace(dirname(path), await freeSpace(path));
  }
}

/** The system's own error, or the one that `diskFull` has worded for the artefact store. */
const isDiskFull = (error: unknown): boolean => {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  return code === 'ENOSPC' || cause?.code === 'ENOSPC';
};

async function waitFor(path: string, { onWait, signal }: WaitOptions): Promise<Lock> {
  for (let told = false; ; told = true) {
    const taken = await takeLock(path);
    if ('release' in taken) return taken;
    if (!told) onWait?.(taken.holder);
    if (signal?.aborted) throw interrupted();
    await pause(ASKED_MS);
  }
}

/** What the locks of this process say, those that guard a takeover included. */
const held = new Set<string>();

/**
 * Gives a file of ours the name `path`, unless a living holder has it; its content tells ours from all others.
 *
 * An abandoned file is replaced under a guard: a lock named after the very content that is to go. Only the holder of
 * that guard may replace that content, and looks again before it does, so of any number of processes one wins. A guard
 * whose holder was killed is taken over by the same rule.
 */
async function occupy(
  path: string,
  lock: string,
): Promise<{ readonly own: string } | { readonly other: string }> {
  const own = [process.pid, randomUUID(), HOST, ...(PLACE === '' ? [] : [PLACE])].join(' ');
  const temporary = temporaryIn(dirname(lock));
  held.add(own);
  let won = false;
  try {
    await writeFile(temporary, own, { flag: 'wx' });
    for (;;) {
      won = await named(temporary, path);
      if (won) return { own };
      const seen = await look(path);
      if (seen === undefined) continue; // given back meanwhile
      won = seen.content === own; // a server did it, but its answer got lost
      if (won) return { own };
      if (!isAbandoned(seen)) return { other: seen.content };
      const guard = `${lock}.0-${sha256(seen.content).slice(0, 8)}.tmp`; // a sweep finds what a crash leaves
      const guarded = await occupy(guard, lock);
      if ('other' in guarded) return guarded; // who holds the guard is about to have the lock
      try {
        const again = await look(path);
        if (again === undefined || again.content !== seen.content || !isAbandoned(again)) continue;
        await rename(temporary, path);
        won = true;
        return { own };
      } finally {
        await vacate(guard, guarded.own);
      }
    }
  } finally {
    if (!won) held.delete(own);
    await rm(temporary, { force: true });
  }
}

/** Removes a file of ours; one that somebody has taken over stays. */
async function vacate(path: string, own: string): Promise<void> {
  try {
    if ((await look(path))?.content === own) await rm(path, { force: true });
  } finally {
    held.delete(own); // last: until the file is gone it is ours
  }
}

/** Gives a file a second name, whole from the first moment. @returns false if that name is taken */
async function named(file: string, path: string): Promise<boolean> {
  try {
    await link(file, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error;
      return copyFile(file, path, constants.COPYFILE_EXCL); // file systems without links
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A lock as it is found. */
interface Seen {
  readonly content: string;
  readonly heartbeatMs: number;
}

/** Content and time of one and the same file; undefined if there is none. */
async function look(path: string): Promise<Seen | undefined> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { mtimeMs: heartbeatMs } = await file.stat();
    return { content: await file.readFile('utf8'), heartbeatMs };
  } catch (error) {
    throw unusableLock(path, error);
  } finally {
    await file.close();
  }
}

function isAbandoned({ content, heartbeatMs }: Seen): boolean {
  if (held.has(content)) return false;
  const { pid, here } = parsed(content);
  if (here && !isAlive(pid)) return true;
  const patience = here && pid !== process.pid ? SUSPENDED_MS : SILENT_MS;
  const silentMs = Date.now() - heartbeatMs;
  return silentMs > patience || silentMs < -DAY_MS;
}

function holderOf(content: string): string {
  const { pid, host, here } = parsed(content);
  return `process ${Number.isNaN(pid) ? '?' : pid}${here || host === '' ? '' : ` on ${host}`}`;
}

/** Process and host; `here` if its id means the same to this process. Earlier versions named no place, or no host either. */
function parsed(content: string): { pid: number; host: string; here: boolean } {
  const form = /^([1-9]\d*)(?: \S+ (\S+)(?: (\S+))?)?$/.exec(content);
  const [, number = '', host = '', place = ''] = form ?? [];
  const pid = number === '' ? Number.NaN : Number(number);
  const here = pid > 0 && (host === '' || host === HOST) && (place === '' || place === PLACE);
  return { pid, host, here };
}
