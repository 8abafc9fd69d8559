/**
 * @file Intervals of means and of a ratio of two means, from their covariance. Student's interval of a mean, and Fieller's
 * confidence set of a ratio (Fieller 1954): all ratios r at which numerator - r denominator cannot be told from 0.
 */
import type { Interval } from './bootstrap.ts';
import { studentQuantile } from './distributions.ts';
import type { Means } from './levels.ts';

/** Student's interval of the mean of a column; undefined if there is no variance to judge by. */
export function meanInterval(
  { means, covariance, df }: Means,
  column: number,
  confidence = 0.95,
): Interval | undefined {
  if (df === 0) return undefined;
  const reach =
    studentQuantile(1 - (1 - confidence) / 2, df) * Math.sqrt(Math.max(0, covariance[column]![column]!));
  return { lo: means[column]! - reach, hi: means[column]! + reach };
}

/**
 * Fieller's set of the ratio of column `over` to column `under`, where it is an interval: with t of Student's distribution,
 *
 *     (a - r b)^2 <= t^2 (V_aa - 2 r V_ab + r^2 V_bb)
 *
 * It is one only if the denominator can be told from 0; else a ratio of any size is possible, and it is undefined.
 */
export function ratioInterval(
  { means, covariance, df }: Means,
  over: number,
  under: number,
  confidence = 0.95,
): Interval | undefined {
  if (df === 0) return undefined;
  const t2 = studentQuantile(1 - (1 - confidence) / 2, df) ** 2;
  const [a, b] = [means[over]!, means[under]!];
  const square = b * b - t2 * covariance[under]![under]!;
  if (square <= 0) return undefined;
  const half = a * b - t2 * covariance[over]![under]!;
  const constant = a * a - t2 * covariance[over]![over]!;
  const root = Math.sqrt(Math.max(0, half * half - square * constant));
  return { lo: (half - root) / square, hi: (half + root) / square };
}
