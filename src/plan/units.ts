/** @file What a cell measures at a time; see `metrics/kinds`. */
import type { DatasetItem } from '../datasets/dataset.ts';
import type { Cell } from '../experiment/setting.ts';
import type { Metric } from '../metrics/define.ts';
import { metrics } from '../metrics/index.ts';
import { kindOf, type Unit as UnitOf } from '../metrics/kinds/index.ts';
import { resolvePlugin } from '../plugin/resolve.ts';
import type { Plan } from './plan.ts';

export type Unit = UnitOf<DatasetItem>;

/** The metric behind a cell. */
export const metricOf = ({ metric }: Pick<Cell, 'metric'>): Metric =>
  resolvePlugin<Metric>('metric', metrics, metric.links[0]!.id);

/** The units of a cell; each has a row for each of its arms. @throws USAGE if a parameter names an artist who is not there */
export function unitsOf({ items }: Pick<Plan, 'items'>, cell: Pick<Cell, 'metric'>): Unit[] {
  const metric = metricOf(cell);
  return kindOf(metric).units(items, metric, cell.metric.links[0]!.params);
}

/** How many rows a cell writes. */
export const rowsOfCell = (plan: Plan, cell: Cell): number =>
  unitsOf(plan, cell).reduce((rows, { arms }) => rows + arms.length, 0);
