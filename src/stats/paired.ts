/** @file Paired tests over images: is a mean difference other than 0, and how many such tests may be believed at once. */
import type { Random } from '../random.ts';
import { greaterP, lessP } from './claims.ts';
import type { Inference } from './inference.ts';

/** Sign flips drawn where there are too many to try them all. */
const FLIPS = 10_000;

/**
 * Two-sided p of the sign-flip permutation test (Fisher's paired test): the share of sign assignments whose mean is at
 * least as far from 0 as the one found. All 2^n are tried for few pairs, which cannot give less than 2 / 2^n.
 */
export function signFlipP(differences: readonly number[], random: Random): number {
  const n = differences.length;
  const total = differences.reduce((sum, value) => sum + value, 0);
  const scale = differences.reduce((sum, value) => sum + Math.abs(value), 0);
  const far = Math.abs(total) - 1e-12 * scale; // equal but for the order of additions
  const exact = 2 ** n <= FLIPS;
  const draws = exact ? 2 ** n : FLIPS;
  let reached = 0;
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const flipped = exact ? ((draw >>> i) & 1) === 1 : random.sign() < 0;
      sum += flipped ? -differences[i]! : differences[i]!;
    }
    if (Math.abs(sum) >= far) reached++;
  }
  return exact ? reached / draws : (reached + 1) / (draws + 1);
}

/** Holm's adjusted p values, in the order given: each below alpha is significant with the family at level alpha. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((a, b) => ps[a]! - ps[b]!);
  const adjusted = new Array<number>(ps.length);
  let largest = 0;
  order.forEach((i, rank) => {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * ps[i]!));
    adjusted[i] = largest;
  });
  return adjusted;
}

/** Benjamini and Hochberg's adjusted p values, in the order given: of those below alpha, a share of alpha at most is expected to be false. */
export function benjaminiHochberg(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((a, b) => ps[b]! - ps[a]!);
  const adjusted = new Array<number>(ps.length);
  let least = 1;
  order.forEach((i, fromLast) => {
    least = Math.min(least, (ps[i]! * ps.length) / (ps.length - fromLast));
    adjusted[i] = least;
  });
  return adjusted;
}

/** A test of a mean difference, and its two-sided p. */
export interface PairedTest {
  readonly test: 'sign-flip' | 't';
  readonly p: number;
}

/**
 * Whether a mean difference is other than 0: by sign flips over independent units; by Student's t over the levels of
 * replication if units share an artist or a training. p is 1 if there is nothing to judge by.
 */
export function pairedTest(
  inference: Pick<Inference, 'clustered' | 'means'>,
  differences: readonly number[],
  random: Random,
): PairedTest {
  if (!inference.clustered) return { test: 'sign-flip', p: signFlipP(differences, random) };
  const means = inference.means([differences]);
  return { test: 't', p: Math.min(1, 2 * Math.min(greaterP(means, [1]), lessP(means, [1]))) };
}
