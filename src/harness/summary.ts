/** @file A run in a few numbers, for `status`. */
import { cellStatus, tallyRows } from './rows.ts';
import type { RunFolder } from './run-folder.ts';

/** How far a run is, and what failed. */
export interface RunSummary {
  readonly run: string;
  readonly dir: string;
  readonly finished: string | null;
  readonly ms: number;
  readonly cells: Readonly<Record<'ok' | 'partial' | 'failed' | 'pending', number>>;
  readonly rows: number;
  /** Errors with their rows counted together where setting, image and sentence are the same. */
  readonly errors: readonly {
    readonly protection: string;
    readonly attack: string;
    readonly image: string;
    readonly error: string;
    readonly rows: number;
  }[];
}

/** Sums a run up; of an unfinished one, by the rows that are there. */
export function summariseRun({ dir, manifest, cells, rows }: RunFolder): RunSummary {
  const counts = { ok: 0, partial: 0, failed: 0, pending: 0 };
  const tally = tallyRows(rows);
  for (const { id } of cells) {
    counts[cellStatus(tally.get(id))]++;
  }
  const errors = new Map<string, RunSummary['errors'][number]>();
  for (const { status, protection, attack, image, error } of rows) {
    if (status === 'ok') continue;
    const key = JSON.stringify([protection, attack, image, error]);
    const before = errors.get(key)?.rows ?? 0;
    errors.set(key, { protection, attack, image, error: error ?? '', rows: before + 1 });
  }
  return {
    run: manifest.run,
    dir,
    finished: manifest.finished,
    ms: manifest.ms,
    cells: counts,
    rows: rows.length,
    errors: [...errors.values()],
  };
}
