/** @file A CSV manifest as a data set: one row a picture, each with the hash of its file. */
import { basename, dirname, extname } from 'node:path';
import Papa from 'papaparse';
import { z } from 'zod';
import {
  CraquelureError,
  doubledColumns,
  emptyDataset,
  invalidManifest,
  missingColumn,
  missingDataset,
  noImageFound,
  unknownName,
} from '../messages/index.ts';
import { readText } from '../files/text.ts';
import { type Dataset, withoutDuplicates } from './dataset.ts';
import { locate } from './files.ts';
import { readOrigin } from './origin.ts';

/** One form of each letter: 'é' may be one character or two, and names that read alike are one name. */
const text = z.string().trim().normalize('NFC');
const count = text.regex(/^\d*$/, 'a whole number');

/** The columns, in any order; those with a default may be absent. `year`, `width` and `height` are for readers. */
const rowSchema = z.object({
  path: text
    .min(1, 'a path')
    .refine(staysInside, "a path inside the manifest's folder, relative and with '/' between folders"),
  artist: text,
  title: text,
  licence: text.min(1, 'a licence'),
  sha256: text.toLowerCase().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
  caption: text.default(''),
  genre: text.default(''),
  source: text.default(''),
  url: text.default(''),
  year: text.regex(/^(?:-?\d+)?$/, 'a year').default(''),
  width: count.default(''),
  height: count.default(''),
});

type Row = z.infer<typeof rowSchema>;

const COLUMNS = Object.keys(rowSchema.shape);
const REQUIRED = ['path', 'artist', 'title', 'licence', 'sha256'];

/** The rows of a manifest, whether or not their pictures are here. @throws DATASET listing all mistakes of the table. */
export async function readManifest(file: string, shown = file): Promise<{ rows: Row[]; notes: string[] }> {
  const csv = await readText(file, shown).catch((error: unknown) => {
    throw error instanceof CraquelureError ? error : missingDataset(shown, 'manifest');
  });
  return readTable(csv, shown);
}

/**
 * Opens the manifest at `file`. Its pictures are looked for in its own folder, then in each of `dataFolders`.
 * `shown` is how the user named it. All mistakes of the table are reported at once, each with its line; files are
 * only read, and their hashes checked, when an item is.
 */
export async function openManifest(
  file: string,
  shown: string,
  dataFolders: readonly string[],
): Promise<Dataset> {
  const { rows, notes } = await readManifest(file, shown);
  const folders = [dirname(file), ...dataFolders];
  const listing = rows.map(({ path, sha256, artist, title, licence, caption, genre, source, url }) => {
    const origin = { kind: 'file', path, sha256, folders } as const;
    return {
      id: path,
      sha256,
      licence,
      ...(artist && { artist }),
      ...(title && { title }),
      ...(caption && { caption }),
      ...(genre && { genre }),
      ...(source && { source }),
      ...(url && { url }),
      origin,
      bytes: () => readOrigin(origin),
    };
  });
  const unique = withoutDuplicates(listing);
  notes.push(...unique.notes);
  if (unique.items.length === 0) throw emptyDataset(shown, notes);
  await expectSomePicture(
    unique.items.map(({ id }) => id),
    folders,
    shown,
  );
  return { name: basename(file, extname(file)), items: unique.items, notes };
}

/** A path that climbs out, starts at a root or names a drive could read any file of the machine. */
function staysInside(path: string): boolean {
  return !path.includes('\\') && !/^(?:\/|[a-z]:)/i.test(path) && !path.split('/').includes('..');
}

/** Where no picture is there at all, one sentence that says where to put them beats an error for each. */
async function expectSomePicture(
  paths: readonly string[],
  folders: readonly string[],
  shown: string,
): Promise<void> {
  for (const path of paths) {
    const found = await locate(path, folders).catch(() => path); // a link that leads outside is the item's own error
    if (found !== undefined) return;
  }
  throw noImageFound(shown, paths.length, folders);
}

function readTable(csv: string, shown: string): { rows: Row[]; notes: string[] } {
  const [head, ...body] = linesOf(csv);
  if (head === undefined) throw emptyDataset(shown, []);
  const columns = head.fields.map((name) => name.trim());
  const absent = REQUIRED.filter((name) => !columns.includes(name));
  if (absent.length > 0) throw missingColumn(absent, columns, { file: shown, line: head.line });
  const doubled = columns.filter((name, i) => name !== '' && columns.indexOf(name) < i);
  if (doubled.length > 0) throw doubledColumns([...new Set(doubled)], { file: shown, line: head.line });
  const notes = columns
    .filter((name) => name !== '' && !COLUMNS.includes(name))
    .map((name) => unknownName('column', name, COLUMNS, { place: { file: shown, line: head.line } }).message);

  const rows: Row[] = [];
  const mistakes: string[] = [];
  for (const { fields, line, broken } of body) {
    if (broken !== undefined || fields.length !== columns.length) {
      mistakes.push(
        `${shown}:${line}: ${broken ?? `${fields.length} fields where the header has ${columns.length}`}`,
      );
      continue;
    }
    const row = Object.fromEntries(columns.map((name, i) => [name, fields[i]]));
    const parsed = rowSchema.safeParse(row);
    if (parsed.success) rows.push({ ...parsed.data, path: tidy(parsed.data.path) });
    else
      for (const issue of parsed.error.issues) {
        const field = String(issue.path[0]);
        mistakes.push(
          `${shown}:${line}: expected ${issue.message} for ${field} but received '${row[field]}'`,
        );
      }
  }
  if (mistakes.length > 0) throw invalidManifest(shown, mistakes);
  return { rows, notes };
}

/** `./a//b.png` and `a/b.png` are one path. */
const tidy = (path: string): string =>
  path
    .split('/')
    .filter((step) => step !== '' && step !== '.')
    .join('/');

interface Line {
  readonly fields: readonly string[];
  /** Counted from 1 in the file; a quoted field may span several. */
  readonly line: number;
  readonly broken?: string;
}

function linesOf(csv: string): Line[] {
  const lines: Line[] = [];
  let line = 1;
  let start = 0;
  Papa.parse<string[]>(csv, {
    step: ({ data, errors, meta }) => {
      const broken = errors.find(({ type }) => type === 'Quotes')?.message;
      if (data.length > 1 || data[0]?.trim() !== '') {
        lines.push({ fields: data, line, ...(broken && { broken: broken.toLowerCase() }) });
      }
      for (; start < meta.cursor; start++) if (csv[start] === '\n') line++;
    },
  });
  return lines;
}
