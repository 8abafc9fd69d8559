/** @file SHA-256 of large files: computed once, remembered for as long as size and time of the file stay the same. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Reads the whole file. Lower-case hex. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

interface Remembered {
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly sha256: string;
}

/** Below this, hashing again is quicker than looking up: 16 MB take some 10 ms. */
const WORTH_REMEMBERING = 16e6;

/** The hash of a file, from `hashes.json` in the cache where the file is large and has not changed since. */
export async function knownHashOf(path: string, cache: string): Promise<string> {
  const { size: bytes, mtimeMs: modifiedMs } = await stat(path);
  if (bytes < WORTH_REMEMBERING) return hashOf(path);
  const ledger = join(cache, 'hashes.json');
  const before = (await readLedger(ledger))[path];
  if (before?.bytes === bytes && before.modifiedMs === modifiedMs) return before.sha256;
  const sha256 = await hashOf(path);
  // A cache that cannot be written costs time, nothing else.
  await remember(ledger, path, { bytes, modifiedMs, sha256 }).catch(() => undefined);
  return sha256;
}

async function readLedger(path: string): Promise<Record<string, Remembered>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, Remembered>;
  } catch {
    return {};
  }
}

async function remember(ledger: string, path: string, entry: Remembered): Promise<void> {
  await writeJson(ledger, { ...(await readLedger(ledger)), [path]: entry });
}

/** Writes JSON under a temporary name and renames it. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`);
  await rename(temporary, path);
}
