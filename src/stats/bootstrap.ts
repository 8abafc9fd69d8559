/**
 * @file Bootstrap intervals over images: percentile and BCa (Efron 1987), seeded, 10,000 draws.
 *
 * The draws are made once and shared: every statistic of a run is computed on the same resampled images, so that
 * arms, cells and protections stay paired. Where images nest in artists, whole artists are drawn (cluster bootstrap).
 */
import type { Random } from '../random.ts';
import { normalCdf, normalQuantile, studentQuantile } from './distributions.ts';
import { groupBy } from './group.ts';
import { mean } from './mean.ts';

/** How often each image was drawn, for each draw. */
export interface Resamples {
  /** How many images. */
  readonly n: number;
  readonly draws: number;
  /** What is drawn with replacement: single images, or the images of one cluster; indices of images. */
  readonly units: readonly (readonly number[])[];
  /** `[draws, n]`: times that image i is in draw k, at `k * n + i`. */
  readonly weights: Uint8Array;
}

/** A number computed from the images, image i counting `weights[i]` times. */
export type Statistic = (weights: Uint8Array) => number;

export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

export interface IntervalOptions {
  /** Coverage aimed at; 0.95 by default. */
  readonly confidence?: number;
  readonly method?: 'bca' | 'percentile';
  /**
   * Widen the interval as Student's t widens a normal one, z -> sqrt(k / (k - 1)) t[k - 1] for k units (Hesterberg
   * 2015, "What teachers should know about the bootstrap", section 3.3): a bootstrap is too narrow for few images.
   */
  readonly expand?: boolean;
}

/** Default number of draws. */
export const DRAWS = 10_000;

/**
 * Draws images 0..n-1 with replacement, `draws` times.
 * @param clusters name of the cluster that each image belongs to; given, clusters are drawn as a whole
 */
export function resample(
  n: number,
  random: Random,
  { draws = DRAWS, clusters }: { draws?: number; clusters?: readonly string[] | undefined } = {},
): Resamples {
  const images = Array.from({ length: n }, (_, i) => i);
  const units = [...groupBy(images, (i) => clusters?.[i] ?? String(i)).values()];
  const weights = new Uint8Array(draws * n);
  for (let k = 0; k < draws; k++) {
    for (let u = 0; u < units.length; u++) {
      for (const i of units[random.int(units.length)]!) weights[k * n + i]!++;
    }
  }
  return { n, draws, units, weights };
}

/** The mean of `values` over weighted images. */
export function weightedMean(values: ArrayLike<number>, weights: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue; // so that an infinite value that was not drawn does not make a NaN
    sum += weight * values[i]!;
    count += weight;
  }
  return sum / count;
}

/** The interval of a statistic; undefined if fewer than two units were there to draw from. */
export function bootstrapInterval(
  statistic: Statistic,
  resamples: Resamples,
  { confidence = 0.95, method = 'bca', expand = true }: IntervalOptions = {},
): Interval | undefined {
  const k = resamples.units.length;
  if (k < 2) return undefined;
  const sorted = replicates(statistic, resamples).sort();
  const upper = 1 - (1 - confidence) / 2;
  const z = expand ? Math.sqrt(k / (k - 1)) * studentQuantile(upper, k - 1) : normalQuantile(upper);
  const shift = method === 'bca' ? biasAndAcceleration(statistic, resamples, sorted) : undefined;
  const level = (z: number): number => (shift === undefined ? normalCdf(z) : bcaLevel(z, shift));
  return { lo: quantile(sorted, level(-z)), hi: quantile(sorted, level(z)) };
}

function replicates(statistic: Statistic, { n, draws, weights }: Resamples): Float64Array {
  const values = new Float64Array(draws);
  for (let k = 0; k < draws; k++) values[k] = statistic(weights.subarray(k * n, (k + 1) * n));
  return values;
}

interface Shift {
  readonly bias: number;
  readonly acceleration: number;
}

/**
 * BCa's corrections: z0 = Phi^-1(share of draws below the estimate, ties half) and
 * a = sum(j^3) / (6 sum(j^2)^1.5) with j the jackknife's mean minus its values. Undefined where they do not exist
 * (a constant or infinite statistic): the percentile interval stands there.
 */
function biasAndAcceleration(
  statistic: Statistic,
  resamples: Resamples,
  sorted: Float64Array,
): Shift | undefined {
  const point = statistic(new Uint8Array(resamples.n).fill(1));
  const tie = 1e-12 * (sorted.at(-1)! - sorted[0]!); // equal but for the order of additions
  let below = 0;
  for (const value of sorted) below += value < point - tie ? 1 : value <= point + tie ? 0.5 : 0;
  const bias = normalQuantile(below / sorted.length);

  const left = resamples.units.map((unit) => {
    const weights = new Uint8Array(resamples.n).fill(1);
    for (const i of unit) weights[i] = 0;
    return statistic(weights);
  });
  const middle = mean(left);
  let squares = 0;
  let cubes = 0;
  for (const value of left) {
    squares += (middle - value) ** 2;
    cubes += (middle - value) ** 3;
  }
  const acceleration = cubes / (6 * squares ** 1.5);
  return Number.isFinite(bias) && Number.isFinite(acceleration) ? { bias, acceleration } : undefined;
}

/** Phi(z0 + (z0 + z) / (1 - a (z0 + z))); past the pole, where few images are very skewed, the end of the range. */
function bcaLevel(z: number, { bias, acceleration }: Shift): number {
  const slope = 1 - acceleration * (bias + z);
  return slope <= 0 ? (z > 0 ? 1 : 0) : normalCdf(bias + (bias + z) / slope);
}

/** The p-quantile of sorted values, interpolated linearly. */
function quantile(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  if (below === above) return below; // also keeps infinity - infinity out
  return below + (position - Math.floor(position)) * (above - below);
}
