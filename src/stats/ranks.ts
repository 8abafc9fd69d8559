/** @file Do two measures put things in the same order? Spearman's rank correlation with a bootstrap interval. */
import type { Random } from '../random.ts';
import { bootstrapInterval, resample } from './bootstrap.ts';
import type { Estimate } from './inference.ts';

/** Draws of the interval: each sorts again, and quantiles of a correlation do not need more. */
const DRAWS = 2000;

/**
 * Spearman's rho of pairs (x, y), ties sharing their mean rank: Pearson's correlation of the ranks. The interval draws
 * pairs, whole clusters of them where pairs share a cause. NaN, without an interval, below three pairs or without spread.
 */
export function rankCorrelation(
  x: readonly number[],
  y: readonly number[],
  random: Random,
  clusters?: readonly string[],
): Estimate {
  const of = (indices: readonly number[]): number =>
    correlation(ranks(indices.map((i) => x[i]!)), ranks(indices.map((i) => y[i]!)));
  const all = x.map((_, i) => i);
  const value = x.length < 3 ? Number.NaN : of(all);
  if (Number.isNaN(value)) return { value, interval: undefined };
  const drawn = (weights: Uint8Array): number => {
    const rho = of(all.flatMap((i) => new Array<number>(weights[i]!).fill(i)));
    return Number.isNaN(rho) ? 0 : rho; // a draw without spread shows no order
  };
  const resamples = resample(x.length, random, { draws: DRAWS, clusters });
  return { value, interval: bootstrapInterval(drawn, resamples, { method: 'percentile', expand: false }) };
}

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values: readonly number[]): Float64Array {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) result[order[k]!] = (from + to + 1) / 2;
    from = to;
  }
  return result;
}

function correlation(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  const mean = (n + 1) / 2; // of any ranks
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    ab += (a[i]! - mean) * (b[i]! - mean);
    aa += (a[i]! - mean) ** 2;
    bb += (b[i]! - mean) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
