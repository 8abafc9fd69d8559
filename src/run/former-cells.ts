/**
 * @file The cells of earlier versions, which did not record what the analysis asks of a plug-in: roles and budgets of
 * protections and attacks, effects and ranks of metrics. Today's plug-ins fill these fields in.
 */
import type { Cell, MetricSetting, Setting } from '../experiment/setting.ts';
import { analysisFields, type Metric } from '../metrics/define.ts';
import { comparesPlaces } from '../metrics/kinds/index.ts';
import { comparisonFields, type Protection } from '../protections/define.ts';

/** A cell as an earlier version wrote it. */
export type FormerCell<C extends Cell> = Omit<C, 'metric'> & {
  readonly metric: Omit<MetricSetting, 'effect'>;
};

/** A cell with today's fields. */
export type CompletedCell<C extends Cell> = Omit<C, 'metric'> & Pick<Cell, 'metric'>;

/** The cells with today's fields; a cell that has them stays as it is. */
export async function completedCells<C extends Cell>(
  cells: readonly (FormerCell<C> | CompletedCell<C>)[],
): Promise<CompletedCell<C>[]> {
  const isWhole = (cell: FormerCell<C> | CompletedCell<C>): cell is CompletedCell<C> =>
    'effect' in cell.metric;
  if (cells.every(isWhole)) return [...cells];
  // Loaded only here: a folder of today is read without any plug-in.
  const { attacks } = await import('../attacks/index.ts');
  const { metrics } = await import('../metrics/index.ts');
  const { protections } = await import('../protections/index.ts');
  return cells.map((cell) =>
    isWhole(cell)
      ? cell
      : {
          ...cell,
          protection: completed(cell.protection, protections),
          attack: completed(cell.attack, attacks),
          metric: completedMetric(cell.metric, metrics),
        },
  );
}

/** Plug-ins by id; an earlier version may name one that no longer exists. */
type Known<P> = Readonly<Partial<Record<string, P>>>;

const completed = (
  setting: Setting,
  known: Known<Partial<Pick<Protection, 'role' | 'budget'>>>,
): Setting => ({
  ...setting,
  links: setting.links.map((link) => ({ ...link, ...comparisonFields(known[link.id] ?? {}, link.params) })),
});

function completedMetric(setting: FormerCell<Cell>['metric'], known: Known<Metric>): MetricSetting {
  const [link] = setting.links;
  const metric = known[link?.id ?? ''];
  if (metric === undefined)
    return { ...setting, ...analysisFields({ higherIsBetter: setting.higherIsBetter }) };
  const aligned = comparesPlaces(metric, link!.params) && { aligned: true as const };
  return { ...setting, ...analysisFields(metric), ...aligned };
}
