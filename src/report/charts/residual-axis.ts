/** @file What the charts of R share: which residuals they show, the axis, and the three bands behind it. */
import type { Thresholds } from '../../stats/verdict.ts';
import type { Analysis } from '../../analysis/answers.ts';
import { hasResidual } from '../../analysis/outcome.ts';
import { FAINT, legendColumns, OUTCOME_FILL, SERIES_COLOURS, SERIES_SHAPES } from './theme.ts';

export const RESIDUAL_TITLE = 'residual R (share of the effect that survives)';

/** A residual as data. */
export interface ShownResidual {
  readonly protection: string;
  readonly attack: string;
  readonly r: number;
  /** Ends of the interval, cut to the chart's reach; equal to `r` if there is no interval. */
  readonly lo: number;
  readonly hi: number;
}

/** R far outside 0..1 says no more than "outside"; an unbounded interval is cut here. */
const REACH = { lo: -1, hi: 2 } as const;
const cut = (value: number): number => Math.min(REACH.hi, Math.max(REACH.lo, value));

/**
 * Pairs with a residual; a protection without an effect has none, and the text names it instead. The placebo is shown all
 * the same, for comparison.
 */
export function shownResiduals(pairs: readonly Analysis[]): ShownResidual[] {
  return pairs.filter(hasResidual).map(({ names: { protection, attack }, residual: { ratio } }) => ({
    protection,
    attack,
    r: cut(ratio.value),
    lo: cut(ratio.interval?.lo ?? ratio.value),
    hi: cut(ratio.interval?.hi ?? ratio.value),
  }));
}

/** From a little below 0 to a little above 1, wider where intervals reach further. */
export function residualDomain(shown: readonly Pick<ShownResidual, 'lo' | 'hi'>[]): [number, number] {
  const tenth = (value: number, round: (x: number) => number): number => round(value * 10) / 10;
  return [
    Math.min(-0.1, tenth(Math.min(...shown.map(({ lo }) => lo)), Math.floor)),
    Math.max(1.1, tenth(Math.max(...shown.map(({ hi }) => hi)), Math.ceil)),
  ];
}

/** Colour of each protection, and its shape for points; one legend on top for both. */
export function seriesScales(protections: readonly string[], legendOffset = 6) {
  const domain = [...protections];
  // Each round takes the shapes one further, so that no two protections share colour and shape.
  const cycle = <T>(items: readonly T[], further: 0 | 1): T[] =>
    domain.map((_, i) => items[(i + further * Math.floor(i / items.length)) % items.length]!);
  const encoding = <T>(range: readonly T[], further: 0 | 1) => ({
    field: 'protection',
    type: 'nominal' as const,
    scale: { domain, range: cycle(range, further) },
    legend: {
      title: null,
      orient: 'top' as const,
      direction: 'horizontal' as const,
      columns: legendColumns(domain),
      symbolOpacity: 1,
      offset: legendOffset,
    },
  });
  return { color: encoding(SERIES_COLOURS, 0), shape: encoding(SERIES_SHAPES, 1) };
}

/** The bands of the verdicts, tinted, with their names at the far end, and a line at R = 1. */
export function bands(
  { holds, broken }: Thresholds,
  [lo, hi]: readonly [number, number],
  channel: 'x' | 'y',
) {
  const values = [
    { band: 'broken', from: lo, to: broken },
    { band: 'weakened', from: broken, to: holds },
    { band: 'holds', from: holds, to: hi },
  ].map((band) => ({ ...band, middle: (band.from + band.to) / 2 }));
  const scale = { domain: [lo, hi], nice: false, zero: false };
  const position = (field: string) => ({ [channel]: { field, type: 'quantitative' as const, scale } });
  const { mark, ...place } = BAND_NAMES[channel];
  return [
    {
      data: { values },
      mark: { type: 'rect' as const, opacity: 0.22 },
      encoding: {
        ...position('from'),
        [`${channel}2`]: { field: 'to' },
        fill: {
          field: 'band',
          type: 'nominal' as const,
          scale: {
            domain: values.map(({ band }) => band),
            range: [OUTCOME_FILL.broken, OUTCOME_FILL.weakened, OUTCOME_FILL.holds],
          },
          legend: null,
        },
      },
    },
    {
      data: { values: [{ at: 1 }, { at: 0 }] },
      mark: { type: 'rule' as const, color: FAINT, strokeDash: [3, 3], strokeWidth: 0.8 },
      encoding: position('at'),
    },
    {
      data: { values },
      mark: { type: 'text' as const, fontSize: 9, color: FAINT, ...mark },
      encoding: { ...position('middle'), ...place, text: { field: 'band', type: 'nominal' as const } },
    },
  ];
}

/** Where the names of the bands stand: above the plot, or to the right of it. */
const BAND_NAMES = {
  x: { y: { value: 0 }, mark: { dy: -6, baseline: 'bottom', align: 'center' } },
  y: { x: { value: 'width' }, mark: { dx: 6, align: 'left' } },
} as const;
