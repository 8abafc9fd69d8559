/** @file How often 95 % intervals of R hold the truth, on simulated pictures of which 0.5 of the effect survives. */
import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../src/random.ts';
import {
  bootstrapInterval,
  type Interval,
  type Resamples,
  resample,
  weightedMean,
} from '../../src/stats/bootstrap.ts';
import { byBootstrap } from '../../src/stats/inference.ts';
import { type Residual, residual } from '../../src/stats/residual.ts';

const TRUTH = 0.5;
const TRIALS = 300;
const DRAWS = 600;

/**
 * Skewed effects and their shares that survive, for `each` pictures by each of `artists`. What an artist's pictures have in
 * common is `spread` of them: 0 where pictures are independent.
 */
function simulated(artists: number, each: number, spread: number, random: Random) {
  const pictures = Array.from({ length: artists }, () => {
    const [strength, share] = [spread * random.normal(), (spread / 2) * random.normal()];
    return Array.from({ length: each }, () => ({
      effect: 0.1 * Math.exp(strength + 0.3 * random.normal()),
      share: TRUTH + share + 0.15 * random.normal(),
    }));
  }).flat();
  const control = pictures.map((_, i) => 0.05 * (i % 7));
  return {
    clean: pictures.map(() => 0),
    protected: pictures.map(({ effect }) => effect),
    attackedClean: control,
    attackedProtected: pictures.map(({ effect, share }, i) => control[i]! + share * effect),
  };
}

type Method = 'bca' | 'percentile';
type Read = (found: Residual, drawn: Resamples, method: Method) => Interval;

const pooled: Read = ({ ratio }) => ratio.interval!;
const perImage: Read = (found, drawn, method) =>
  bootstrapInterval((weights) => weightedMean(found.perImage, weights), drawn, { method })!;

/** The share of samples whose interval holds the truth. */
function coverage(
  { artists, each, spread, by }: { artists: number; each: number; spread: number; by: 'image' | 'artist' },
  method: Method,
  read: Read = pooled,
): number {
  const clusters = Array.from({ length: artists * each }, (_, i) => `artist ${Math.floor(i / each)}`);
  const drawn = resample(artists * each, seededRandom(0), {
    draws: DRAWS,
    clusters: by === 'artist' ? clusters : undefined,
  });
  const levels = [by === 'artist' ? clusters : clusters.map((_, i) => String(i))];
  const inference = byBootstrap(drawn, levels, { method });
  const random = seededRandom(artists);
  let hits = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const { lo, hi } = read(residual(simulated(artists, each, spread, random), inference), drawn, method);
    if (lo <= TRUTH && TRUTH <= hi) hits++;
  }
  return hits / TRIALS;
}

// 300 samples put two standard errors at 2.5 %.
describe.each(['percentile', 'bca'] as const)('a 95 percent %s interval', (method) => {
  it.each([
    ['pooled R', 20, pooled],
    ['pooled R', 50, pooled],
    ['the mean of R per image', 20, perImage],
    ['the mean of R per image', 50, perImage],
  ] as const)('holds %s of %d pictures 91 to 98 times in 100', (_, n, read) => {
    const covered = coverage({ artists: n, each: 1, spread: 0, by: 'image' }, method, read);
    expect(covered).toBeGreaterThan(0.905);
    expect(covered).toBeLessThan(0.985);
  });

  it('holds R of 16 artists with 4 pictures each where artists are drawn, and far less often where pictures are', () => {
    const nested = { artists: 16, each: 4, spread: 0.3 };
    expect(coverage({ ...nested, by: 'artist' }, method)).toBeGreaterThan(0.885);
    expect(coverage({ ...nested, by: 'image' }, method)).toBeLessThan(0.82);
  });

  it('falls short of 90 in 100 for 3 or 4 artists: a bootstrap cannot go beyond what it has seen', () => {
    const few = (artists: number): number =>
      coverage({ artists, each: 6, spread: 0.3, by: 'artist' }, method);
    expect(few(3)).toBeLessThan(0.82);
    expect(few(4)).toBeLessThan(0.91);
    expect(few(8)).toBeGreaterThan(few(3));
  });
});
