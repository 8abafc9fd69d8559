/**
 * @file A run's folder belongs to one plan, and to one process at a time. A folder that holds another plan's run is
 * set aside under its hash, never overwritten.
 */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson } from '../files/json.ts';
import { type Lock, takeLock } from '../files/lock.ts';
import { sweepTemporaries } from '../files/temporaries.ts';
import { runFolderBusy } from '../messages/index.ts';
import type { Manifest } from './manifest.ts';
import { RUN_FILES } from './run-folder.ts';

export interface Claim {
  /** The manifest of the same plan's earlier session in this folder. */
  readonly previous: Manifest | undefined;
  release(): Promise<void>;
}

/** Takes the folder for a plan. @throws STORE if somebody works in it, in this process or in another. */
export async function claimRunFolder(
  dir: string,
  plan: string,
  onNote: (note: string) => void = () => undefined,
): Promise<Claim> {
  let lock = await lockOf(dir);
  try {
    // Damaged counts as none: the run starts over from the store.
    const earlier = await readJson<Manifest>(join(dir, RUN_FILES.manifest));
    if (earlier !== undefined && earlier.plan !== plan) {
      const aside = `${dir.replace(/[/\\]+$/, '')}.${earlier.plan.slice(0, 8)}`;
      await rm(aside, { recursive: true, force: true }); // the same plan, set aside before: this copy is newer
      await rename(dir, aside);
      await rm(join(aside, RUN_FILES.lock), { force: true }); // ours: it went along
      await lock.release();
      lock = await lockOf(dir);
      onNote(`the experiment has changed since the run in ${dir}; that run is kept in ${aside}`);
    }
    await sweepTemporaries(dir);
    return { previous: earlier?.plan === plan ? earlier : undefined, release: lock.release };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function lockOf(dir: string): Promise<Lock> {
  const path = join(dir, RUN_FILES.lock);
  const taken = await takeLock(path);
  if ('holder' in taken) throw runFolderBusy(dir, taken.holder, path);
  return taken;
}
