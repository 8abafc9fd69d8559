/**
 * @file The artefact store: a folder where every result lies once, under the hash of what made it.
 *
 *     records/ab/<key>.json    what a job gave (JobRecord)
 *     blobs/cd/<sha256>.png    pictures, under the hash of their bytes; .safetensors: what trainings left
 *     trainings/<key>.safetensors   checkpoints of trainings that are under way, or were interrupted
 *     timings.json             how long each kind of work took, for estimates
 *     tmp/                     files being written; what a killed process left there is swept by the next run of its host
 *
 * Files are written to a temporary name and renamed, so a reader sees a whole file or none, and any number of
 * processes can share a store. A record is written after its blob.
 */
import { readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeAtomically } from '../files/atomic.ts';
import { sha256 } from '../files/hashes.ts';
import { readJson, writeJson } from '../files/json.ts';
import { sweepTemporaries } from '../files/temporaries.ts';
import { corruptArtefact } from '../messages/index.ts';
import { artefactsIn, type JobRecord } from './job.ts';

/** A handle on a store's folder. */
export interface Store {
  readonly dir: string;
  /** Removes what killed processes left behind. */
  sweep(): Promise<void>;
  /** The record of a job whose blob is there too, else undefined. */
  find(key: string): Promise<JobRecord | undefined>;
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
  const size = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? -1;

  const temporaries = join(root, 'tmp');

  return {
    dir: root,
    blobPath,
    async sweep() {
      for (const folder of [temporaries, join(root, 'trainings')]) await sweepTemporaries(folder);
    },

    async find(key) {
      const record = await readJson<JobRecord>(recordPath(key));
      if (record?.key !== key) return undefined; // of a damaged one the job runs again
      // A blob that was deleted or cut short is seen by its size; other damage when its bytes are read.
      for (const { sha256: hash, bytes } of artefactsIn(record))
        if ((await size(blobPath(hash))) !== bytes) return undefined;
      return record;
    },

    write: (record) => writeJson(recordPath(record.key), record, { compact: true, temporaries }),

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
      if ((await size(path)) !== bytes.length) await writeAtomically(path, bytes, { temporaries });
      return hash;
    },
  };
}
