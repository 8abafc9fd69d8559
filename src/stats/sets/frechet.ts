/**
 * @file Fréchet distance between two sets of features, each taken as a Gaussian (Dowson and Landau 1982):
 *
 *   d^2 = |m1 - m2|^2 + Tr S1 + Tr S2 - 2 Tr (S1 S2)^1/2
 *
 * With factors S = F^T F the last trace is the nuclear norm of F1 F2^T. F is the centred features themselves where they
 * are fewer than their dimensions, the Cholesky factor of their covariance where they are more. Either way there is no
 * matrix square root, no imaginary part and no jitter, and any n >= 2 is exact.
 */
import { triangularFactor } from '../linear/factor.ts';
import type { FeatureSet } from './features.ts';
import { type Matrix, matrix, nuclearNorm, transposed } from '../linear/matrix.ts';
import { type Multiply, multiplying } from '../linear/product.ts';

/** The squared distance, by the sample covariance (n - 1). What rounding leaves below 0 is 0. */
export async function frechetDistance(a: FeatureSet, b: FeatureSet): Promise<number> {
  const sets = [a.features, b.features];
  const largest = Math.max(...sets.map(({ rows, columns }) => rows * columns * Math.min(rows, columns)));
  return multiplying(largest, async (multiply) => {
    // Both at once: while loops over the rows of one run here, ONNX Runtime multiplies for the other.
    const [first, second] = await Promise.all(sets.map((features) => gaussianOf(features, multiply)));
    const means = first!.mean.reduce((sum, value, j) => sum + (value - second!.mean[j]!) ** 2, 0);
    const shared = nuclearNorm(await multiply(first!.factor, second!.factor));
    return Math.max(0, means + first!.trace + second!.trace - 2 * shared);
  });
}

interface Gaussian {
  readonly mean: Float64Array;
  /** Trace of the covariance. */
  readonly trace: number;
  /** F with F^T F = covariance, `[min(n, d), d]`. */
  readonly factor: Matrix;
}

async function gaussianOf({ rows: n, columns: d, data }: Matrix, multiply: Multiply): Promise<Gaussian> {
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) mean[j]! += data[i * d + j]! / n;
  const scale = 1 / Math.sqrt(n - 1);
  const centred = matrix(n, d);
  let trace = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      const value = (data[i * d + j]! - mean[j]!) * scale;
      centred.data[i * d + j] = value;
      trace += value * value;
    }
  }
  const factor = n < d ? centred : await triangularFactor(transposed(centred), multiply);
  return { mean, trace, factor };
}
