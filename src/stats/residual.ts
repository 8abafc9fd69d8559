/**
 * @file The residual R: the share of a protection's effect that survives an attack.
 *
 *     R = mean(d[attack(protected)] - d[attack(clean)]) / mean(d[protected] - d[clean])
 *
 * over images, where d is an effect (larger is stronger). 1: the attack removed nothing; 0: nothing is left.
 * Subtracting the control arm keeps an attack that merely spoils the picture from counting as a protection that held.
 */
import {
  bootstrapInterval,
  type Interval,
  type IntervalOptions,
  type Resamples,
  weightedMean,
} from './bootstrap.ts';

/** The effect d of every image in the four arms, paired: entry i of each array is the same image. All finite. */
export interface ArmEffects {
  readonly clean: ArrayLike<number>;
  readonly protected: ArrayLike<number>;
  readonly attackedClean: ArrayLike<number>;
  readonly attackedProtected: ArrayLike<number>;
}

/** A number and its interval; without one where there were fewer than two images (or clusters) to draw from. */
export interface Estimate {
  readonly value: number;
  readonly interval: Interval | undefined;
}

export interface Residual {
  /** Number of images. */
  readonly n: number;
  /** Mean of d[protected] - d[clean]: what the protection does before any attack. */
  readonly effect: Estimate;
  /** Mean of d[attack(protected)] - d[attack(clean)]: what is left of it. */
  readonly surviving: Estimate;
  /** The pooled R, a ratio of the two means. NaN where both are 0. */
  readonly ratio: Estimate;
  /** d[protected] - d[clean] of each image. */
  readonly effectPerImage: Float64Array;
  /** d[attack(protected)] - d[attack(clean)] of each image. */
  readonly survivingPerImage: Float64Array;
  /** R of each image alone; NaN if the protection has no effect on that image. */
  readonly perImage: Float64Array;
}

/** The residual with paired intervals: numerator and denominator of a draw come from the same images. */
export function residual(arms: ArmEffects, resamples: Resamples, options: IntervalOptions = {}): Residual {
  const { n } = resamples;
  const effect = difference(arms.protected, arms.clean, n);
  const surviving = difference(arms.attackedProtected, arms.attackedClean, n);
  const all = new Uint8Array(n).fill(1);
  const estimate = (statistic: (weights: Uint8Array) => number): Estimate => ({
    value: statistic(all),
    interval: bootstrapInterval(statistic, resamples, options),
  });
  return {
    n,
    effect: estimate((weights) => weightedMean(effect, weights)),
    surviving: estimate((weights) => weightedMean(surviving, weights)),
    ratio: {
      value: weightedMean(surviving, all) / weightedMean(effect, all),
      interval: bootstrapInterval(
        (weights) => drawnRatio(weightedMean(surviving, weights), weightedMean(effect, weights)),
        resamples,
        options,
      ),
    },
    effectPerImage: effect,
    survivingPerImage: surviving,
    perImage: surviving.map((share, i) => (effect[i] === 0 ? Number.NaN : share / effect[i]!)),
  };
}

/** The images whose effect is finite in all four arms; the others cannot enter a mean. */
export function finiteImages(arms: ArmEffects): number[] {
  return Array.from({ length: arms.clean.length }, (_, i) => i).filter(
    (i) =>
      Number.isFinite(arms.clean[i]) &&
      Number.isFinite(arms.protected[i]) &&
      Number.isFinite(arms.attackedClean[i]) &&
      Number.isFinite(arms.attackedProtected[i]),
  );
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => a[i]! - b[i]!);
}

/**
 * The ratio within one draw. As the denominator falls to 0 the ratio goes to infinity with the numerator's sign; a
 * draw at or past 0 stays there, so that an effect that nearly vanishes widens the interval instead of flipping it.
 */
function drawnRatio(numerator: number, denominator: number): number {
  if (denominator > 0) return numerator / denominator;
  return numerator === 0 ? 0 : Math.sign(numerator) * Infinity;
}
