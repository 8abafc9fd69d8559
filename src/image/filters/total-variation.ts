/**
 * @file Total variation denoising of one plane by Chambolle's projection algorithm, with the stopping rule and the step of
 * scikit-image's `denoise_tv_chambolle`.
 *
 *   minimise |grad u| + (1 / 2 weight) |u - v|^2
 *
 * Source: Chambolle, An algorithm for total variation minimization and applications (JMIV 2004).
 */
import type { Size } from '../image.ts';

export interface TotalVariationOptions {
  /** How strong: on values of 0..1. */
  readonly weight: number;
  /** Stops where the energy changes by less than this share of its first value. */
  readonly eps: number;
  readonly iterations: number;
}

/** The step that converges in two dimensions. */
const TAU = 1 / 4;

/** The denoised plane, row by row, in double precision. */
export function totalVariation(
  plane: Readonly<Float64Array>,
  size: Size,
  { weight, eps, iterations }: TotalVariationOptions,
): Float64Array {
  const [out, px, py] = [plane.slice(), plane.slice().fill(0), plane.slice().fill(0)];
  let [first, previous] = [0, 0];
  for (let i = 0; i < iterations; i++) {
    const fidelity = moved(plane, out, px, py, size);
    const variation = projected(out, px, py, size, TAU / weight);
    const energy = (fidelity + weight * variation) / out.length;
    if (i === 0) [first, previous] = [energy, energy];
    else if (Math.abs(previous - energy) < eps * first) break;
    else previous = energy;
  }
  return out;
}

/**
 * `out` becomes the plane less the divergence of the dual variable: `-px - py` and the neighbours above and to the left added.
 * Gives the sum of squares of what was added.
 */
function moved(
  plane: Readonly<Float64Array>,
  out: Float64Array,
  px: Readonly<Float64Array>,
  py: Readonly<Float64Array>,
  { width, height }: Size,
): number {
  let total = 0;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const left = x === 0 ? 0 : px[at - 1]!;
      const above = y === 0 ? 0 : py[at - width]!;
      const added = left + above - px[at]! - py[at]!;
      out[at] = plane[at]! + added;
      total += added * added;
    }
  }
  return total;
}

/** Moves the dual variable along the gradient and projects it; gives the sum of the gradient's lengths. */
function projected(
  out: Readonly<Float64Array>,
  px: Float64Array,
  py: Float64Array,
  { width, height }: Size,
  step: number,
): number {
  let total = 0;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const here = out[at]!;
      const gx = x + 1 === width ? 0 : out[at + 1]! - here;
      const gy = y + 1 === height ? 0 : out[at + width]! - here;
      const length = Math.sqrt(gx * gx + gy * gy);
      total += length;
      const shrink = 1 + step * length;
      px[at] = (px[at]! - TAU * gx) / shrink;
      py[at] = (py[at]! - TAU * gy) / shrink;
    }
  }
  return total;
}
