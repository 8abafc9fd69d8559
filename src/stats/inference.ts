/**
 * @file How sure a number over replicated units is: means and ratios of means with their intervals, by Student's and Fieller's
 * methods over the levels of replication, or by a bootstrap.
 */
import {
  bootstrapInterval,
  type Interval,
  type IntervalOptions,
  type Resamples,
  weightedMean,
} from './bootstrap.ts';
import { studentQuantile } from './distributions.ts';
import { meanInterval, ratioInterval } from './fieller.ts';
import { type Levels, type Means, meansOver } from './levels.ts';
import { mean } from './mean.ts';

/** A number and its interval; without one if there are fewer than two units, or if no interval is bounded. */
export interface Estimate {
  readonly value: number;
  readonly interval: Interval | undefined;
}

/** What can be said of numbers over the same units, in their order. */
export interface Inference {
  /** The replicate that each value belongs to: its image, artist or training, whichever are fewest. */
  readonly replicateOf: readonly string[];
  /** True if values share a unit on some level, so that they are not independent. */
  readonly clustered: boolean;
  mean(values: ArrayLike<number>): Estimate;
  /** mean(over) / mean(under), paired. */
  ratio(over: ArrayLike<number>, under: ArrayLike<number>): Estimate;
  /** Means with their covariance, for one-sided claims. */
  means(columns: readonly ArrayLike<number>[]): Means;
  /**
   * The smallest mean that a two-sided test over these units finds with a power of 80 %, by the spread of `values`:
   * (t[0.975] + t[0.8]) times the standard error. NaN without a spread.
   */
  detectable(values: ArrayLike<number>): number;
}

/** What both methods share: means over the levels. */
function overLevels(levels: Levels): Omit<Inference, 'mean' | 'ratio'> {
  const n = levels[0]?.length ?? 0;
  const counts = levels.map((level) => new Set(level).size);
  const means: Inference['means'] = (columns) => meansOver(columns, levels);
  return {
    replicateOf: levels[counts.indexOf(Math.min(...counts))] ?? [],
    clustered: counts.some((count) => count < n),
    means,
    detectable: (values) => {
      const { covariance, df } = means([values]);
      if (df === 0) return Number.NaN;
      return (studentQuantile(0.975, df) + studentQuantile(0.8, df)) * Math.sqrt(covariance[0]![0]!);
    },
  };
}

/** Student's interval of a mean, and Fieller's of a ratio. */
export function byLevels(levels: Levels): Inference {
  const shared = overLevels(levels);
  return {
    ...shared,
    mean: (values) => ({ value: mean(values), interval: meanInterval(shared.means([values]), 0) }),
    ratio: (over, under) => ({
      value: mean(over) / mean(under),
      interval: ratioInterval(shared.means([over, under]), 0, 1),
    }),
  };
}

/** Bootstrap intervals of both. The units of `resamples` are those of the outermost level. */
export function byBootstrap(resamples: Resamples, levels: Levels, options: IntervalOptions = {}): Inference {
  const all = new Uint8Array(resamples.n).fill(1);
  const estimate = (statistic: (weights: Uint8Array) => number, value: number): Estimate => ({
    value,
    interval: bootstrapInterval(statistic, resamples, options),
  });
  return {
    ...overLevels(levels),
    mean: (values) => estimate((weights) => weightedMean(values, weights), weightedMean(values, all)),
    ratio: (over, under) =>
      estimate(
        (weights) => drawnRatio(weightedMean(over, weights), weightedMean(under, weights)),
        weightedMean(over, all) / weightedMean(under, all),
      ),
  };
}

/**
 * The ratio within one draw. As the denominator falls to 0 the ratio goes to infinity with the numerator's sign; a
 * draw at or past 0 stays there, so that an effect that nearly vanishes widens the interval instead of flipping it.
 */
function drawnRatio(numerator: number, denominator: number): number {
  if (denominator > 0) return numerator / denominator;
  return numerator === 0 ? 0 : Math.sign(numerator) * Infinity;
}
