/**
 * @file Finding a model's files: embedded ones in the package; others first in the folders of `CRAQUELURE_MODELS`, by
 * name, by their `index.json` or by hash, then among downloads, then in the cache of Hugging Face's programs.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelEntry } from './entry.ts';
import { hashOf, knownHashOf } from '../files/hashes.ts';
import { isRecord, readJson } from '../files/json.ts';
import type { ModelHome } from './home.ts';
import { readLock } from './lock.ts';

/**
 * Who vouches for a file's bytes: the registry's hash; a folder's `index.json`; the folder it lies in, under the
 * model's name; the first download; the hub's cache; the user who named the file.
 */
export type Trust = 'registry' | 'index' | 'folder' | 'first-download' | 'hub-cache' | 'own';

/** A file of a model, as it is on this machine. */
export interface LocatedFile {
  /** In the model's folder, as the registry names it. */
  readonly name: string;
  readonly state: 'ok' | 'absent' | 'changed';
  /** Absolute; null where absent. */
  readonly path: string | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
  /** The hash that the file should have had; only where it has another. */
  readonly listed?: string;
  readonly trust?: Trust;
}

/** A place where the file may lie, and what its hash should be there. */
interface Candidate {
  readonly path: string;
  readonly sha256: string | undefined;
  readonly trust: Trust;
}

/** How files are looked at: `fresh` reads every byte again, whatever is remembered. */
export interface LookUp {
  readonly fresh?: boolean;
}

/** Looks for one file. A file with a wrong hash is passed over, and told of only where no other is found. */
export async function locateFile(
  entry: ModelEntry,
  name: string,
  home: ModelHome,
  { fresh = false }: LookUp = {},
): Promise<LocatedFile> {
  let changed: LocatedFile | undefined;
  for await (const { path, sha256: listed, trust } of candidates(entry, name, home)) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) continue;
    const sha256 = await (fresh ? hashOf(path) : knownHashOf(path, home.cache));
    const file = { name, path, bytes: found.size, sha256 };
    if (listed === undefined || listed === sha256) return { ...file, state: 'ok', trust };
    changed ??= { ...file, state: 'changed', listed };
  }
  return changed ?? { name, state: 'absent', path: null, bytes: null, sha256: null };
}

async function* candidates(entry: ModelEntry, name: string, home: ModelHome): AsyncGenerator<Candidate> {
  const { sha256 } = entry.files[name]!;
  const known: Pick<Candidate, 'sha256' | 'trust'> = { sha256, trust: sha256 ? 'registry' : 'folder' };
  if (entry.embedded) {
    yield { path: join(home.embedded, entry.id, name), ...known };
    return;
  }
  for (const folder of home.folders) yield* inFolder(folder, entry, name, known);

  const lock = await readLock(home.cache, entry.id);
  const recorded = sha256 ?? lock[name]?.sha256;
  const trust = sha256 === undefined && recorded !== undefined ? 'first-download' : known.trust;
  yield { path: downloadPath(home, entry.id, name), sha256: recorded, trust };
  const hub = await inHubCache(entry, name, home);
  if (hub !== undefined) yield { path: hub, sha256, trust: sha256 ? 'registry' : 'hub-cache' };
}

/** Where a download of that file goes. */
export const downloadPath = (home: ModelHome, id: string, name: string): string =>
  join(home.cache, 'models', id, name);

async function* inFolder(
  folder: string,
  { id, files }: ModelEntry,
  name: string,
  known: Pick<Candidate, 'sha256' | 'trust'>,
): AsyncGenerator<Candidate> {
  const index = await readIndex(folder);
  const names = name.includes('/') ? [`${id}/${name}`] : [`${id}/${name}`, name];
  for (const row of index) {
    if (row.sha256 !== undefined && row.sha256 === known.sha256)
      yield { path: join(folder, row.file), ...known };
  }
  for (const row of index) {
    if (names.includes(row.file)) {
      const vouched = row.sha256 === undefined ? known : { sha256: row.sha256, trust: 'index' as const };
      yield { path: join(folder, row.file), ...vouched };
    }
  }
  for (const each of names) yield { path: join(folder, each), ...known };
  if (known.sha256 === undefined) return;
  // Under another name: only files of the right size are worth hashing.
  for (const other of await readdir(folder).catch(() => [])) {
    const { size } = (await stat(join(folder, other)).catch(() => undefined)) ?? {};
    if (size !== undefined && size === files[name]!.bytes) yield { path: join(folder, other), ...known };
  }
}

interface IndexRow {
  readonly file: string;
  readonly sha256?: string;
}

/** `index.json` of a folder: a list of `{ "file": ..., "sha256": ... }`. Anything else is not an index. */
async function readIndex(folder: string): Promise<IndexRow[]> {
  const rows = await readJson<unknown>(join(folder, 'index.json'));
  if (!Array.isArray(rows)) return [];
  return rows.filter((row): row is IndexRow => isRecord(row) && typeof row.file === 'string');
}

/** `hub/models--OWNER--NAME/snapshots/COMMIT/FILE`, the commit from `refs/main`. */
async function inHubCache(entry: ModelEntry, name: string, home: ModelHome): Promise<string | undefined> {
  const [, repository, path] =
    /^https:\/\/huggingface\.co\/([^/]+\/[^/]+)\/resolve\/main\/(.+)$/.exec(entry.files[name]!.url ?? '') ??
    [];
  if (repository === undefined || path === undefined) return undefined;
  const folder = join(home.hub, `models--${repository.replace('/', '--')}`);
  const commit = await readFile(join(folder, 'refs', 'main'), 'utf8').catch(() => undefined);
  return commit === undefined ? undefined : join(folder, 'snapshots', commit.trim(), path);
}
