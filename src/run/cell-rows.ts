/** @file The rows of a plan's cells, made in the order of the plan with a few cells under way at once. */
import type { Cell } from '../experiment/setting.ts';
import type { GetRecord } from '../jobs/job.ts';
import { failedFast, interrupted, reasonOf } from '../messages/index.ts';
import type { RowArm } from '../metrics/arms.ts';
import { measurementOf } from '../plan/measurements.ts';
import type { Plan } from '../plan/plan.ts';
import { unitsOf } from '../plan/units.ts';
import type { Row } from './rows.ts';

/** How many cells may be under way at once: enough to keep every thread busy across a cell's end. */
const CELLS_AHEAD = 6;

/**
 * The rows of each cell from the first missing one on. @throws INTERRUPTED if the signal is aborted; the failure of a row if
 * `failFast` is set
 */
export async function* rowsInOrder(
  plan: Plan,
  first: number,
  get: GetRecord,
  { signal, failFast }: { readonly signal?: AbortSignal; readonly failFast?: boolean },
): AsyncGenerator<[Cell, Row[]]> {
  const abort = abortion(signal);
  const underWay: Promise<Row[]>[] = [];
  for (let i = first; i < plan.cells.length; i++) {
    for (let next = i + underWay.length; next < Math.min(i + CELLS_AHEAD, plan.cells.length); next++) {
      const rows = cellRows(plan, plan.cells[next]!, get);
      rows.catch(() => undefined); // heard where it is awaited; an abort may come first
      underWay.push(rows);
    }
    const rows = await Promise.race([underWay.shift()!, abort]);
    if (signal?.aborted) throw interrupted();
    yield [plan.cells[i]!, rows];
    const failure = rows.find(({ status }) => status === 'error');
    if (failFast && failure) throw failedFast(failure.image, failure.error ?? '');
  }
}

/** Rejects when the signal aborts; pending forever otherwise. */
function abortion(signal: AbortSignal | undefined): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    if (signal?.aborted) reject(interrupted());
    signal?.addEventListener('abort', () => reject(interrupted()), { once: true });
  });
  promise.catch(() => undefined);
  return promise;
}

/** All rows of a cell: unit by unit, the arms of each. */
async function cellRows(plan: Plan, cell: Cell, get: GetRecord): Promise<Row[]> {
  const rows = await Promise.all(
    unitsOf(plan, cell).flatMap((unit) =>
      unit.arms.map(async (arm): Promise<Row> => {
        const blank = blankRow(plan, cell, arm, unit.name);
        try {
          const { value, n, ms } = await measurementOf(plan, cell, arm, unit, get);
          return { ...blank, value, n, ms, status: 'ok', error: null };
        } catch (error) {
          return { ...blank, value: null, n: 0, ms: 0, status: 'error', error: reasonOf(error) };
        }
      }),
    ),
  );
  return rows;
}

/** What a row says of itself, whatever was measured. */
export function blankRow(plan: Plan, cell: Cell, arm: RowArm, image: string) {
  const { unit, higherIsBetter, label } = cell.metric;
  return {
    run: plan.run,
    cell: cell.id,
    protection: cell.protection.label,
    attack: cell.attack.label,
    metric: label,
    arm,
    image,
    unit,
    higherIsBetter,
    seed: cell.seed,
  };
}
