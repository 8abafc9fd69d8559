/**
 * @file The artefact store: a folder where every result lies once, under the hash of what made it.
 *
 *     records/ab/<key>.json    what a job gave (JobRecord), with the hash of its text
 *     blobs/cd/<sha256>.png    pictures, under the hash of their bytes; .safetensors: what trainings left
 *     trainings/<key>.safetensors   checkpoints of trainings that are under way, or were interrupted
 *     timings.json             how long each kind of work took, for estimates
 *     tmp/                     files being written; what a killed process left there is swept by the next run of its host
 *
 * Files are written to a temporary name and renamed, so a reader sees a whole file or none, and any number of
 * processes can share a store. A record is written after its blob. What is damaged counts as absent, and is made again; a
 * file that cannot be read for another reason is an error. Results that took long are synced, to outlive a power cut.
 */
import { readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { syncFile, writeAtomically } from '../files/atomic.ts';
import { openGate } from '../files/gate.ts';
import { sha256 } from '../files/hashes.ts';
import { sweepTemporaries } from '../files/temporaries.ts';
import { corruptArtefact, unreadableStore } from '../messages/index.ts';
import { artefactsIn, type JobRecord } from './job.ts';
import { sealed, unsealed } from './sealed.ts';

/** A handle on a store's folder. */
export interface Store {
  readonly dir: string;
  /** Removes what killed processes left behind. */
  sweep(): Promise<void>;
  /** The record of a job whose blob is there too, else undefined. @throws STORE if it is there but cannot be read */
  find(key: string): Promise<JobRecord | undefined>;
  /** How many records and blobs were found damaged by this handle. */
  damaged(): number;
  write(record: JobRecord): Promise<void>;
  blobPath(hash: string, kind?: BlobKind): string;
  /** A blob's bytes. @throws STORE if the bytes do not have the hash (then the blob is removed). */
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
  const temporaries = join(root, 'tmp');
  const damaged = new Set<string>();
  const reading = openGate(READS);

  const hasBlobs = blobCheck(blobPath, damaged);
  return {
    dir: root,
    blobPath,
    async sweep() {
      for (const folder of [temporaries, join(root, 'trainings')]) await sweepTemporaries(folder);
    },

    damaged: () => damaged.size,

    find: (key) =>
      reading(async () => {
        const path = recordPath(key);
        const text = await ifThere(path, () => readFile(path, 'utf8'));
        if (text === undefined) return undefined;
        const record = unsealed<JobRecord>(text);
        if (record?.key !== key) {
          damaged.add(path);
          return undefined; // the job runs again
        }
        return (await hasBlobs(record)) ? record : undefined;
      }),

    async write(record) {
      const durable = record.ms >= WORTH_SYNCING_MS;
      if (durable) await Promise.all(blobsIn(record).map(([hash, kind]) => syncFile(blobPath(hash, kind))));
      await writeAtomically(recordPath(record.key), sealed(record), { temporaries, durable });
    },

    async readBlob(hash) {
      const path = blobPath(hash);
      const bytes = await reading(() => ifThere(path, () => readFile(path)));
      if (bytes !== undefined && sha256(bytes) === hash) return bytes;
      if (bytes !== undefined) damaged.add(path);
      await rm(path, { force: true });
      throw corruptArtefact(path, hash);
    },

    async writeBlob(bytes, kind) {
      const hash = sha256(bytes);
      const path = blobPath(hash, kind);
      if ((await sizeOf(path)) !== bytes.length) await writeAtomically(path, bytes, { temporaries });
      return hash;
    },
  };
}

/** Whether a record's blobs are there: one that was deleted or cut short is seen by its size, other damage when it is read. */
const blobCheck =
  (blobPath: (hash: string) => string, damaged: Set<string>) =>
  async (record: JobRecord): Promise<boolean> => {
    for (const { sha256: hash, bytes } of artefactsIn(record)) {
      const size = await sizeOf(blobPath(hash));
      if (size === bytes) continue;
      if (size !== undefined) damaged.add(blobPath(hash));
      return false;
    }
    return true;
  };

/** How many files a handle reads at a time: a cell may ask for the records of ten thousand images at once. */
const READS = 16;

/** A result that took longer is worth the wait for the disk. */
const WORTH_SYNCING_MS = 1_000;

/** What a file gives; undefined if it is not there. @throws STORE if it is there but cannot be read */
async function ifThere<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadableStore(path, error);
  }
}

const sizeOf = async (path: string): Promise<number | undefined> =>
  (await ifThere(path, () => stat(path)))?.size;

/** All blobs that a record names. */
function blobsIn(record: JobRecord): [hash: string, kind: BlobKind][] {
  const images = artefactsIn(record).map(({ sha256: hash }): [string, BlobKind] => [hash, 'png']);
  const { output } = record;
  return 'weights' in output && output.weights !== null
    ? [...images, [output.weights.sha256, 'safetensors']]
    : images;
}
