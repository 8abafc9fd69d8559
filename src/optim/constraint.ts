/** @file Constraints: the set that an optimiser may move in, as a projection onto it and a draw from it. */
import type { Random } from '../random.ts';

export interface Constraint {
  /** Moves x, in place, to the nearest point of the set. */
  project(x: Float32Array): void;
  /** A random point of the set, no further than `withinPx` from its centre where that is told. */
  draw(random: Random, withinPx?: number): Float32Array;
}

/**
 * All pictures within `epsPx` of `centre` in every value, and within 0..1: the hard L-infinity budget. `epsPx` is in
 * whole 1/255, one number or one for each value. Draws differ from the centre by whole 1/255, so that steps of whole
 * 1/255 from there stay on 8-bit values, and the saved file is the very picture that was optimised.
 */
export function linfBall(centre: Float32Array, epsPx: number | Readonly<Uint8Array>): Constraint {
  const budget = typeof epsPx === 'number' ? new Uint8Array(centre.length).fill(epsPx) : epsPx;

  const project = (x: Float32Array): void => {
    for (let i = 0; i < x.length; i++) {
      const c = centre[i]!;
      const eps = budget[i]! / 255;
      const low = c > eps ? c - eps : 0;
      const high = c < 1 - eps ? c + eps : 1;
      const v = x[i]!;
      x[i] = v < low ? low : v > high ? high : v;
    }
  };

  const draw = (random: Random, withinPx = Number.POSITIVE_INFINITY): Float32Array => {
    const x = centre.map((c, i) => {
      const eps = Math.min(budget[i]!, withinPx);
      return c + (random.int(2 * eps + 1) - eps) / 255;
    });
    project(x);
    return x;
  };

  return { project, draw };
}
