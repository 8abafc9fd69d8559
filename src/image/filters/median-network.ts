/**
 * @file The median of n numbers by minima and maxima alone: what vectors and graphs can do.
 *
 * Batcher's network sorts; of its comparators only those stay that the middle output depends on, and of a comparator only the
 * side that does. Source: Batcher, Sorting networks and their applications (1968); Knuth, TAOCP volume 3, 5.2.2, algorithm M.
 */

/** Wire `low` gets the smaller of two, wire `high` the larger; one of them may be of no further interest. */
export interface Comparator {
  readonly low: number;
  readonly high: number;
  readonly keepsLow: boolean;
  readonly keepsHigh: boolean;
}

/** Comparators in order, after which wire `n >> 1` holds the median. */
export function medianNetwork(n: number): readonly Comparator[] {
  const wanted = new Set([n >> 1]);
  const kept: Comparator[] = [];
  for (const [low, high] of sortingNetwork(n).reverse()) {
    const [keepsLow, keepsHigh] = [wanted.has(low), wanted.has(high)];
    if (!keepsLow && !keepsHigh) continue;
    wanted.add(low).add(high);
    kept.push({ low, high, keepsLow, keepsHigh });
  }
  return kept.reverse();
}

function sortingNetwork(n: number): [low: number, high: number][] {
  const pairs: [number, number][] = [];
  const top = 2 ** (Math.ceil(Math.log2(n)) - 1);
  for (let p = top; p > 0; p >>= 1) {
    for (let q = top, r = 0, d = p; d > 0; d = q - p, q >>= 1, r = p) {
      for (let i = 0; i < n - d; i++) if ((i & p) === r) pairs.push([i, i + d]);
    }
  }
  return pairs;
}
