/**
 * @file The losses of the models of one sheet over training. All models meet the same draws, so the curves rise and fall
 * together: what tells them apart is on the right, the loss less that of the model that learns clean pictures.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Sheet } from '../sheets.ts';
import { CONFIG, FAINT, legendColumns, SCHEMA, SERIES_COLOURS } from './theme.ts';

/** The chart of one sheet; undefined where no model was trained. */
export function lossCurves({ rows }: Pick<Sheet, 'rows'>): TopLevelSpec | undefined {
  const trained = rows.filter(({ losses }) => losses.length > 1);
  if (trained.length === 0) return undefined;
  const clean = trained.find(({ name }) => name === 'clean');
  const points = trained.flatMap(({ name, losses }) =>
    curve(losses).map((point) => ({ learnt: name, ...point })),
  );
  const apart = trained
    .filter((row) => clean !== undefined && row !== clean && row.losses.length === clean.losses.length)
    .flatMap(({ name, losses }) =>
      curve(losses.map((loss, i) => loss - clean!.losses[i]!)).map((point) => ({ learnt: name, ...point })),
    );
  const domain = trained.map(({ name }) => name);
  const legend = {
    title: 'learnt',
    orient: 'bottom' as const,
    columns: legendColumns(domain),
    columnPadding: 20,
    symbolType: 'stroke',
  };
  const color = {
    field: 'learnt',
    type: 'nominal' as const,
    scale: { domain, range: domain.map((_, i) => SERIES_COLOURS[i % SERIES_COLOURS.length]!) },
    legend,
  };
  const strokeDash = {
    field: 'learnt',
    type: 'nominal' as const,
    scale: { domain, range: domain.map((_, i) => DASHES[Math.floor(i / SERIES_COLOURS.length) % 2]!) },
    legend,
  };
  const panel = (values: readonly object[], title: string, extra: readonly object[] = []) => ({
    width: 330,
    height: 190,
    layer: [
      ...extra,
      {
        data: { values: [...values] },
        mark: { type: 'line', strokeWidth: 1.5 },
        encoding: {
          x: {
            field: 'step',
            type: 'quantitative',
            axis: { title: 'training step', grid: false, tickCount: 6 },
          },
          y: {
            field: 'loss',
            type: 'quantitative',
            scale: { zero: false },
            axis: { title, grid: false, tickCount: 5 },
          },
          color,
          strokeDash,
        },
      },
    ],
  });
  const zero = {
    data: { values: [{ at: 0 }] },
    mark: { type: 'rule', color: FAINT, strokeDash: [3, 3], strokeWidth: 0.8 },
    encoding: { y: { field: 'at', type: 'quantitative' } },
  };
  const panels = [panel(points, 'loss, running mean')];
  if (apart.length > 0) panels.push(panel(apart, 'loss less that of clean', [zero]));
  return {
    $schema: SCHEMA,
    config: CONFIG,
    description: 'Training loss of each model, and its difference from the model that learns clean pictures',
    spacing: 36,
    hconcat: panels,
  } as TopLevelSpec;
}

const DASHES = [
  [1, 0],
  [4, 2],
] as const;

/** Points that a curve is drawn with at most. */
const POINTS = 120;

/** Running mean over a tenth of the steps, at most `POINTS` of them. */
function curve(losses: readonly number[]): { step: number; loss: number }[] {
  const over = Math.max(1, Math.round(losses.length / 10));
  const every = Math.max(1, Math.floor(losses.length / POINTS));
  let sum = 0;
  return losses.flatMap((loss, i) => {
    sum += loss - (i >= over ? losses[i - over]! : 0);
    return i < over - 1 || (i + 1) % every !== 0 ? [] : [{ step: i + 1, loss: sum / over }];
  });
}
