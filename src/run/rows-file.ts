/**
 * @file `rows.jsonl` as it grows. Rows are appended a cell at a time in the order of the plan, so that the file of
 * an interrupted run is a prefix of the whole, and a resumed run ends with the same bytes as an undisturbed one.
 */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFull } from '../messages/index.ts';
import type { KeptRows } from './kept-rows.ts';
import { RUN_FILES } from './names.ts';
import { formatRow, type Row } from './rows.ts';

/** The file, open for the cells that are still missing. */
export interface RowsFile {
  /** The rows of the first so many cells are there already. */
  readonly finishedCells: number;
  /** Rows kept from before. */
  readonly kept: readonly Row[];
  /** How many lines were cut off. */
  readonly dropped: number;
  append(rows: readonly Row[]): Promise<void>;
  /** Closes the file; `complete` puts it in its final place. */
  close(complete: boolean): Promise<void>;
}

/**
 * Opens the rows of a run for appending; `keep` says what of the text that is there stays, the rest is cut off. With `afresh`,
 * rows are written to a second file which takes the first one's place when the run is complete: what was there stays until then.
 */
export async function openRowsFile(
  dir: string,
  keep: (text: string) => Promise<KeptRows>,
  afresh: boolean,
): Promise<RowsFile> {
  const final = join(dir, RUN_FILES.rows);
  const path = afresh ? `${final}.retry` : final;
  if (afresh) await rm(path, { force: true });
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const { finishedCells, rows: kept, bytes } = await keep(text);
  const file = await open(path, 'a');
  await file.truncate(bytes);

  return {
    finishedCells,
    kept,
    dropped: text.split('\n').length - 1 - kept.length,
    append: async (rows) => {
      try {
        await file.appendFile(rows.map((row) => `${formatRow(row)}\n`).join(''));
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? diskFull(path) : error;
      }
    },
    close: async (complete) => {
      if (complete) await file.sync(); // a manifest that says finished must not outlive the rows
      await file.close();
      if (afresh && complete) await rename(path, final);
    },
  };
}
