/** @file Rates: how often something happened, and whether it happened more often to the same images elsewhere. */
import type { Interval } from './bootstrap.ts';
import { normalQuantile } from './distributions.ts';

/**
 * Wilson's score interval of a rate of `hits` in `n` (Wilson 1927): unlike a bootstrap it has a width at 0 and at n.
 *
 *   (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n)
 */
export function wilsonInterval(hits: number, n: number, confidence = 0.95): Interval {
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const p = hits / n;
  const centre = p + z ** 2 / (2 * n);
  const reach = z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2));
  const scale = 1 + z ** 2 / n;
  return { lo: Math.max(0, (centre - reach) / scale), hi: Math.min(1, (centre + reach) / scale) };
}

/**
 * Two-sided p of McNemar's exact test: of the pairs that differ, is one way as likely as the other? The binomial tail of
 * the rarer way, doubled. @param onlyA, onlyB pairs where only the first, or only the second, is a hit
 */
export function mcnemarP(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  if (n === 0) return 1;
  let term = 0.5 ** n; // C(n, 0) / 2^n
  if (term === 0) return mcnemarByLogs(Math.min(onlyA, onlyB), n);
  let tail = 0;
  for (let k = 0; k <= Math.min(onlyA, onlyB); k++) {
    tail += term;
    term *= (n - k) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}

/** The same tail where 1 / 2^n is below the smallest double. */
function mcnemarByLogs(rarer: number, n: number): number {
  let log = -n * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= rarer; k++) {
    tail += Math.exp(log);
    log += Math.log((n - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}
