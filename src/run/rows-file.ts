/**
 * @file `rows.jsonl` as it grows. Rows are appended a cell at a time in the order of the plan, so that the file of
 * an interrupted run is a prefix of the whole, and a resumed run ends with the same bytes as an undisturbed one.
 */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFull } from '../messages/index.ts';
import { formatRow, parseRows, type Row } from './rows.ts';
import { RUN_FILES } from './run-folder.ts';

/** What is known of each cell before it runs. */
export interface CellRows {
  readonly id: string;
  readonly rows: number;
}

/** The file, open for the cells that are still missing. */
export interface RowsFile {
  /** The rows of the first so many cells are there already. */
  readonly finishedCells: number;
  /** Rows kept from before. */
  readonly kept: readonly Row[];
  append(rows: readonly Row[]): Promise<void>;
  /** Closes the file; `complete` puts it in its final place. */
  close(complete: boolean): Promise<void>;
}

/**
 * Opens the rows of a run for appending. A last cell that was cut short is dropped. With `afresh`, rows are written
 * to a second file which takes the first one's place when the run is complete: what was there stays until then.
 */
export async function openRowsFile(
  dir: string,
  cells: readonly CellRows[],
  afresh: boolean,
): Promise<RowsFile> {
  const final = join(dir, RUN_FILES.rows);
  const path = afresh ? `${final}.retry` : final;
  if (afresh) await rm(path, { force: true });
  const text = await readFile(path, 'utf8').catch(() => '');
  const { finishedCells, rows: kept } = wholeCells(parseRows(text), cells);
  const bytes = Buffer.byteLength(kept.map((row) => `${formatRow(row)}\n`).join(''));
  const file = await open(path, 'a');
  await file.truncate(bytes);

  return {
    finishedCells,
    kept,
    append: async (rows) => {
      try {
        await file.appendFile(rows.map((row) => `${formatRow(row)}\n`).join(''));
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? diskFull(path) : error;
      }
    },
    close: async (complete) => {
      await file.close();
      if (afresh && complete) await rename(path, final);
    },
  };
}

/** The longest prefix of rows that is whole cells in the order of the plan. */
function wholeCells(
  rows: readonly Row[],
  cells: readonly CellRows[],
): { finishedCells: number; rows: Row[] } {
  let finishedCells = 0;
  let end = 0;
  for (const cell of cells) {
    const next = end + cell.rows;
    if (next > rows.length || rows.slice(end, next).some((row) => row.cell !== cell.id)) break;
    end = next;
    finishedCells++;
  }
  return { finishedCells, rows: rows.slice(0, end) };
}
