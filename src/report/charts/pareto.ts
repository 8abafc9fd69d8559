/** @file Residual against the price of an attack: which attacks are worth their price, and what they leave. */
import type { TopLevelSpec } from 'vega-lite';
import type { Thresholds } from '../../stats/verdict.ts';
import type { Analysis } from '../../analysis/answers.ts';
import type { Prices } from '../../analysis/findings/price.ts';
import { isBaseline } from '../../analysis/roles.ts';
import { type Label, placeNames } from './placed-names.ts';
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

/** A point of the chart; `front` if no other attack on the protection costs less and leaves less. */
interface Point extends ShownResidual {
  readonly price: number;
  readonly front: boolean;
  /** Where its name stands; absent if there is no room for it. */
  readonly label?: Label;
}

/** The chart of one effect's pairs; undefined if no attack has a price in that currency. */
export function paretoChart(
  pairs: readonly Analysis[],
  prices: Prices,
  thresholds: Thresholds,
  currency: Currency,
): TopLevelSpec | undefined {
  const found = pointsOf(pairs, prices, currency);
  if (new Set(found.map(({ price }) => price)).size < 2) return undefined;
  const domain = residualDomain(found);
  const reach = currency.scale === 'log' ? widened(found) : padded(found);
  const points = withNames(found, reach, domain, currency.scale);
  const { color, shape } = seriesScales([...new Set(points.map(({ protection }) => protection))]);
  return {
    $schema: SCHEMA,
    config: CONFIG,
    description: `Residual R of each attack over its cost: ${currency.title}. Lines join the attacks that no other attack beats in both`,
    ...SIZE,
    layer: [
      ...bands(thresholds, domain, 'y'),
      {
        data: { values: points },
        encoding: { x: priceAxis(currency, reach), color },
        layer: layersOf(domain, shape),
      },
    ],
  };
}

const SIZE = { width: 400, height: 260 } as const;

function priceAxis({ title, scale }: Currency, reach: readonly [number, number]) {
  const isLog = scale === 'log';
  return {
    field: 'price',
    type: 'quantitative' as const,
    scale: {
      domain: [...reach],
      nice: false,
      ...(isLog ? { type: 'log' as const } : { zero: false }),
    },
    axis: {
      title,
      grid: false,
      labelExpr: "format(datum.value, '~g')",
      ...(isLog ? { values: roundPrices(reach) } : { tickCount: 6 }),
    },
  };
}

/** Intervals, the line of what is worth its price, points, and names if there is room for them. */
function layersOf(domain: readonly [number, number], shape: ReturnType<typeof seriesScales>['shape']) {
  const y = { type: 'quantitative' as const, scale: { domain: [...domain], nice: false, zero: false } };
  return [
    {
      mark: { type: 'rule' as const, strokeWidth: 1, opacity: 0.45, clip: true },
      encoding: {
        y: { ...y, field: 'lo', axis: { title: RESIDUAL_TITLE, grid: false, tickCount: 6 } },
        y2: { field: 'hi' },
      },
    },
    {
      transform: [{ filter: 'datum.front' }],
      mark: { type: 'line' as const, interpolate: 'step-after' as const, strokeWidth: 1.4, clip: true },
      encoding: { y: { ...y, field: 'r' } },
    },
    {
      mark: { type: 'point' as const, filled: true, size: 46, opacity: 1, clip: true },
      encoding: { y: { ...y, field: 'r' }, shape },
    },
    {
      transform: [{ filter: 'isValid(datum.label)' }],
      mark: NAME,
      encoding: {
        y: { ...y, field: 'r' },
        text: { field: 'attack', type: 'nominal' as const },
        color: { value: FAINT },
      },
    },
  ];
}

const NAME = {
  type: 'text' as const,
  fontSize: 9,
  baseline: 'middle' as const,
  align: { expr: 'datum.label.align' },
  dx: { expr: 'datum.label.dx' },
  dy: { expr: 'datum.label.dy' },
};

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

/** A twentieth of the span on both sides. */
function padded(points: readonly Point[]): [number, number] {
  const prices = points.map(({ price }) => price);
  const [lo, hi] = [Math.min(...prices), Math.max(...prices)];
  return [lo - 0.05 * (hi - lo), hi + 0.05 * (hi - lo)];
}

/** A name for the lowest point of each attack, attacks worth their price first, wherever it covers nothing. */
function withNames(
  points: readonly Point[],
  [from, to]: readonly [number, number],
  [lo, hi]: readonly [number, number],
  scale: Currency['scale'],
): Point[] {
  const along = (price: number): number =>
    scale === 'log' ? Math.log(price / from) / Math.log(to / from) : (price - from) / (to - from);
  const spots = points.map(({ price, r }) => ({
    x: SIZE.width * along(price),
    y: (SIZE.height * (hi - r)) / (hi - lo),
  }));
  const lowest = points
    .map((point, i) => ({ point, i }))
    .filter(({ point }) => points.every((other) => other.attack !== point.attack || other.r >= point.r))
    .sort((a, b) => Number(b.point.front) - Number(a.point.front) || a.point.r - b.point.r);
  const labels = placeNames(
    lowest.map(({ point, i }) => ({ name: point.attack, at: i })),
    spots,
    SIZE,
  );
  return points.map((point, i) => (labels.has(i) ? { ...point, label: labels.get(i)! } : point));
}

/** The points, and whether they are worth their price. */
function pointsOf(pairs: readonly Analysis[], prices: Prices, { of, scale }: Currency): Point[] {
  const points = pairs
    .filter(({ attack }) => !isBaseline(attack))
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
  return points.map((point) => ({ ...point, front: !dominated(point) }));
}
