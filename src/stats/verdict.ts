/**
 * @file The verdict on a protection under an attack. It depends on intervals and tests, never on a point estimate.
 *
 * Before the attack there is an effect, or none worth naming, or neither is shown. If there is one, three thresholds cut the
 * line of R into bands: broken | weakened | holds | amplified. If the whole interval lies in one band, that is the verdict.
 * An interval that crosses a threshold is inconclusive and names the bands that it reaches.
 */
import { greaterP, lessP } from './claims.ts';
import type { Interval } from './bootstrap.ts';
import type { Estimate } from './inference.ts';
import { benjaminiHochberg, holm } from './paired.ts';
import type { Residual } from './residual.ts';

/** `destroyed`: the attack leaves no image worth having, so that nothing is said of the protection. */
export type VerdictWord =
  | 'amplified'
  | 'holds'
  | 'weakened'
  | 'broken'
  | 'destroyed'
  | 'no effect'
  | 'inconclusive';

/** Where the bands meet, as shares of the effect. */
export interface Thresholds {
  /** Above: the attack makes the effect larger, so that the control arm fails to explain it (default: 1.25). */
  readonly amplified?: number | undefined;
  /** Above: `holds`. */
  readonly holds: number;
  /** Below: `broken`. */
  readonly broken: number;
}

export const THRESHOLDS = { amplified: 1.25, holds: 0.8, broken: 0.2 } as const satisfies Thresholds;

export interface Verdict {
  readonly word: VerdictWord;
  /** One sentence: what the word rests on. */
  readonly reason: string;
  /** `inconclusive` only: the verdicts that the interval leaves open; empty if there is no interval. */
  readonly open: readonly VerdictWord[];
  /** `inconclusive` only: about how many more images would settle it; undefined if no number would. */
  readonly moreImages?: number;
}

/** What a verdict rests on. */
export interface Evidence extends Pick<Residual, 'n' | 'effect' | 'ratio' | 'means'> {
  /**
   * By how much the effect before any attack exceeds that of the placebo, random noise of the same size, over the same images;
   * absent if there is no placebo. What noise does as well does not count as an effect of a protection.
   */
  readonly excess?: Estimate | undefined;
  /** The smallest effect of interest: a smaller one counts as none. Undefined: nothing is small enough to count as none. */
  readonly smallest?: number | undefined;
}

/** The verdict for a residual. */
export function verdict(evidence: Evidence, thresholds: Thresholds = THRESHOLDS): Verdict {
  const { n, effect, ratio, excess, smallest } = evidence;
  if (n === 0) return undecided('No image has a measurement in all four arms.');
  if (effect.interval === undefined) {
    return undecided(
      n === 1
        ? 'One image gives no interval.'
        : 'All images belong to one artist, or to one training, which gives no interval.',
    );
  }
  const absent = withoutEffect(n, effect.interval, effect.value, smallest, 'The effect before any attack');
  if (absent !== undefined) return absent;
  if (excess?.interval !== undefined) {
    const subject = 'The difference from the effect of random noise of the same size';
    const noMore = withoutEffect(n, excess.interval, excess.value, smallest, subject);
    if (noMore !== undefined) return noMore;
  }
  if (ratio.interval === undefined) return undecided('The effect is too uncertain to divide by.');
  return fromInterval(n, ratio.value, ratio.interval, thresholds);
}

const undecided = (reason: string): Verdict => ({ word: 'inconclusive', reason, open: [] });

/**
 * No effect, if the interval excludes all effects of interest; inconclusive, if it excludes neither them nor none. An interval
 * of 95 % is wider than the one of 90 % that two one-sided tests at 5 % ask for (Schuirmann 1987): the claim is cautious.
 */
function withoutEffect(
  n: number,
  { lo, hi }: Interval,
  value: number,
  smallest: number | undefined,
  subject: string,
): Verdict | undefined {
  const reason = (why: string): string => `${subject} ${why}.`;
  if (hi < 0) return { word: 'no effect', reason: reason('is below 0'), open: [] };
  if (lo === 0 && hi === 0) return { word: 'no effect', reason: reason('is 0 for every image'), open: [] };
  if (smallest !== undefined && hi < smallest)
    return { word: 'no effect', reason: reason('is smaller than the smallest effect of interest'), open: [] };
  if (lo > 0) return undefined;
  const moreImages = smallest === undefined ? undefined : imagesToExclude(n, value, { lo, hi }, smallest);
  return {
    word: 'inconclusive',
    reason: reason('is neither shown nor excluded'),
    open: [],
    ...(moreImages !== undefined && { moreImages }),
  };
}

/** How many more images would bring the interval above 0, or below the smallest effect of interest, whichever are fewer. */
function imagesToExclude(
  n: number,
  value: number,
  { lo, hi }: Interval,
  smallest: number,
): number | undefined {
  const shrink = Math.max(value / (value - lo), (smallest - value) / (hi - value));
  return shrink > 0 && shrink < 1 ? Math.max(1, Math.ceil(n / shrink ** 2 - 1e-9) - n) : undefined;
}

const REASONS = {
  amplified: 'The whole interval of R is above 1: the attack makes the effect larger.',
  holds: 'The whole interval of R is above the upper threshold.',
  weakened: 'The whole interval of R is between the thresholds: part of the effect survives.',
  broken: 'The whole interval of R is below the lower threshold.',
} as const;

type BandWord = keyof typeof REASONS;

/** A band of R: from `above` to `below`, both excluded but for `weakened`, which owns its thresholds. */
interface Band {
  readonly word: BandWord;
  readonly above: number;
  readonly below: number;
}

function bandsOf({ amplified = THRESHOLDS.amplified, holds, broken }: Thresholds): readonly Band[] {
  return [
    { word: 'broken', above: -Infinity, below: broken },
    { word: 'weakened', above: broken, below: holds },
    // Whether the attack also amplifies it or not, the protection holds.
    { word: 'holds', above: holds, below: Infinity },
    { word: 'amplified', above: amplified, below: Infinity },
  ];
}

function fromInterval(n: number, point: number, { lo, hi }: Interval, thresholds: Thresholds): Verdict {
  const bands = bandsOf(thresholds);
  const { amplified = THRESHOLDS.amplified, holds, broken } = thresholds;
  const bandOf = (r: number): number => (r > amplified ? 3 : r > holds ? 2 : r < broken ? 0 : 1);
  const open = bands.slice(bandOf(lo), bandOf(hi) + 1);
  // Above the upper threshold the protection holds, whether the attack amplifies it or not.
  if (open.length === 2 && open[0]!.word === 'holds')
    return { word: 'holds', reason: REASONS.holds, open: [] };
  if (open.length === 1) return { word: open[0]!.word, reason: REASONS[open[0]!.word], open: [] };

  const moreImages = imagesToSettle(n, point, lo, hi, bands[bandOf(point)]!);
  const words = open.map(({ word }) => word);
  const reason = `The interval of R is too wide: it reaches ${words.join(', ')}.`;
  return { word: 'inconclusive', reason, open: words, ...(moreImages !== undefined && { moreImages }) };
}

/**
 * Both halves of an interval shrink as sqrt(n / m) with m images: the smallest m - n at which it would fit into the
 * band of the point. A plan, not a promise: the point moves too.
 */
function imagesToSettle(n: number, point: number, lo: number, hi: number, band: Band): number | undefined {
  const below = band.above === -Infinity ? Infinity : (point - band.above) / (point - lo);
  const above = band.below === Infinity ? Infinity : (band.below - point) / (hi - point);
  const shrink = Math.min(below, above);
  if (!(shrink > 0 && shrink < 1)) return undefined;
  return Math.max(1, Math.ceil(n / shrink ** 2 - 1e-9) - n);
}

/** The level of each one-sided claim: an interval of 95 % beyond a threshold. */
const LEVEL = 0.025;

/**
 * The same verdicts, read together: of many attacks some pass a threshold by chance. Each word is a one-sided claim; a claim
 * that does not stand after the adjustment of its p over all attacks becomes inconclusive.
 */
export function adjustedVerdicts(
  verdicts: readonly Verdict[],
  means: readonly Residual['means'][],
  thresholds: Thresholds,
  adjust: 'holm' | 'benjamini-hochberg' = 'holm',
): Verdict[] {
  // An attack without a verdict was looked at as well: it could have got one by chance.
  const claims = verdicts.map(({ word }, i) => claimP(word, means[i]!, thresholds) ?? 1);
  const judged = verdicts
    .map((_, i) => i)
    .filter((i) => !['no effect', 'destroyed'].includes(verdicts[i]!.word));
  const ps = judged.map((i) => claims[i]!);
  const adjusted = adjust === 'holm' ? holm(ps) : benjaminiHochberg(ps);
  return verdicts.map((each, i) => {
    const p = adjusted[judged.indexOf(i)];
    if (p === undefined || p <= LEVEL || judged.length === 1 || each.word === 'inconclusive') return each;
    const { word } = each;
    const neighbours: readonly VerdictWord[] =
      word === 'weakened'
        ? ['broken', 'weakened', 'holds']
        : word === 'broken'
          ? ['broken', 'weakened']
          : ['weakened', word];
    return {
      word: 'inconclusive',
      reason: `Alone the interval of R says ${word}; over ${judged.length} attacks chance may give that (adjusted p = ${p.toPrecision(2)}).`,
      open: neighbours,
    };
  });
}

/** One-sided p of the claim behind a word, over the columns of `means`: what is left, and the effect. */
function claimP(
  word: VerdictWord,
  means: Residual['means'],
  { amplified = THRESHOLDS.amplified, holds, broken }: Thresholds,
): number | undefined {
  const above = (r: number): number => greaterP(means, [1, -r]);
  const below = (r: number): number => lessP(means, [1, -r]);
  switch (word) {
    case 'broken':
      return below(broken);
    case 'weakened':
      return Math.max(above(broken), below(holds));
    case 'holds':
      return above(holds);
    case 'amplified':
      return above(amplified);
    default:
      return undefined;
  }
}
