/**
 * @file The hashes of a finished run's files, which its manifest holds: a file that was cut short, edited or put in another
 * form since then is noticed, whoever reads it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../files/hashes.ts';
import { RUN_FILES } from './names.ts';

/** By name: sha256 of the file as it was when the run was finished. */
export type FileHashes = Readonly<Record<string, string>>;

const HELD = [
  RUN_FILES.rows,
  RUN_FILES.cells,
  RUN_FILES.images,
  RUN_FILES.generated,
  RUN_FILES.csv,
  RUN_FILES.parquet,
];

/** The hashes of what lies in a run's folder now. */
export async function hashFiles(dir: string): Promise<FileHashes> {
  const hashes: Record<string, string> = {};
  for (const name of HELD) {
    const content = await contentOf(join(dir, name));
    if (content !== undefined) hashes[name] = sha256(content);
  }
  return hashes;
}

/** The files that are no longer what they were; none if nothing is known of them. */
export async function changedFiles(dir: string, hashes: FileHashes = {}): Promise<string[]> {
  const changed: string[] = [];
  for (const [name, hash] of Object.entries(hashes)) {
    if (!HELD.includes(name as (typeof HELD)[number])) continue; // of a later version, or not ours to open
    const content = await contentOf(join(dir, name));
    if (content === undefined || sha256(content) !== hash) changed.push(name);
  }
  return changed;
}

async function contentOf(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
