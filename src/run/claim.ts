/**
 * @file A run's folder belongs to one plan, and to one process at a time. A folder that holds another plan's run is
 * set aside under its hash, never overwritten; what was set aside stays. A folder that holds anything else is refused.
 */
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../files/folders.ts';
import { isRecord, readJson } from '../files/json.ts';
import { type Lock, takeLock } from '../files/lock.ts';
import { sweepTemporaries } from '../files/temporaries.ts';
import { notARunFolder, runFolderBusy } from '../messages/index.ts';
import type { Manifest } from './manifest.ts';
import { RUN_FILES } from './names.ts';

export interface Claim {
  /** The manifest of the same plan's earlier session in this folder. */
  readonly previous: Manifest | undefined;
  release(): Promise<void>;
}

/**
 * Takes the folder for a plan, and makes it if it is missing.
 * @throws STORE if somebody works in it, in this process or in another, or if it holds something that is not a run
 */
export async function claimRunFolder(
  dir: string,
  plan: string,
  onNote: (note: string) => void = () => undefined,
): Promise<Claim> {
  await makeFolder(dir);
  await assertOurs(dir); // before anything is written to it
  let lock = await lockOf(dir);
  try {
    // Damaged counts as none: the run starts over from the store.
    const earlier = await readManifest(dir);
    if (earlier !== undefined && earlier.plan !== plan) {
      const aside = await freeName(`${dir.replace(/[/\\]+$/, '')}.${earlier.plan.slice(0, 8)}`);
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

/** The manifest of a run; undefined if it is missing or damaged, or if another program wrote it. */
async function readManifest(dir: string): Promise<Manifest | undefined> {
  const found = await readJson<unknown>(join(dir, RUN_FILES.manifest));
  const ours = isRecord(found) && typeof found.plan === 'string' && /^[0-9a-f]{64}$/.test(found.plan);
  return ours ? (found as unknown as Manifest) : undefined;
}

/**
 * A folder is ours if it is empty but for what a killed process leaves, holds the manifest of a run, or holds one that is damaged
 * beside the run's cells. @throws STORE
 */
async function assertOurs(dir: string): Promise<void> {
  if ((await readManifest(dir)) !== undefined) return;
  const left = (await readdir(dir)).filter((name) => name !== RUN_FILES.lock && !LEFT.test(name));
  const { manifest, cells } = RUN_FILES;
  const unreadable = (await readJson<unknown>(join(dir, manifest))) === undefined; // that of another program is not
  const damaged = unreadable && left.includes(manifest) && left.includes(cells);
  if (left.length > 0 && !damaged) throw notARunFolder(dir, left[0]!);
}

/** Temporary files, and guards of the lock. */
const LEFT = /^(?:\.craquelure\..*|run\.lock\..*)\.tmp$/;

/** A name that nothing has: `reports/x.1a2b3c4d`, else `reports/x.1a2b3c4d.2` and so on. */
async function freeName(wanted: string): Promise<string> {
  for (let i = 1; ; i++) {
    const name = i === 1 ? wanted : `${wanted}.${i}`;
    const found = await lstat(name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) return name;
  }
}

async function lockOf(dir: string): Promise<Lock> {
  const path = join(dir, RUN_FILES.lock);
  const taken = await takeLock(path);
  if ('holder' in taken) throw runFolderBusy(dir, taken.holder, path);
  return taken;
}
