/**
 * @file Which rows of an interrupted run are still right. A row is kept if the store, whose records are sealed, says the same
 * to the byte; so lines that were damaged, edited or put in another form are not, nor those whose images are gone.
 */
import type { Cell } from '../experiment/setting.ts';
import type { Store } from '../jobs/store.ts';
import { CraquelureError, saysDiskFull } from '../messages/index.ts';
import type { RowArm } from '../metrics/arms.ts';
import { measurementOf } from '../plan/measurements.ts';
import type { Plan } from '../plan/plan.ts';
import { type StoredRecords, storedRecords } from '../plan/stored.ts';
import { type Unit, unitsOf } from '../plan/units.ts';
import { blankRow } from './cell-rows.ts';
import { formatRow, parseRow, type Row } from './rows.ts';

/** What is kept of a file of rows. */
export interface KeptRows {
  readonly finishedCells: number;
  readonly rows: readonly Row[];
  /** Length of their text, in UTF-8. */
  readonly bytes: number;
}

/** The rows of the longest prefix of whole cells, in the order of the plan, that are right. */
export async function keptRows(plan: Plan, store: Pick<Store, 'find'>, text: string): Promise<KeptRows> {
  const stored = storedRecords(store);
  const lines = text.split('\n').slice(0, -1); // the last one is empty, or was cut short
  const rows: Row[] = [];
  let finishedCells = 0;
  for (const cell of plan.cells) {
    const arms = unitsOf(plan, cell).flatMap((unit) => unit.arms.map((arm) => ({ unit, arm })));
    const own = lines.slice(rows.length, rows.length + arms.length);
    if (own.length < arms.length) break;
    const read = await Promise.all(own.map((line, i) => readRow(plan, cell, { ...arms[i]!, line }, stored)));
    if (read.includes(undefined)) break;
    rows.push(...(read as Row[]));
    finishedCells++;
  }
  const kept = lines.slice(0, rows.length).map((line) => `${line}\n`);
  return { finishedCells, rows, bytes: Buffer.byteLength(kept.join('')) };
}

/** A line's row, if it is the one that belongs there. An error stays one until it is asked for, unless the disk was full. */
async function readRow(
  plan: Plan,
  cell: Cell,
  { unit, arm, line }: { readonly unit: Unit; readonly arm: RowArm; readonly line: string },
  { ifStored }: StoredRecords,
): Promise<Row | undefined> {
  const row = parseRow(line);
  if (row === undefined) return undefined;
  const blank = blankRow(plan, cell, arm, unit.name);
  if (row.status === 'error') {
    const error = String(row.error);
    const expected: Row = { ...blank, value: null, n: 0, ms: 0, status: 'error', error };
    return formatRow(expected) === line && !saysDiskFull(error) ? row : undefined;
  }
  try {
    const found = await ifStored((get) => measurementOf(plan, cell, arm, unit, get));
    if (found === undefined) return undefined;
    const { value, n, ms } = found;
    return formatRow({ ...blank, value, n, ms, status: 'ok', error: null }) === line ? row : undefined;
  } catch (error) {
    if (error instanceof CraquelureError && error.code !== 'STORE') return undefined; // it is an error today
    throw error;
  }
}
