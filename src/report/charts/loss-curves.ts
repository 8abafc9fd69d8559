/**
 * @file The losses of the models of one sheet over training. All models train with the same draws, so the curves rise and fall
 * together. What tells them apart is on the right: the loss minus that of the model of clean images.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Sheet, SheetRow } from '../sheets.ts';
import { CONFIG, FAINT, legendColumns, SCHEMA, SERIES_COLOURS } from './theme.ts';

/** The chart of one sheet; undefined if no model was trained. */
export function lossCurves({ rows }: Pick<Sheet, 'rows'>): TopLevelSpec | undefined {
  const trained = rows.filter(({ losses }) => losses.length > 1);
  if (trained.length === 0) return undefined;
  const series = seriesOf(trained.map(({ name }) => name));
  const points = trained.flatMap(({ name, losses }) => curve(name, losses));
  const panels = [panel(points, 'loss, running mean', series)];
  const apart = differences(trained);
  if (apart.length > 0) panels.push(panel(apart, 'loss minus loss of clean', series, [ZERO]));
  return {
    $schema: SCHEMA,
    config: CONFIG,
    description: 'Training loss of each model, and its difference from the model trained on clean images',
    spacing: 36,
    hconcat: panels,
  } as TopLevelSpec;
}

/** Each model's loss minus that of the model of clean images, step by step, if both took as many steps. */
function differences(trained: readonly SheetRow[]): Point[] {
  const clean = trained.find(({ name }) => name === 'clean');
  if (clean === undefined) return [];
  return trained
    .filter((row) => row !== clean && row.losses.length === clean.losses.length)
    .flatMap(({ name, losses }) =>
      curve(
        name,
        losses.map((loss, i) => loss - clean.losses[i]!),
      ),
    );
}

/** Colour and dash of each model, and one legend for both. */
function seriesOf(domain: readonly string[]) {
  const encoding = <T>(range: readonly T[]) => ({
    field: 'trainedOn',
    type: 'nominal' as const,
    scale: { domain, range },
    legend: {
      title: 'trained on',
      orient: 'bottom' as const,
      columns: legendColumns(domain),
      columnPadding: 20,
      symbolType: 'stroke',
    },
  });
  const colours = SERIES_COLOURS.length;
  return {
    color: encoding(domain.map((_, i) => SERIES_COLOURS[i % colours]!)),
    strokeDash: encoding(domain.map((_, i) => DASHES[Math.floor(i / colours) % 2]!)),
  };
}

function panel(
  values: readonly Point[],
  title: string,
  series: ReturnType<typeof seriesOf>,
  behind: readonly object[] = [],
) {
  const x = {
    field: 'step',
    type: 'quantitative',
    axis: { title: 'training step', grid: false, tickCount: 6 },
  };
  const y = {
    field: 'loss',
    type: 'quantitative',
    scale: { zero: false },
    axis: { title, grid: false, tickCount: 5 },
  };
  const lines = {
    data: { values: [...values] },
    mark: { type: 'line', strokeWidth: 1.5 },
    encoding: { x, y, ...series },
  };
  return { width: 330, height: 190, layer: [...behind, lines] };
}

/** No difference from the model of clean images. */
const ZERO = {
  data: { values: [{ at: 0 }] },
  mark: { type: 'rule', color: FAINT, strokeDash: [3, 3], strokeWidth: 0.8 },
  encoding: { y: { field: 'at', type: 'quantitative' } },
};

const DASHES = [
  [1, 0],
  [4, 2],
] as const;

/** A point of a curve. */
interface Point {
  readonly trainedOn: string;
  readonly step: number;
  readonly loss: number;
}

/** Points that a curve is drawn with at most. */
const POINTS = 120;

/** Running mean over a tenth of the steps, at most `POINTS` of them. */
function curve(trainedOn: string, losses: readonly number[]): Point[] {
  const over = Math.max(1, Math.round(losses.length / 10));
  const every = Math.max(1, Math.floor(losses.length / POINTS));
  let sum = 0;
  return losses.flatMap((loss, i) => {
    sum += loss - (i >= over ? losses[i - over]! : 0);
    return i < over - 1 || (i + 1) % every !== 0 ? [] : [{ trainedOn, step: i + 1, loss: sum / over }];
  });
}
