/**
 * @file Kernel distances between two sets of features: the squared maximum mean discrepancy (Gretton et al. 2012)
 *
 *   MMD^2 = mean k(x, x') + mean k(y, y') - 2 mean k(x, y)
 *
 * U form: x' is another vector than x, which makes the mean over samples right at any n, and negative values possible.
 * V form: all pairs, which adds about (1/n1 + 1/n2)(1 - mean k) to sets of one distribution.
 *
 * Where y is x changed (row i of both is the same picture), the means over x, y are no longer over independent vectors,
 * and the U form falls below 0 by about 2/n (k(x, x) - mean k). The paired U form (Gretton et al. 2012, lemma 6) leaves
 * the pairs (x_i, y_i) out, too: without bias again, and 0 for a set and itself.
 */
import { zeroFeatures } from '../../messages/index.ts';
import type { FeatureSet } from './features.ts';
import { type Matrix, matrix, rowsOf, timesTransposed } from '../linear/matrix.ts';

/** Kernel Inception distance's estimator (Binkowski et al. 2018) on any features: U form, k = (x.y / d + 1)^3, every pair once. */
export function kernelDistance(a: FeatureSet, b: FeatureSet, form: 'u' | 'paired' = 'u'): number {
  const d = a.features.columns;
  return discrepancies(a.features, b.features, (product) => (product / d + 1) ** 3)[form];
}

/** Width of CMMD's Gaussian kernel. */
const SIGMA = 10;

/**
 * CMMD's estimators (Jayasumana et al. 2024) on any features: vectors of length 1, k = exp(-|x - y|^2 / (2 sigma^2)),
 * times 1000. The paper's program gives the V form. @throws USAGE if a vector is 0 and has no direction
 */
export function gaussianDiscrepancy(a: FeatureSet, b: FeatureSet): Discrepancies {
  // k - 1 in place of k: the ones cancel between the three means, and with them the rounding of numbers near 1.
  const kernel = (cosine: number): number => Math.expm1((cosine - 1) / SIGMA ** 2);
  const { v, u, paired } = discrepancies(unitRows(a), unitRows(b), kernel);
  return { v: 1000 * v, u: 1000 * u, paired: 1000 * paired };
}

/** The three forms; the paired one is NaN for sets of different size. */
interface Discrepancies {
  readonly v: number;
  readonly u: number;
  readonly paired: number;
}

type Kernel = (product: number) => number;

function discrepancies(x: Matrix, y: Matrix, kernel: Kernel): Discrepancies {
  const [xx, yy, xy] = [kernelSum(x, x, kernel), kernelSum(y, y, kernel), kernelSum(x, y, kernel)];
  const [m, n] = [x.rows, y.rows];
  const between = (2 * xy) / (m * n);
  const within = (xx - pairSum(x, x, kernel)) / (m * (m - 1)) + (yy - pairSum(y, y, kernel)) / (n * (n - 1));
  return {
    v: xx / m ** 2 + yy / n ** 2 - between,
    u: within - between,
    paired: m === n ? within - (2 * (xy - pairSum(x, y, kernel))) / (m * (m - 1)) : Number.NaN,
  };
}

/** Rows taken at a time, so that n x n products are never held at once. */
const BLOCK = 256;

/** Sum of k over all pairs of rows. */
function kernelSum(x: Matrix, y: Matrix, kernel: Kernel): number {
  let sum = 0;
  for (let i = 0; i < x.rows; i += BLOCK) {
    const left = rowsOf(x, i, Math.min(i + BLOCK, x.rows));
    for (let j = x === y ? i : 0; j < y.rows; j += BLOCK) {
      const right = x === y && i === j ? left : rowsOf(y, j, Math.min(j + BLOCK, y.rows));
      const block = timesTransposed(left, right).data.reduce((total, product) => total + kernel(product), 0);
      sum += x === y && i !== j ? 2 * block : block;
    }
  }
  return sum;
}

/** Sum of k(x_i, y_i). */
function pairSum(x: Matrix, y: Matrix, kernel: Kernel): number {
  let sum = 0;
  for (let i = 0; i < x.rows; i++) {
    const other = rowsOf(y, i, i + 1).data;
    sum += kernel(rowsOf(x, i, i + 1).data.reduce((s, v, c) => s + v * other[c]!, 0));
  }
  return sum;
}

function unitRows({ name, features: { rows, columns, data } }: FeatureSet): Matrix {
  const result = matrix(rows, columns, data.slice());
  for (let i = 0; i < rows; i++) {
    const row = rowsOf(result, i, i + 1).data;
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (length === 0) throw zeroFeatures(name, i);
    for (let j = 0; j < columns; j++) row[j]! /= length;
  }
  return result;
}
