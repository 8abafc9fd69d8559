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

/** A folder is ours if it is empty, holds a manifest of a run, or a damaged one and nothing that a run does not write. */
async function assertOurs(dir: string): Promise<void> {
  if ((await readManifest(dir)) !== undefined) return;
  const written: readonly string[] = Object.values(RUN_FILES);
  const names = await readdir(dir);
  const other = names.find(
    (name) =>
      !written.includes(name) && !/^(?:\.craquelure\..*|run\.lock\..*)\.tmp$|^rows\.jsonl\.retry$/.test(name),
  );
  if (other !== undefined) throw notARunFolder(dir, other);
  const left = names.filter((name) => !/\.tmp$/.test(name) && name !== RUN_FILES.lock);
  const damaged = left.includes(RUN_FILES.manifest) && left.includes(RUN_FILES.cells);
  if (left.length > 0 && !damaged) throw notARunFolder(dir, left[0]!);
}

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
