/** @file SHA-256, in lower-case hex: of bytes and text, of files, and of large files without reading them again. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readJson, writeJson } from './json.ts';

/** The hash of bytes, or of the UTF-8 of a text. */
export const sha256 = (content: Uint8Array | string): string =>
  createHash('sha256').update(content).digest('hex');

/** The hash of a file, which is read chunk by chunk. @throws the system's own error if it cannot be read */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

interface Remembered {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly sha256: string;
}

/** Below this, hashing again is quicker than looking up: 16 MB take some 10 ms. */
const WORTH_REMEMBERING = 16e6;

/**
 * The hash of a file, as remembered in the folder `hashes` of the cache if the file is large and has kept size and time. Each
 * file has an entry of its own, so that any number of processes can remember at once and none undoes another's.
 */
export async function knownHashOf(path: string, cache: string): Promise<string> {
  const { size: bytes, mtimeMs: modifiedMs } = await stat(path);
  if (bytes < WORTH_REMEMBERING) return hashOf(path);
  const file = resolve(path);
  const entry = join(cache, 'hashes', `${sha256(file).slice(0, 32)}.json`);
  const before = await readJson<Remembered>(entry).catch(() => undefined); // then it is hashed again
  const same = before?.path === file && before.bytes === bytes && before.modifiedMs === modifiedMs;
  if (same) return before.sha256;
  const now: Remembered = { path: file, bytes, modifiedMs, sha256: await hashOf(path) };
  await writeJson(entry, now).catch(() => undefined); // a cache that cannot be written costs time, nothing else
  return now.sha256;
}
