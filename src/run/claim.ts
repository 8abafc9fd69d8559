/**
 * @file A run's folder belongs to one plan, and to one process at a time. A folder that holds another plan's run is
 * set aside under its hash, never overwritten.
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../files/lock.ts';
import { runFolderBusy } from '../messages/index.ts';
import type { Manifest } from './manifest.ts';
import { RUN_FILES } from './run-folder.ts';
import { sweepTemporaries } from '../jobs/store.ts';

export interface Claim {
  /** The manifest of the same plan's earlier session in this folder. */
  readonly previous: Manifest | undefined;
  release(): Promise<void>;
}

/** Takes the folder for a plan. @throws STORE where a living process works in it. */
export async function claimRunFolder(
  dir: string,
  plan: string,
  onNote: (note: string) => void = () => undefined,
): Promise<Claim> {
  const earlier = await readManifest(dir);
  if (earlier !== undefined && earlier.plan !== plan) {
    const aside = `${dir.replace(/[/\\]+$/, '')}.${earlier.plan.slice(0, 8)}`;
    await assertFree(dir);
    await rm(aside, { recursive: true, force: true }); // the same plan, set aside before: this copy is newer
    await rename(dir, aside);
    await mkdir(dir, { recursive: true });
    onNote(`the experiment has changed since the run in ${dir}; that run is kept in ${aside}`);
  }
  await lock(dir);
  await sweepTemporaries(dir);
  return {
    previous: earlier?.plan === plan ? earlier : undefined,
    release: () => rm(join(dir, RUN_FILES.lock), { force: true }),
  };
}

async function readManifest(dir: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, RUN_FILES.manifest), 'utf8')) as Manifest;
  } catch {
    return undefined; // none yet, or damaged: the run starts over from the store
  }
}

/** Writes this process's id into the lock file, which exists while a process works in the folder. */
async function lock(dir: string): Promise<void> {
  await assertFree(dir);
  try {
    const file = await open(join(dir, RUN_FILES.lock), 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw runFolderBusy(dir, 0);
    throw error;
  }
}

/** Removes the lock of a process that is gone. @throws STORE where it lives. */
async function assertFree(dir: string): Promise<void> {
  const path = join(dir, RUN_FILES.lock);
  const pid = Number(await readFile(path, 'utf8').catch(() => 'NaN'));
  if (Number.isNaN(pid)) return;
  if (pid !== process.pid && isAlive(pid)) throw runFolderBusy(dir, pid);
  await rm(path, { force: true });
}
