/**
 * @file One download at a time: whoever fetches into a place holds a claim file beside it, and others wait.
 *
 * The file names its holder, who touches it now and then. A claim is dead where its holder's process is gone, or where
 * nobody has touched it for a minute: the holder may have lived on another machine that shares the disk.
 */
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { interrupted, noSpace } from '../messages/index.ts';
import { freeSpace } from './download.ts';

export interface ClaimOptions {
  /** Told once, where somebody else works there: who, as `process 4711` or `process 4711 on HOST`. */
  readonly onWait?: ((holder: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const TOUCHED_MS = 5_000;
const DEAD_MS = 60_000;
const ASKED_MS = 100;

let claims = 0;

/**
 * Does something as the only holder of the claim file `path`; waits for it first.
 * @throws INTERRUPTED by the signal, MODEL where the disk is full.
 */
export async function holding<T>(
  path: string,
  act: () => Promise<T>,
  options: ClaimOptions = {},
): Promise<T> {
  const own = `${process.pid} ${claims++} ${hostname()}`;
  await mkdir(dirname(path), { recursive: true });
  let touch: NodeJS.Timeout | undefined;
  try {
    await take(path, own, options);
    touch = setInterval(() => {
      const now = new Date();
      utimes(path, now, now).catch(() => undefined); // whoever took it over has it now
    }, TOUCHED_MS).unref();
    return await act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw noSpace(dirname(path), await freeSpace(path));
  } finally {
    clearInterval(touch);
    if ((await contentOf(path)) === own) await rm(path, { force: true });
  }
}

async function take(path: string, own: string, { onWait, signal }: ClaimOptions): Promise<void> {
  for (let told = false; !(await create(path, own)); ) {
    if (signal?.aborted) throw interrupted();
    const seen = await contentOf(path);
    if (seen === undefined) continue; // given back meanwhile
    if (await isDead(path, seen)) {
      await remove(path, seen, own);
      continue;
    }
    if (!told) onWait?.(holderOf(seen));
    told = true;
    await pause(ASKED_MS);
  }
}

/** False where the file is there already. */
async function create(path: string, content: string): Promise<boolean> {
  const file = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return undefined;
    throw error;
  });
  if (file === undefined) return false;
  try {
    await file.writeFile(content);
    return true;
  } catch (error) {
    await rm(path, { force: true }); // a full disk takes the name, but not the holder
    throw error;
  } finally {
    await file.close();
  }
}

/** Takes a dead claim away, but puts back what somebody quicker has claimed meanwhile. */
async function remove(path: string, dead: string, own: string): Promise<void> {
  const aside = `${path}.${own.split(' ', 2).join('-')}`;
  await rename(path, aside).catch(() => undefined);
  const taken = await contentOf(aside);
  if (taken !== undefined && taken !== dead) await create(path, taken);
  await rm(aside, { force: true });
}

const contentOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(() => undefined);

async function isDead(path: string, content: string): Promise<boolean> {
  const { pid, host } = parsed(content);
  if (pid > 0 && host === hostname() && !isAlive(pid)) return true;
  const touched = (await stat(path).catch(() => undefined))?.mtimeMs;
  return touched !== undefined && Date.now() - touched > DEAD_MS;
}

function holderOf(content: string): string {
  const { pid, host } = parsed(content);
  return `process ${pid || '?'}${host === hostname() || host === '' ? '' : ` on ${host}`}`;
}

function parsed(content: string): { pid: number; host: string } {
  const [pid = '', , ...host] = content.split(' ');
  return { pid: Number(pid), host: host.join(' ') };
}

/** True where a process of that id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
