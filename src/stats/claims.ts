/**
 * @file One-sided tests of what a verdict claims: that a share of the effect is left, or is gone, or that there is none worth
 * naming. Each is a test of one contrast of the means, effect and what is left of it, as Fieller's set is.
 */
import { studentCdf } from './distributions.ts';
import type { Means } from './levels.ts';

/** p of the claim that sum over columns of `weights` * mean is greater than `bound`; 1 if there is no variance to judge by. */
export function greaterP({ means, covariance, df }: Means, weights: readonly number[], bound = 0): number {
  if (df === 0) return 1;
  const value = weights.reduce((sum, weight, i) => sum + weight * means[i]!, 0) - bound;
  const variance = weights.reduce(
    (sum, a, i) => sum + weights.reduce((row, b, k) => row + a * b * covariance[i]![k]!, 0),
    0,
  );
  if (!(variance > 0)) return value > 0 ? 0 : 1;
  return studentCdf(-value / Math.sqrt(variance), df);
}

/** p of the claim that it is less than `bound`. */
export const lessP = (means: Means, weights: readonly number[], bound = 0): number =>
  greaterP(
    means,
    weights.map((weight) => -weight),
    -bound,
  );
