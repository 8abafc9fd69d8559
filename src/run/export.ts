/** @file Rows and pictures of a run in forms that other programs read. */
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { writeAtomically } from '../files/atomic.ts';
import { sha256 } from '../files/hashes.ts';
import { makeFolder } from '../files/folders.ts';
import { corruptArtefact } from '../messages/index.ts';
import { groupBy } from '../stats/group.ts';
import { priced, toCsv, toParquet } from './results.ts';
import { formatRow } from './rows.ts';
import type { RunFolder, RunImage } from './run-folder.ts';

/** Rows as the content of a file; tables have the price of the attacks, too. */
export async function exportRows(
  run: RunFolder,
  format: 'csv' | 'jsonl' | 'parquet',
): Promise<string | Uint8Array> {
  switch (format) {
    case 'csv':
      return toCsv(priced(run));
    case 'jsonl':
      return run.rows.map((row) => `${formatRow(row)}\n`).join('');
    case 'parquet':
      return toParquet(priced(run));
  }
}

/**
 * Copies the pictures of all arms into `dir`, in folders that say what was done to them, each into a file of its own.
 * @returns how many. @throws STORE if one is damaged or gone
 */
export async function exportImages({ images }: RunFolder, dir: string): Promise<number> {
  await makeFolder(dir);
  for (const [name, { path, sha256: hash }] of namedOnce(images)) {
    const bytes = await readFile(path).catch((error: unknown) => {
      throw corruptArtefact(path, hash, error);
    });
    if (sha256(bytes) !== hash) throw corruptArtefact(path, hash);
    await writeAtomically(join(dir, name), bytes);
  }
  return images.length;
}

/**
 * Images by the name of their file in the export: `attacked-protected/jpeg(quality=50)/seed-0/a.png`. If names meet, as those of
 * a.png and a.jpg do, each keeps its extension (`a.jpg.png`); if they still do, a part of the hash of what it is tells them apart.
 */
export function namedOnce(images: readonly RunImage[]): Map<string, RunImage> {
  const spellings = [shortName, fullName, uniqueName];
  const named = new Map<string, RunImage>();
  let open = [...images];
  for (const spell of spellings) {
    const taken = new Set([...named.keys()].map(folded));
    const groups = groupBy(open, (each) => folded(spell(each)));
    const alone = open.filter((each) => {
      const name = folded(spell(each));
      return groups.get(name)!.length === 1 && !taken.has(name);
    });
    const settled = spell === uniqueName ? open : alone;
    for (const each of settled) named.set(spell(each), each);
    open = open.filter((each) => !settled.includes(each));
  }
  return named;
}

/** Many file systems take names that differ in case, or in the Unicode form, for one. */
const folded = (name: string): string => name.normalize('NFC').toLowerCase();

const shortName = (each: RunImage): string =>
  fullName({ ...each, image: each.image.slice(0, each.image.length - extname(each.image).length) });

const fullName = (each: RunImage): string => `${join(folderOf(each), ...partsOf(each.image))}.png`;

const uniqueName = (each: RunImage): string => {
  const { image, arm, protection, attack, seed } = each;
  const word = sha256(JSON.stringify([image, arm, protection, attack, seed])).slice(0, 12);
  return fullName(each).replace(/\.png$/, `.${word}.png`);
};

/** `attacked-protected/noise(level=light)/jpeg(quality=50)/seed-0` */
function folderOf({ arm, protection, attack, seed }: RunImage): string {
  const settings = [protection, attack].filter((label) => label !== null);
  return join(part(arm), ...settings.map(part), ...(settings.length > 0 ? [`seed-${seed}`] : []));
}

const partsOf = (id: string): string[] =>
  id
    .split('/')
    .filter((step) => step !== '')
    .map(part);

/** What most file systems take for one name, in bytes; the extension and a word that tells twins apart still fit. */
const LONGEST = 200;

/** A name that every file system takes: characters that some refuse become `_`, and a long one ends in a part of its hash. */
function part(name: string): string {
  const plain = Array.from(name, (letter) => (letter < ' ' || '<>:"/\\|?*'.includes(letter) ? '_' : letter))
    .join('')
    .replace(/^\.+$|[. ]+$/, (dots) => '_'.repeat(dots.length));
  if (Buffer.byteLength(plain) <= LONGEST) return plain;
  const head = Buffer.from(plain)
    .subarray(0, LONGEST - 13)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return `${head}-${sha256(name).slice(0, 12)}`;
}
