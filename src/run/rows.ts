/** @file The rows of a run: one for each image and arm of a cell, as they stand in `rows.jsonl` and `results.csv`. */
import { fromJsonValue, toJsonValue } from '../files/json-number.ts';
import { isRecord } from '../files/json.ts';
import type { RowArm } from '../metrics/arms.ts';

/** One measurement. A set metric has one row for each arm, with image `*`. */
export interface Row {
  /** Name and hash of the run. */
  readonly run: string;
  /** Short hash of the cell: protection x attack x metric x seed. */
  readonly cell: string;
  /** Setting as a call: `noise(level=light)`. */
  readonly protection: string;
  /** Setting as a call or chain: `jpeg(quality=75) | rescale`. */
  readonly attack: string;
  /** Setting as a call: `ssim`. */
  readonly metric: string;
  readonly arm: RowArm;
  /** Id of the image in its data set, `*` for a whole set. */
  readonly image: string;
  /** null if the row is an error. May be infinite (PSNR of equal images): `"inf"` in JSON and CSV. */
  readonly value: number | null;
  readonly unit: string;
  readonly higherIsBetter: boolean;
  /** How many images the value rests on. */
  readonly n: number;
  readonly seed: number;
  /** Wall time of the measurement itself, as first computed. */
  readonly ms: number;
  readonly status: 'ok' | 'error';
  readonly error: string | null;
}

/** One line of `rows.jsonl`, without the newline. */
export const formatRow = (row: Row): string => JSON.stringify({ ...row, value: toJsonValue(row.value) });

const TEXTS = ['run', 'cell', 'protection', 'attack', 'metric', 'arm', 'image'] as const;

/** The form of a row, so that nobody who reads it stumbles. */
function isRow(row: unknown): boolean {
  if (!isRecord(row) || !TEXTS.every((name) => typeof row[name] === 'string')) return false;
  const { value, status, error } = row;
  return (
    (value === null || typeof value === 'number' || value === 'inf' || value === '-inf') &&
    (status === 'ok' || status === 'error') &&
    (error === null || typeof error === 'string')
  );
}

/** The row of a line; undefined if it is damaged. */
export function parseRow(line: string): Row | undefined {
  try {
    const row = JSON.parse(line) as Row & { readonly value: number | null | string };
    return isRow(row) ? { ...row, value: fromJsonValue(row.value) } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The rows of a `rows.jsonl`; a last line cut short by a crash is left out.
 * @throws what `damaged` makes of the number of a damaged line
 */
export function parseRows(
  text: string,
  damaged: (line: number) => Error = (line) => new SyntaxError(`line ${line} is no row`),
): Row[] {
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  return complete.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const row = parseRow(line);
    if (row === undefined) throw damaged(i + 1);
    return [row];
  });
}

/** Rows and errors of one cell. */
export interface CellTally {
  readonly rows: number;
  readonly errors: number;
}

/** Rows and errors by cell. */
export function tallyRows(rows: readonly Row[]): ReadonlyMap<string, CellTally> {
  const tally = new Map<string, CellTally>();
  for (const { cell, status } of rows) {
    const { rows: n, errors } = tally.get(cell) ?? { rows: 0, errors: 0 };
    tally.set(cell, { rows: n + 1, errors: errors + (status === 'error' ? 1 : 0) });
  }
  return tally;
}

/** `pending` without rows, `partial` with some errors, `failed` with nothing else. */
export function cellStatus(tally: CellTally | undefined): 'pending' | 'ok' | 'partial' | 'failed' {
  if (tally === undefined) return 'pending';
  if (tally.errors === 0) return 'ok';
  return tally.errors === tally.rows ? 'failed' : 'partial';
}
