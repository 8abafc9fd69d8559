/** @file Update rules: how x moves, in place, given a gradient that is to be descended. */

/** Moves x against its gradient. `step` counts from 0. */
export type Update = (x: Float32Array, gradient: Float32Array, step: number) => void;

/** The size of a step, by its number from 0. */
export type Schedule = (step: number) => number;

/** Every step of the same size. */
export const constant =
  (size: number): Schedule =>
  () =>
    size;

/** From `size` down along a line that would meet 1 % of it after `steps` steps (PhotoGuard, Nightshade). */
export const decaying =
  (size: number, steps: number): Schedule =>
  (step) =>
    size * (1 - (0.99 * step) / steps);

/**
 * Sign descent (projected gradient descent in L-infinity; Madry et al. 2018): x <- x - size sign(m).
 * m is the gradient, or with `momentum` mu (Dong et al. 2018): m <- mu m + g / mean |g|.
 */
export function signDescent(size: Schedule, { momentum = 0 } = {}): Update {
  let velocity: Float32Array | undefined;
  return (x, gradient, step) => {
    let direction = gradient;
    if (momentum > 0) {
      velocity ??= new Float32Array(x.length);
      const scale = 1 / meanMagnitude(gradient);
      for (let i = 0; i < x.length; i++) velocity[i] = momentum * velocity[i]! + scale * gradient[i]!;
      direction = velocity;
    }
    const by = size(step);
    for (let i = 0; i < x.length; i++) {
      const d = direction[i]!;
      if (d > 0) x[i]! -= by;
      else if (d < 0) x[i]! += by;
    }
  };
}

/** 1 for a gradient of zeros, which then stays one. */
function meanMagnitude(gradient: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += Math.abs(gradient[i]!);
  return sum > 0 ? sum / gradient.length : 1;
}

/** Adam (Kingma and Ba 2015) with its bias corrections; `rate` is about the size of a step. */
export function adam(rate: Schedule, { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {}): Update {
  let first: Float32Array | undefined;
  let second: Float32Array | undefined;
  return (x, gradient, step) => {
    first ??= new Float32Array(x.length);
    second ??= new Float32Array(x.length);
    const by = rate(step) / (1 - beta1 ** (step + 1));
    const unbias = 1 / (1 - beta2 ** (step + 1));
    for (let i = 0; i < x.length; i++) {
      const g = gradient[i]!;
      const m = beta1 * first[i]! + (1 - beta1) * g;
      const v = beta2 * second[i]! + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      x[i]! -= (by * m) / (Math.sqrt(v * unbias) + epsilon);
    }
  };
}
