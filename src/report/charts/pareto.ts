/** @file Residual against the price of an attack: which attacks are worth their price, and what they leave. */
import type { TopLevelSpec } from 'vega-lite';
import type { Thresholds } from '../../stats/verdict.ts';
import type { Analysis } from '../analysis.ts';
import type { Prices } from '../price.ts';
import { isIdentity } from '../summary.ts';
import {
  bands,
  RESIDUAL_TITLE,
  residualDomain,
  seriesScales,
  type ShownResidual,
  shownResiduals,
} from './residual-axis.ts';
import { CONFIG, FAINT, SCHEMA } from './theme.ts';

/** What the price is counted in. */
export interface Currency {
  readonly of: 'msPerMegapixel' | 'qualityLost';
  /** As printed under the axis. */
  readonly title: string;
  readonly scale: 'log' | 'linear';
}

/** A point of the chart; `front` where no attack on the protection is both cheaper and leaves less. */
interface Point extends ShownResidual {
  readonly price: number;
  readonly front: boolean;
  readonly named: boolean;
}

/** The chart of one effect's pairs; undefined where no attack has a price in that currency. */
export function paretoChart(
  pairs: readonly Analysis[],
  prices: Prices,
  thresholds: Thresholds,
  currency: Currency,
): TopLevelSpec | undefined {
  const points = pointsOf(pairs, prices, currency);
  if (new Set(points.map(({ price }) => price)).size < 2) return undefined;
  const domain = residualDomain(points);
  const { color, shape } = seriesScales([...new Set(points.map(({ protection }) => protection))]);
  const y = { type: 'quantitative' as const, scale: { domain, nice: false, zero: false } };
  const x = {
    field: 'price',
    type: 'quantitative' as const,
    scale:
      currency.scale === 'log'
        ? { type: 'log' as const, domain: widened(points), nice: false }
        : { zero: false, padding: 18 },
    axis: {
      title: currency.title,
      grid: false,
      labelExpr: "format(datum.value, '~g')",
      ...(currency.scale === 'log' ? { values: roundPrices(widened(points)) } : { tickCount: 6 }),
    },
  };
  return {
    $schema: SCHEMA,
    config: CONFIG,
    description: `Residual R of each attack over its price, ${currency.title}; lines join the attacks worth their price`,
    width: 400,
    height: 260,
    layer: [
      ...bands(thresholds, domain, 'y'),
      {
        data: { values: points },
        encoding: { x, color },
        layer: [
          {
            mark: { type: 'rule', strokeWidth: 1, opacity: 0.45, clip: true },
            encoding: {
              y: { ...y, field: 'lo', axis: { title: RESIDUAL_TITLE, grid: false, tickCount: 6 } },
              y2: { field: 'hi' },
            },
          },
          {
            transform: [{ filter: 'datum.front' }],
            mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.4, clip: true },
            encoding: { y: { ...y, field: 'r' } },
          },
          {
            mark: { type: 'point', filled: true, size: 46, opacity: 1, clip: true },
            encoding: { y: { ...y, field: 'r' }, shape },
          },
          {
            transform: [{ filter: 'datum.named' }],
            mark: { type: 'text', fontSize: 9, color: FAINT, align: 'left', dx: 7, dy: 4 },
            encoding: {
              y: { ...y, field: 'r' },
              text: { field: 'attack', type: 'nominal' },
              color: { value: FAINT },
            },
          },
        ],
      },
    ],
  };
}

/** Half as much again on both sides: room for points and names on a log scale. */
const widened = (points: readonly Point[]): [number, number] => {
  const prices = points.map(({ price }) => price);
  return [Math.min(...prices) / 1.5, Math.max(...prices) * 1.5];
};

/** 1, 2, 5, 10, ... within the domain; powers of ten alone where that would be a crowd. */
function roundPrices([lo, hi]: readonly [number, number]): number[] {
  const within = (steps: readonly number[]): number[] =>
    Array.from({ length: 13 }, (_, i) => 10 ** (i - 3))
      .flatMap((power) => steps.map((step) => step * power))
      .filter((price) => price >= lo && price <= hi);
  const fine = within([1, 2, 5]);
  return fine.length <= 7 ? fine : within([1]);
}

/** The points; of each attack only the lowest carries its name, so that names do not pile up. */
function pointsOf(pairs: readonly Analysis[], prices: Prices, { of, scale }: Currency): Point[] {
  const points = pairs
    .filter(({ attack }) => !isIdentity(attack))
    .flatMap((pair) => {
      const price = prices.get(pair.attack.label)?.[of] ?? Number.NaN;
      const fits = Number.isFinite(price) && (scale !== 'log' || price > 0);
      return fits ? shownResiduals([pair]).map((shown) => ({ ...shown, price })) : [];
    });
  const dominated = (point: (typeof points)[number]): boolean =>
    points.some(
      (other) =>
        other.protection === point.protection &&
        other.price <= point.price &&
        other.r <= point.r &&
        (other.price < point.price || other.r < point.r),
    );
  const lowest = (point: (typeof points)[number]): boolean =>
    points.every((other) => other.attack !== point.attack || other.r >= point.r);
  return points.map((point) => ({ ...point, front: !dominated(point), named: lowest(point) }));
}
