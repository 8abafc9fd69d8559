/** @file Can two kinds be told apart? The area under the ROC curve, and scores of a small classifier on pairs it never saw. */
import { mean } from './mean.ts';

/**
 * Probability that a random value of `positives` exceeds one of `negatives`, ties counting half: 0.5 where nothing tells
 * them apart (Hanley and McNeil 1982).
 */
export function areaUnderRoc(positives: readonly number[], negatives: readonly number[]): number {
  let wins = 0;
  for (const a of positives) for (const b of negatives) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (positives.length * negatives.length);
}

/** Scores of the two members of each pair. */
export interface PairScores {
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
}

/** Added to every variance of standardised features: with fewer pairs than features the covariance is singular. */
const RIDGE = 0.3;

/**
 * Scores by a linear discriminant that was fitted without the pair it scores: leave one pair out. `positives[i]` and
 * `negatives[i]` are features of the two versions of picture i, so that no version of a scored picture was seen.
 */
export function discriminantScores(
  positives: readonly Float64Array[],
  negatives: readonly Float64Array[],
): PairScores {
  const scores = { positives: [] as number[], negatives: [] as number[] };
  for (const [i, positive] of positives.entries()) {
    const without = (all: readonly Float64Array[]) => all.filter((_, j) => j !== i);
    const score = discriminant(without(positives), without(negatives));
    scores.positives.push(score(positive));
    scores.negatives.push(score(negatives[i]!));
  }
  return scores;
}

/** w = (S + ridge)^-1 (m+ - m-) on features standardised over both kinds (Fisher 1936). */
function discriminant(
  positives: readonly Float64Array[],
  negatives: readonly Float64Array[],
): (features: Float64Array) => number {
  const all = [...positives, ...negatives];
  const d = all[0]!.length;
  const centre = meanOf(all, d);
  const scale = centre.map((m, k) => {
    const variance = all.reduce((sum, x) => sum + (x[k]! - m) ** 2, 0) / all.length;
    return variance > 0 ? 1 / Math.sqrt(variance) : 0;
  });
  const standard = (x: Float64Array): Float64Array => x.map((value, k) => (value - centre[k]!) * scale[k]!);
  const [p, n] = [positives.map(standard), negatives.map(standard)];
  const [mp, mn] = [meanOf(p, d), meanOf(n, d)];
  const within = Array.from({ length: d }, (_, r) =>
    Float64Array.from({ length: d }, (__, c) => {
      const spread = (of: readonly Float64Array[], m: Float64Array): number =>
        of.reduce((sum, x) => sum + (x[r]! - m[r]!) * (x[c]! - m[c]!), 0);
      return (spread(p, mp) + spread(n, mn)) / all.length + (r === c ? RIDGE : 0);
    }),
  );
  const weights = solved(
    within,
    mp.map((value, k) => value - mn[k]!),
  );
  return (x) => standard(x).reduce((sum, value, k) => sum + value * weights[k]!, 0);
}

const meanOf = (of: readonly Float64Array[], d: number): Float64Array =>
  Float64Array.from({ length: d }, (_, k) => mean(of.map((x) => x[k]!)));

/** The solution of a symmetric positive definite system, by elimination. */
function solved(rows: Float64Array[], right: Float64Array): Float64Array {
  const x = right.slice();
  for (let k = 0; k < x.length; k++) {
    for (let r = k + 1; r < x.length; r++) {
      const factor = rows[r]![k]! / rows[k]![k]!;
      for (let c = k; c < x.length; c++) rows[r]![c]! -= factor * rows[k]![c]!;
      x[r]! -= factor * x[k]!;
    }
  }
  for (let k = x.length - 1; k >= 0; k--) {
    for (let c = k + 1; c < x.length; c++) x[k]! -= rows[k]![c]! * x[c]!;
    x[k]! /= rows[k]![k]!;
  }
  return x;
}
