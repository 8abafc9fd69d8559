/** @file A folder as a data set: every picture below it, in the order of its paths' code points. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { hashOf } from '../files/hashes.ts';
import { isImageFile } from '../image/formats.ts';
import { emptyDataset, missingDataset, reasonOf } from '../messages/index.ts';
import { type Dataset, type DatasetItem, withoutDuplicates } from './dataset.ts';
import { locate } from './files.ts';
import { readOrigin } from './origin.ts';

/** Opens `folder` (absolute, or relative to the working directory). `shown` is how the user named it. */
export async function openFolder(folder: string, shown: string): Promise<Dataset> {
  const kind = await stat(folder).catch(() => undefined);
  if (!kind?.isDirectory()) throw missingDataset(shown, 'folder');

  const paths = await filesBelow(folder);
  const pictures = paths.filter(isImageFile);
  const captions = new Set(pictures.map((path) => path.replace(/\.[^./]+$/, '.txt')));
  const notes = ignoredFiles(paths.filter((path) => !isImageFile(path) && !captions.has(path)));
  const listing: DatasetItem[] = [];
  for (const id of pictures) {
    try {
      const sha256 = await hashBelow(folder, id);
      const origin = { kind: 'file', path: id, sha256, folders: [resolve(folder)] } as const;
      listing.push({ id, sha256, origin, bytes: () => readOrigin(origin) });
    } catch (error) {
      notes.push(`'${id}' ignored: ${reasonOf(error)}`);
    }
  }
  const unique = withoutDuplicates(listing);
  notes.push(...unique.notes);
  if (unique.items.length === 0) throw emptyDataset(shown, notes);
  return { name: basename(resolve(folder)), items: unique.items, notes };
}

/** Paths of all files below `folder`, with `/`, hidden files and folders left out. Linked folders are not entered. */
async function filesBelow(folder: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = prefix + entry.name;
    if (entry.isDirectory())
      paths.push(...(await filesBelow(folder, `${path}/`))); // one at a time: each is a handle
    else paths.push(path);
  }
  return prefix === '' ? paths.sort(byCodePoint) : paths;
}

// `<` on strings compares UTF-16 units, which puts astral characters before some of the basic plane.
const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function hashBelow(folder: string, path: string): Promise<string> {
  const file = await locate(path, [folder]);
  if (file === undefined) throw new Error('it is a link to nothing');
  return hashOf(file);
}

/** A text file that has a picture's name is its caption, which fine-tuning reads; of others, the user is told. */
function ignoredFiles(paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  const named = paths.slice(0, 5).map((path) => `'${path}'`);
  const more = paths.length > named.length ? ` and ${paths.length - named.length} more` : '';
  return [`not pictures, ignored: ${named.join(', ')}${more}`];
}
