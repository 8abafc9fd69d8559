/** @file Files that appear whole or not at all: written under another name beside their place, then renamed. */
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Writes bytes, or parts one after the other; on failure nothing is left behind. */
export async function writeWhole(path: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    const file = await open(part, 'w');
    try {
      for (const each of bytes instanceof Uint8Array ? [bytes] : bytes) {
        for (const chunk of chunksOf(each)) await file.writeFile(chunk);
      }
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** What one call of the system takes at most; it refuses 2 GiB. */
const CHUNK = 2 ** 30;

/** The same bytes in parts that one call can read or write. */
export const chunksOf = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, i) =>
    bytes.subarray(i * CHUNK, (i + 1) * CHUNK),
  );
