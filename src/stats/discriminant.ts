/**
 * @file A linear classifier of few vectors in many dimensions: least squares on class indicators with a ridge (Hastie, Tibshirani
 * and Friedman, The Elements of Statistical Learning, 4.2 and 18.3.2).
 *
 * It finds the directions in which classes differ, where the nearest class mean is led by those in which vectors differ anyway.
 */
import { dot, unitVector } from './directions.ts';

/** Ridge for vectors of length 1: little enough for fifty vectors a class, enough for two. */
const RIDGE = 0.03;

/**
 * Learns classes from their vectors, whose lengths do not count. @returns the name of the class that another vector is of.
 *
 * With centred vectors as rows of X and centred indicators Y, scores are (x - m) X^T (X X^T + ridge I)^-1 Y + mean of Y.
 */
export function discriminant(
  classes: ReadonlyMap<string, readonly Float32Array[]>,
): (vector: Float32Array) => string {
  const names = [...classes.keys()];
  const members = [...classes.values()].flatMap((vectors, k) =>
    vectors.map((vector) => ({ k, unit: unitVector(vector) })),
  );
  const n = members.length;
  const mean = new Float64Array(members[0]!.unit.length);
  for (const { unit } of members) for (let i = 0; i < mean.length; i++) mean[i]! += unit[i]! / n;
  for (const { unit } of members) for (let i = 0; i < mean.length; i++) unit[i]! -= mean[i]!;

  const gram = members.map((a, i) =>
    Float64Array.from(members, (b, j) => dot(a.unit, b.unit) + (i === j ? RIDGE : 0)),
  );
  const factor = cholesky(gram);
  const shares = names.map((_, k) => members.filter((member) => member.k === k).length / n);
  const weights = names.map((_, k) =>
    solved(
      factor,
      members.map((member) => Number(member.k === k) - shares[k]!),
    ),
  );
  return (vector) => {
    const unit = unitVector(vector);
    for (let i = 0; i < mean.length; i++) unit[i]! -= mean[i]!;
    const near = members.map((member) => dot(member.unit, unit));
    const scores = names.map((_, k) => shares[k]! + dot(weights[k]!, near));
    return names[scores.indexOf(Math.max(...scores))]!;
  };
}

/** The lower L with L L^T = A, A positive definite, row by row. */
function cholesky(a: readonly Float64Array[]): Float64Array[] {
  const rows: Float64Array[] = [];
  for (const [i, source] of a.entries()) {
    const row = new Float64Array(a.length);
    rows.push(row);
    for (let j = 0; j <= i; j++) {
      const rest = source[j]! - dot(row.subarray(0, j), rows[j]!);
      row[j] = i === j ? Math.sqrt(rest) : rest / rows[j]![j]!;
    }
  }
  return rows;
}

/** x with L L^T x = b. */
function solved(factor: readonly Float64Array[], b: readonly number[]): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < x.length; i++) {
    x[i] = (x[i]! - dot(factor[i]!.subarray(0, i), x)) / factor[i]![i]!;
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = i + 1; j < x.length; j++) x[i]! -= factor[j]![i]! * x[j]!;
    x[i]! /= factor[i]![i]!;
  }
  return x;
}
