/** @file The tables made from rows: `cells.json`, `results.csv`, `results.parquet`. */
import { join } from 'node:path';
import Papa from 'papaparse';
import type { Plan } from './plan.ts';
import { cellStatus, type Row, tallyRows, toJsonValue } from './rows.ts';
import { type CellRecord, RUN_FILES } from './run-folder.ts';
import { writeAtomically } from './store.ts';

/** The cells of a plan with what their rows say of them. */
export function cellRecords(plan: Plan, rows: readonly Row[]): CellRecord[] {
  const tally = tallyRows(rows);
  return plan.cells.map((cell) => {
    const count = tally.get(cell.id);
    return { ...cell, status: cellStatus(count), errors: count?.errors ?? 0 };
  });
}

/** Rows as CSV (RFC 4180), one header line; infinite values as `inf`. */
export function toCsv(rows: readonly Row[]): string {
  const records = rows.map((row) => ({ ...row, value: toJsonValue(row.value) }));
  return `${Papa.unparse(records, { columns: COLUMNS, newline: '\n' })}\n`;
}

/** Rows as a Parquet file; a missing value is null, an infinite one is infinite. */
export async function toParquet(rows: readonly Row[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const column = (name: keyof Row) => rows.map((row) => row[name]);
  const types = {
    value: 'DOUBLE',
    ms: 'DOUBLE',
    n: 'INT32',
    seed: 'INT64',
    higherIsBetter: 'BOOLEAN',
  } as const;
  const columnData = COLUMNS.map((name) => {
    const type = types[name as keyof typeof types] ?? ('STRING' as const);
    const data = type === 'INT64' ? column(name).map((each) => BigInt(each as number)) : column(name);
    return { name, data, type, nullable: name === 'value' || name === 'error' };
  });
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

/** Writes `results.csv` and `results.parquet` into a run's folder. */
export async function writeResults(dir: string, rows: readonly Row[]): Promise<void> {
  await writeAtomically(join(dir, RUN_FILES.csv), toCsv(rows));
  await writeAtomically(join(dir, RUN_FILES.parquet), await toParquet(rows));
}

const COLUMNS = [
  'run',
  'cell',
  'protection',
  'attack',
  'metric',
  'arm',
  'image',
  'value',
  'unit',
  'higherIsBetter',
  'n',
  'seed',
  'ms',
  'status',
  'error',
] satisfies (keyof Row)[];
