/**
 * @file What a metric says of models over a swept parameter of their fine-tuning: the poison curve over k, mimicry over the
 * number of clean images that a mimic has found. One line for each kind of training set, with the intervals of the sheets.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { MetricSetting } from '../../experiment/setting.ts';
import { groupBy } from '../../stats/group.ts';
import type { Sheet } from '../sheets.ts';
import { CONFIG, legendColumns, SCHEMA, SERIES_COLOURS } from './theme.ts';

/** A chart of one metric over one parameter. */
export interface SweptCurve {
  /** Whose images the models were trained on. */
  readonly artist: string;
  readonly parameter: string;
  /** The metric with the parameter left out. */
  readonly metric: string;
  readonly spec: TopLevelSpec;
}

interface Point {
  readonly x: number;
  readonly trainedOn: string;
  readonly value: number;
  readonly lo: number;
  readonly hi: number;
}

/** The curves of a run: metrics of the same settings but for one number, which has at least two values. */
export function sweptCurves(sheets: readonly Sheet[]): SweptCurve[] {
  const points = sheets.flatMap(({ artist, metrics, rows }) =>
    metrics.flatMap((metric, m) =>
      axesOf(metric).flatMap(({ parameter, x, fixed, label }) =>
        rows.map(({ name, measures }) => {
          const { value, interval } = measures[m]!.mean;
          const point: Point = {
            x,
            trainedOn: name,
            value,
            lo: interval?.lo ?? value,
            hi: interval?.hi ?? value,
          };
          return {
            key: JSON.stringify([artist, fixed]),
            artist,
            parameter,
            label,
            title: titleOf(metric),
            point,
          };
        }),
      ),
    ),
  );
  return [...groupBy(points, ({ key }) => key).values()].flatMap((group) => {
    const shown = group.map(({ point }) => point).filter(({ value }) => Number.isFinite(value));
    if (new Set(shown.map(({ x }) => x)).size < 2) return [];
    const { artist, parameter, label, title } = group[0]!;
    return [{ artist, parameter, metric: label, spec: curve(shown, parameter, title) }];
  });
}

/** Each number among a metric's parameters, and what stays when it is swept. */
function axesOf({ links }: MetricSetting): { parameter: string; x: number; fixed: unknown; label: string }[] {
  const { id, params } = links[0]!;
  return Object.entries(params).flatMap(([parameter, x]) => {
    if (typeof x !== 'number') return [];
    const rest = Object.entries(params).filter(([name]) => name !== parameter);
    const asked = rest.find(([name]) => name === 'asked')?.[1];
    return [
      {
        parameter,
        x,
        fixed: [id, parameter, rest],
        label: asked === undefined ? id : `${id}, ${String(asked)}`,
      },
    ];
  });
}

const titleOf = ({ links, label }: MetricSetting): string => links[0]?.name ?? label;

function curve(points: readonly Point[], parameter: string, title: string): TopLevelSpec {
  const domain = [...new Set(points.map(({ trainedOn }) => trainedOn))];
  const color = {
    field: 'trainedOn',
    type: 'nominal' as const,
    scale: { domain, range: domain.map((_, i) => SERIES_COLOURS[i % SERIES_COLOURS.length]!) },
    legend: {
      title: 'trained on',
      orient: 'bottom' as const,
      columns: legendColumns(domain),
      columnPadding: 20,
    },
  };
  const values = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  // Intervals of models that do equally well would hide each other: each training set stands a little apart from the others.
  const apart = 0.012 * (values.at(-1)! - values[0]!);
  const placed = points.map((point) => ({
    ...point,
    at: point.x + apart * (domain.indexOf(point.trainedOn) - (domain.length - 1) / 2),
  }));
  const x = {
    field: 'at',
    type: 'quantitative' as const,
    scale: { zero: false, nice: false, padding: 24 },
    axis: { title: parameter, grid: false, ...(values.length <= 8 && { values }) },
  };
  const y = { type: 'quantitative' as const, axis: { title, grid: false, tickCount: 6 } };
  return {
    $schema: SCHEMA,
    config: CONFIG,
    description: `${title} over ${parameter}, with 95 % intervals`,
    width: 400,
    height: 220,
    data: { values: placed },
    encoding: { x, color },
    layer: [
      { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { y: { ...y, field: 'value' } } },
      {
        mark: { type: 'rule', strokeWidth: 1.2, opacity: 0.7 },
        encoding: { y: { ...y, field: 'lo' }, y2: { field: 'hi' } },
      },
      {
        mark: { type: 'point', filled: true, size: 42, opacity: 1 },
        encoding: { y: { ...y, field: 'value' } },
      },
    ],
  } as TopLevelSpec;
}
