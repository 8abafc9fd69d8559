/**
 * @file Names of files that are still being written. A name says which process of which host writes the file, so that
 * a folder that several hosts share can be swept of what killed processes left, and of nothing else.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HOST, PLACE } from './this-host.ts';

/** This host, boot and PID namespace in a file's name: elsewhere, the process id means another process. */
const HERE = [HOST, PLACE].join('-').replaceAll(/[^A-Za-z0-9-]/g, '_');

/** A name in `folder` that nobody else uses, hidden and ending in `.tmp`. */
export const temporaryIn = (folder: string): string =>
  join(folder, `.craquelure.${HERE}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`);

const DAY_MS = 24 * 3_600_000;

/**
 * Removes temporary files from `folder`: those of processes of this host that are gone, and those that nobody has
 * written to for a day. Those of living processes stay, on this host and on others that share the disk.
 */
export async function sweepTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!/\.\d+-[0-9a-f]{8}\.tmp$/.test(name)) continue; // earlier versions gave no host: their age tells
    const [, host, pid] = /^\.craquelure\.([\w-]+)\.(\d+)-[0-9a-f]{8}\.tmp$/.exec(name) ?? [];
    const path = join(folder, name);
    const orphaned = host === HERE && !isAlive(Number(pid));
    if (orphaned || (await isOlderThan(path, DAY_MS))) await rm(path, { force: true });
  }
}

async function isOlderThan(path: string, ms: number): Promise<boolean> {
  const written = (await stat(path).catch(() => undefined))?.mtimeMs;
  return written !== undefined && Date.now() - written > ms;
}

/** True if this host has a process of that id. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
