/**
 * @file The residual R: the share of a protection's effect that survives an attack.
 *
 *     R = mean(d[attack(protected)] - d[attack(clean)]) / mean(d[protected] - d[clean])
 *
 * over images, where d is an effect (larger is stronger). 1: the attack removed nothing; 0: nothing is left.
 * Subtracting the control arm keeps an attack that merely spoils the picture from counting as a protection that held.
 */
import type { Estimate, Inference } from './inference.ts';
import type { Means } from './levels.ts';

/** The effect d of every image in the four arms, paired: entry i of each array is the same image. All finite. */
export interface ArmEffects {
  readonly clean: ArrayLike<number>;
  readonly protected: ArrayLike<number>;
  readonly attackedClean: ArrayLike<number>;
  readonly attackedProtected: ArrayLike<number>;
}

export interface Residual {
  /** Number of images. */
  readonly n: number;
  /** Mean of d[protected] - d[clean]: what the protection does before any attack. */
  readonly effect: Estimate;
  /** Mean of d[attack(protected)] - d[attack(clean)]: what is left of it. */
  readonly surviving: Estimate;
  /** The pooled R, a ratio of the two means; without an interval if the effect does not carry one. NaN if both are 0. */
  readonly ratio: Estimate;
  /** What is left and the effect, in this order, with their covariance. */
  readonly means: Means;
  /** d[protected] - d[clean] of each image. */
  readonly effectPerImage: Float64Array;
  /** d[attack(protected)] - d[attack(clean)] of each image. */
  readonly survivingPerImage: Float64Array;
  /** R of each image alone; NaN if the protection has no effect on that image. */
  readonly perImage: Float64Array;
}

/** The residual with paired intervals: numerator and denominator of R are from the same images. */
export function residual(arms: ArmEffects, inference: Inference): Residual {
  const n = arms.clean.length;
  const effect = difference(arms.protected, arms.clean, n);
  const surviving = difference(arms.attackedProtected, arms.attackedClean, n);
  return {
    n,
    effect: inference.mean(effect),
    surviving: inference.mean(surviving),
    ratio: inference.ratio(surviving, effect),
    means: inference.means([surviving, effect]),
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
