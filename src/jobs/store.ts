/**
 * @file The artefact store: a folder where every result lies once, under the hash of what made it.
 *
 *     records/ab/<key>.json    what a job gave (JobRecord)
 *     blobs/cd/<sha256>.png    pictures, under the hash of their bytes; .safetensors: what trainings left
 *     trainings/<key>.safetensors   checkpoints of trainings that are under way, or were interrupted
 *     timings.json             how long each kind of work took, for estimates
 *     tmp/                     files being written; what a killed process left there is swept by the next run
 *
 * Files are written to a temporary name and renamed, so a reader sees a whole file or none, and any number of
 * processes can share a store. A record is written after its blob.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isAlive } from '../files/lock.ts';
import { corruptArtefact, diskFull } from '../messages/index.ts';
import { artefactsIn, type JobRecord } from './job.ts';
import { sha256 } from '../files/keys.ts';

/**
 * Writes a file under a temporary name (in `folder`, on the same file system; default: beside it) and renames it;
 * on failure nothing is left behind.
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  folder = dirname(path),
): Promise<void> {
  const temporary = join(folder, `${basename(path)}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`);
  try {
    await inFolder(folder, () => writeFile(temporary, content));
    await inFolder(dirname(path), () => rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw diskFull(path);
    throw error;
  }
}

/** Does something that needs a folder; makes the folder only where it was missing. */
async function inFolder(folder: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(folder, { recursive: true });
    await act();
  }
}

/** Removes temporary files that killed processes left in a folder; those of living processes stay. */
export async function sweepTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const writer = /\.(\d+)-[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
    if (writer !== undefined && !isAlive(Number(writer))) await rm(join(folder, name), { force: true });
  }
}

/** A handle on a store's folder. */
export interface Store {
  readonly dir: string;
  /** Removes what killed processes left behind. */
  sweep(): Promise<void>;
  /** The record of a job whose blob is there too, else undefined. */
  find(key: string): Promise<JobRecord | undefined>;
  write(record: JobRecord): Promise<void>;
  /** Forgets a record, so that its job runs again. */
  forget(key: string): Promise<void>;
  blobPath(hash: string, kind?: BlobKind): string;
  /** A blob's bytes. @throws STORE where the bytes do not have the hash (then the blob is removed). */
  readBlob(hash: string): Promise<Uint8Array>;
  /** Stores bytes and returns their hash. */
  writeBlob(bytes: Uint8Array, kind?: BlobKind): Promise<string>;
}

/** What a blob is, as its file's extension says. */
export type BlobKind = 'png' | 'safetensors';

/** Opens (and on first write creates) the store in `dir`. */
export function openStore(dir: string): Store {
  const root = resolve(dir);
  const recordPath = (key: string): string => join(root, 'records', key.slice(0, 2), `${key}.json`);
  const blobPath = (hash: string, kind: BlobKind = 'png'): string =>
    join(root, 'blobs', hash.slice(0, 2), `${hash}.${kind}`);
  const size = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? -1;

  const temporaries = join(root, 'tmp');

  return {
    dir: root,
    blobPath,
    sweep: () => sweepTemporaries(temporaries),

    async find(key) {
      const text = await readFile(recordPath(key), 'utf8').catch(() => undefined);
      const record = text === undefined ? undefined : parseRecord(text);
      if (record === undefined || record.key !== key) return undefined;
      // A blob that was deleted or cut short is seen by its size; other damage when its bytes are read.
      for (const { sha256: hash, bytes } of artefactsIn(record))
        if ((await size(blobPath(hash))) !== bytes) return undefined;
      return record;
    },

    write: (record) => writeAtomically(recordPath(record.key), `${JSON.stringify(record)}\n`, temporaries),

    forget: (key) => rm(recordPath(key), { force: true }),

    async readBlob(hash) {
      const path = blobPath(hash);
      const bytes = await readFile(path).catch((error: unknown) => {
        throw corruptArtefact(path, hash, error);
      });
      if (sha256(bytes) === hash) return bytes;
      await rm(path, { force: true });
      throw corruptArtefact(path, hash);
    },

    async writeBlob(bytes, kind) {
      const hash = sha256(bytes);
      const path = blobPath(hash, kind);
      if ((await size(path)) !== bytes.length) await writeAtomically(path, bytes, temporaries);
      return hash;
    },
  };
}

function parseRecord(text: string): JobRecord | undefined {
  try {
    return JSON.parse(text) as JobRecord;
  } catch {
    return undefined; // damaged: as good as absent, the job runs again
  }
}
