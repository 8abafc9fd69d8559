/** @file AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101): what fine-tuning of diffusion models moves weights by. */
import type { Schedule, Update } from './update.ts';

/** What AdamW remembers between steps, as long as the weights; owned by the caller, so that a checkpoint can hold it. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** Moments before the first step. */
export const noMoments = (length: number): Moments => ({
  first: new Float32Array(length),
  second: new Float32Array(length),
});

/**
 * Adam with decoupled weight decay: x <- x - rate (m / (sqrt v + epsilon) + decay x), m and v with their
 * bias corrections. Defaults are PyTorch's.
 */
export function adamW(
  rate: Schedule,
  { first, second }: Moments,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0.01 } = {},
): Update {
  return (x, gradient, step) => {
    const by = rate(step);
    const unbiasFirst = by / (1 - beta1 ** (step + 1));
    const unbiasSecond = 1 / (1 - beta2 ** (step + 1));
    const kept = 1 - by * decay;
    for (let i = 0; i < x.length; i++) {
      const g = gradient[i]!;
      const m = beta1 * first[i]! + (1 - beta1) * g;
      const v = beta2 * second[i]! + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      x[i] = x[i]! * kept - (unbiasFirst * m) / (Math.sqrt(v * unbiasSecond) + epsilon);
    }
  };
}

/** Scales a gradient, in place, so that its Euclidean norm is at most `most`; gives the norm that it had. */
export function clipNorm(gradient: Float32Array, most: number): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * gradient[i]!;
  const norm = Math.sqrt(sum);
  if (norm > most) {
    const scale = most / norm;
    for (let i = 0; i < gradient.length; i++) gradient[i]! *= scale;
  }
  return norm;
}
