/** @file What a network predicts of a noisy latent, and the clean latent that follows from it. */

import type { DiffusionFill } from '../models/entry.ts';

/** `epsilon`: the noise e. `v`: sqrt(a) e - sqrt(1 - a) z (Salimans and Ho 2022). */
export type Prediction = DiffusionFill['prediction'];

/** What x = z + sigma e is multiplied by to be what the network sees: sqrt(a) = 1 / sqrt(1 + sigma^2). */
export const inputScale = (sigma: number): number => 1 / Math.sqrt(1 + sigma * sigma);

/**
 * The clean latent z that a network's output `predicted` tells of x = z + sigma e:
 *
 *   epsilon:  z = x - sigma e        v:  z = x / (1 + sigma^2) - v sigma / sqrt(1 + sigma^2)
 */
export function cleanFrom(
  x: Readonly<Float32Array>,
  predicted: Readonly<Float32Array>,
  sigma: number,
  prediction: Prediction,
): Float32Array {
  const c = inputScale(sigma);
  const [ofX, ofPredicted] = prediction === 'epsilon' ? [1, -sigma] : [c * c, -sigma * c];
  return Float32Array.from(x, (value, i) => ofX * value + ofPredicted * predicted[i]!);
}
