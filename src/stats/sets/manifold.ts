/**
 * @file Precision and recall of a set of features (Kynkäänniemi et al. 2019): how much of A looks like B, and how much
 * of B is found in A. A set's manifold is the union of balls around its vectors that reach to their k-th neighbour.
 */
import { tooFewNeighbours } from '../../messages/index.ts';
import type { FeatureSet } from './features.ts';
import { type Matrix, rowsOf } from '../linear/matrix.ts';

/** Neighbours that the paper's evaluation uses. */
const K = 3;

export interface Neighbours {
  readonly k: number;
  /** Share of A's vectors inside the manifold of B. */
  readonly precision: number;
  /** Share of B's vectors inside the manifold of A. */
  readonly recall: number;
}

/** @throws USAGE if a set has no k-th neighbour, n <= k */
export function precisionAndRecall(a: FeatureSet, b: FeatureSet): Neighbours {
  for (const { name, features } of [a, b])
    if (features.rows <= K) throw tooFewNeighbours(name, features.rows, K);
  return {
    k: K,
    precision: shareInside(a.features, b.features),
    recall: shareInside(b.features, a.features),
  };
}

/** The share of the rows of `x` that lie in a ball of `y`. */
function shareInside(x: Matrix, y: Matrix): number {
  const radii = Float64Array.from({ length: y.rows }, (_, i) => distancesFrom(y, i, y).sort()[K]!); // [0] is itself
  let inside = 0;
  for (let i = 0; i < x.rows; i++) {
    if (distancesFrom(x, i, y).some((distance, j) => distance <= radii[j]!)) inside++;
  }
  return inside / x.rows;
}

/** Squared distances of row i of `x` to every row of `y`. */
function distancesFrom(x: Matrix, i: number, y: Matrix): Float64Array {
  const row = rowsOf(x, i, i + 1).data;
  return Float64Array.from({ length: y.rows }, (_, j) => {
    let sum = 0;
    for (let c = 0; c < y.columns; c++) sum += (row[c]! - y.data[j * y.columns + c]!) ** 2;
    return sum;
  });
}
