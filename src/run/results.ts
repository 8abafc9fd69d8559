/** @file The tables made from rows, and what the attacks behind them cost: `cells.json`, `results.csv`, `results.parquet`. */
import { csvText } from '../files/csv.ts';
import { join } from 'node:path';
import Papa from 'papaparse';
import type { Plan } from '../plan/plan.ts';
import { cellStatus, type Row, tallyRows } from './rows.ts';
import { RUN_FILES } from './names.ts';
import type { CellRecord, RunFolder } from './run-folder.ts';
import { writeAtomically } from '../files/atomic.ts';
import { toJsonValue } from '../files/json-number.ts';
import { networksOf } from '../experiment/setting.ts';

/** The cells of a plan with what their rows say of them. */
export function cellRecords(plan: Plan, rows: readonly Row[]): CellRecord[] {
  const tally = tallyRows(rows);
  return plan.cells.map((cell) => {
    const count = tally.get(cell.id);
    return { ...cell, status: cellStatus(count), errors: count?.errors ?? 0 };
  });
}

/** A row, and what the attack in it cost; nothing on arms that were not attacked. */
export interface PricedRow extends Row {
  /** Wall time of the attack on that picture, as first computed; null of whole sets. */
  readonly attackMs: number | null;
  /** Ids of the networks that the attack asked, joined by ` + `; empty if it asked none. */
  readonly networks: string;
}

/** Rows with the price of their attacks. */
export function priced({ rows, cells, images }: Pick<RunFolder, 'rows' | 'cells' | 'images'>): PricedRow[] {
  const name = (...parts: readonly (string | number | null)[]): string => JSON.stringify(parts);
  const times = new Map(
    images.map(({ image, arm, protection, attack, seed, ms }) => [
      name(image, arm, protection, attack, seed),
      ms ?? null,
    ]),
  );
  const networks = new Map(cells.map(({ id, attack }) => [id, networksOf(attack).join(' + ')]));
  return rows.map((row) => {
    const { image, arm, protection, attack, seed } = row;
    if (arm !== 'attacked-clean' && arm !== 'attacked-protected') {
      return { ...row, attackMs: null, networks: '' };
    }
    // attack(clean) is one image for all protections, unless the attack was trained on theirs.
    const attackMs =
      times.get(name(image, arm, protection, attack, seed)) ??
      times.get(name(image, arm, null, attack, seed)) ??
      null;
    return { ...row, attackMs, networks: networks.get(row.cell) ?? '' };
  });
}

/**
 * Rows as CSV (RFC 4180), one header line; infinite values as `inf`. Text that a spreadsheet would run as a formula gets an
 * apostrophe in front: names of images come from anywhere.
 */
export function toCsv(rows: readonly PricedRow[]): string {
  const records = rows.map((row) => ({
    ...Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, csvText(cell)])),
    value: toJsonValue(row.value),
  }));
  return `${Papa.unparse(records, { columns: COLUMNS, newline: '\n' })}\n`;
}

/** Rows as a Parquet file; a missing value is null, an infinite one is infinite. */
export async function toParquet(rows: readonly PricedRow[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const column = (name: keyof PricedRow) => rows.map((row) => row[name]);
  const types = {
    value: 'DOUBLE',
    ms: 'DOUBLE',
    attackMs: 'DOUBLE',
    n: 'INT32',
    seed: 'INT64',
    higherIsBetter: 'BOOLEAN',
  } as const;
  const columnData = COLUMNS.map((name) => {
    const type = types[name as keyof typeof types] ?? ('STRING' as const);
    const data = type === 'INT64' ? column(name).map((each) => BigInt(each as number)) : column(name);
    return { name, data, type, nullable: NULLABLE.includes(name) };
  });
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

/** Writes `results.csv` and `results.parquet` into a run's folder. */
export async function writeResults(
  dir: string,
  run: Pick<RunFolder, 'rows' | 'cells' | 'images'>,
): Promise<void> {
  const rows = priced(run);
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
  'attackMs',
  'networks',
] satisfies (keyof PricedRow)[];

const NULLABLE: readonly (typeof COLUMNS)[number][] = ['value', 'error', 'attackMs'];
