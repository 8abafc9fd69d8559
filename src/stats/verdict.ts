/**
 * @file The verdict on a protection under an attack. It depends on the interval of R, never on the point estimate.
 *
 * Two thresholds cut the line of R into three bands: broken | weakened | holds. If the whole interval lies in one band, that
 * is the verdict. An interval that crosses a threshold is inconclusive and names the bands that it reaches.
 */
import type { Estimate, Residual } from './residual.ts';

export type VerdictWord = 'holds' | 'weakened' | 'broken' | 'no effect' | 'inconclusive';

/** Where the bands meet, as shares of the effect. */
export interface Thresholds {
  /** Above: `holds`. */
  readonly holds: number;
  /** Below: `broken`. */
  readonly broken: number;
}

export const THRESHOLDS: Thresholds = { holds: 0.8, broken: 0.2 };

export interface Verdict {
  readonly word: VerdictWord;
  /** One sentence: what the word rests on. */
  readonly reason: string;
  /** `inconclusive` only: the verdicts that the interval leaves open; empty if there is no interval. */
  readonly open: readonly VerdictWord[];
  /** `inconclusive` only: about how many more images would settle it; undefined if no number would. */
  readonly moreImages?: number;
}

/**
 * The verdict for a residual.
 * @param excess by how much the effect before any attack exceeds that of the placebo, random noise of the same size, over
 * the same images; left out if there is no placebo. What noise does as well does not count as an effect of a protection.
 */
export function verdict(
  { n, effect, ratio }: Pick<Residual, 'n' | 'effect' | 'ratio'>,
  thresholds: Thresholds = THRESHOLDS,
  excess?: Estimate,
): Verdict {
  if (n === 0) return undecided('No image has a measurement in all four arms.');
  if (effect.interval === undefined || ratio.interval === undefined) {
    return undecided(
      n === 1 ? 'One image gives no interval.' : 'All images belong to one cluster, which gives no interval.',
    );
  }
  const { lo, hi } = effect.interval;
  if (hi < 0)
    return {
      word: 'no effect',
      reason: 'Before any attack, the protection moves this metric in the wrong direction.',
      open: [],
    };
  if (lo <= 0) {
    return {
      word: 'no effect',
      reason: 'The interval of the effect before any attack contains 0.',
      open: [],
    };
  }
  if (excess?.interval !== undefined && excess.interval.lo <= 0) {
    const reason =
      excess.interval.hi < 0
        ? 'Random noise of the same size has a larger effect before any attack.'
        : 'The effect before any attack is not shown to exceed the effect of random noise of the same size.';
    return { word: 'no effect', reason, open: [] };
  }
  return fromInterval(n, ratio.value, ratio.interval, thresholds);
}

function undecided(reason: string): Verdict {
  return { word: 'inconclusive', reason, open: [] };
}

const REASONS = {
  holds: 'The whole interval of R is above the upper threshold.',
  weakened: 'The whole interval of R is between the thresholds: part of the effect survives.',
  broken: 'The whole interval of R is below the lower threshold.',
} as const;

/** A band of R: from `above` to `below`, without the ends; the thresholds belong to `weakened`. */
interface Band {
  readonly word: 'holds' | 'weakened' | 'broken';
  readonly above: number;
  readonly below: number;
}

function fromInterval(
  n: number,
  point: number,
  { lo, hi }: { readonly lo: number; readonly hi: number },
  { holds, broken }: Thresholds,
): Verdict {
  const bands: readonly Band[] = [
    { word: 'broken', above: -Infinity, below: broken },
    { word: 'weakened', above: broken, below: holds },
    { word: 'holds', above: holds, below: Infinity },
  ];
  const bandOf = (r: number): number => (r > holds ? 2 : r < broken ? 0 : 1);
  const open = bands.slice(bandOf(lo), bandOf(hi) + 1);
  if (open.length === 1) return { word: open[0]!.word, reason: REASONS[open[0]!.word], open: [] };

  const moreImages = imagesToSettle(n, point, lo, hi, bands[bandOf(point)]!);
  const words = open.map(({ word }) => word);
  const reason = `The interval of R is too wide to decide between ${words.join(', ').replace(/, ([^,]*)$/, ' and $1')}.`;
  return { word: 'inconclusive', reason, open: words, ...(moreImages !== undefined && { moreImages }) };
}

/**
 * Both halves of an interval shrink as sqrt(n / m) with m images: the smallest m - n at which it would fit into the band of
 * the point. It is an estimate, because the point will move, too.
 */
function imagesToSettle(n: number, point: number, lo: number, hi: number, band: Band): number | undefined {
  const below = band.above === -Infinity ? Infinity : (point - band.above) / (point - lo);
  const above = band.below === Infinity ? Infinity : (band.below - point) / (hi - point);
  const shrink = Math.min(below, above);
  if (!(shrink > 0 && shrink < 1)) return undefined;
  return Math.max(1, Math.ceil(n / shrink ** 2 - 1e-9) - n);
}
