/** @file A run in a few numbers, for `status`. */
import { cellStatus, type Row, tallyRows } from './rows.ts';
import type { RunFolder } from './run-folder.ts';

/** How far a run is, and what failed. */
export interface RunSummary {
  readonly run: string;
  readonly dir: string;
  readonly finished: string | null;
  readonly ms: number;
  readonly cells: Readonly<Record<'ok' | 'partial' | 'failed' | 'pending', number>>;
  readonly rows: number;
  /** Each sentence once for each image it is about. */
  readonly errors: readonly RunError[];
}

/** One thing that went wrong. */
export interface RunError {
  readonly image: string;
  readonly error: string;
  readonly rows: number;
  /** In how many cells. */
  readonly cells: number;
}

/** Sums a run up; of an unfinished one, by the rows that are there. */
export function summariseRun({ dir, manifest, cells, rows }: RunFolder): RunSummary {
  const counts = { ok: 0, partial: 0, failed: 0, pending: 0 };
  const tally = tallyRows(rows);
  for (const { id } of cells) {
    counts[cellStatus(tally.get(id))]++;
  }
  return {
    run: manifest.run,
    dir,
    finished: manifest.finished,
    ms: manifest.ms,
    cells: counts,
    rows: rows.length,
    errors: groupErrors(rows),
  };
}

function groupErrors(rows: readonly Row[]): RunError[] {
  const groups = new Map<string, { image: string; error: string; rows: number; cells: Set<string> }>();
  for (const { status, image, error, cell } of rows) {
    if (status === 'ok') continue;
    const key = JSON.stringify([image, error]);
    const group = groups.get(key) ?? { image, error: error ?? '', rows: 0, cells: new Set<string>() };
    group.rows++;
    group.cells.add(cell);
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => ({ ...group, cells: group.cells.size }));
}
