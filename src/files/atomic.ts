/** @file Files that appear whole or not at all: written under a temporary name, then renamed. */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskFull } from '../messages/index.ts';
import { temporaryIn } from './temporaries.ts';
import { makeFolder } from './folders.ts';

export interface WriteOptions {
  /** Folder of the temporary file, on the file system of `path` (default: the folder of `path`). */
  readonly temporaries?: string;
  /** Whether missing folders are made (default: true). */
  readonly makeFolders?: boolean;
  /** Whether to wait until the disk has the bytes, so that the file outlives a power cut (default: false). */
  readonly durable?: boolean;
}

/**
 * Writes text, bytes, or chunks of bytes one after the other. A reader sees the file that was there before or the
 * whole new one. On failure nothing is left behind. @throws STORE if the disk is full, else the system's own error.
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array | readonly Uint8Array[],
  { temporaries = dirname(path), makeFolders = true, durable = false }: WriteOptions = {},
): Promise<void> {
  const temporary = temporaryIn(temporaries);
  try {
    await inFolder(temporaries, makeFolders, () => writeChunks(temporary, content, durable));
    await inFolder(dirname(path), makeFolders, () => rename(temporary, path));
    if (durable) await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw diskFull(path, error);
    throw error;
  }
}

/** Does something that needs a folder; makes the folder only if it was missing, since it seldom is. */
async function inFolder(folder: string, make: boolean, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!make || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeFolder(folder);
    await act();
  }
}

async function writeChunks(
  path: string,
  content: string | Uint8Array | readonly Uint8Array[],
  durable: boolean,
): Promise<void> {
  const file = await open(path, 'wx');
  try {
    if (typeof content === 'string') await file.writeFile(content);
    else
      for (const bytes of content instanceof Uint8Array ? [content] : content)
        for (const chunk of chunksOf(bytes)) await file.writeFile(chunk);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
}

/** Waits until the disk has a file that was written before, and its name. A file that is gone is nothing to wait for. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  try {
    await file?.sync();
  } finally {
    await file?.close();
  }
  await syncFolder(dirname(path));
}

/** A new name is on the disk when its folder is; some systems cannot say so of a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** What one call of the system takes at most; it refuses 2 GiB. */
const CHUNK = 2 ** 30;

/** The same bytes in parts that one call can read or write. */
export const chunksOf = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, i) =>
    bytes.subarray(i * CHUNK, (i + 1) * CHUNK),
  );
