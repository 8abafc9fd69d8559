/**
 * @file Total variation denoising of one plane by Chambolle's projection algorithm, with the stopping rule and the step of
 * scikit-image's `denoise_tv_chambolle`.
 *
 *   minimise |grad u| + (1 / 2 weight) |u - v|^2
 *
 * Source: Chambolle, An algorithm for total variation minimization and applications (JMIV 2004).
 */
import type { Size } from './image.ts';

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
  { width, height }: Size,
  { weight, eps, iterations }: TotalVariationOptions,
): Float64Array {
  const area = width * height;
  const [px, py] = [new Float64Array(area), new Float64Array(area)];
  let out = Float64Array.from(plane);
  let [first, previous] = [0, 0];
  for (let i = 0; i < iterations; i++) {
    const divergence = i === 0 ? new Float64Array(area) : negativeDivergence(px, py, width);
    out = divergence.map((value, at) => plane[at]! + value);
    let energy = divergence.reduce((sum, value) => sum + value * value, 0);
    energy += weight * projected(out, px, py, width, TAU / weight);
    energy /= area;
    if (i === 0) [first, previous] = [energy, energy];
    else if (Math.abs(previous - energy) < eps * first) break;
    else previous = energy;
  }
  return out;
}

/** `-px - py` and the neighbours above and to the left added: minus the divergence of the dual variable. */
function negativeDivergence(px: Float64Array, py: Float64Array, width: number): Float64Array {
  return px.map((value, at) => {
    const left = at % width === 0 ? 0 : px[at - 1]!;
    const above = at < width ? 0 : py[at - width]!;
    return left + above - value - py[at]!;
  });
}

/** Moves the dual variable along the gradient and projects it; gives the sum of the gradient's lengths. */
function projected(
  out: Float64Array,
  px: Float64Array,
  py: Float64Array,
  width: number,
  step: number,
): number {
  let total = 0;
  for (let at = 0; at < out.length; at++) {
    const gx = at % width === width - 1 ? 0 : out[at + 1]! - out[at]!;
    const gy = at + width >= out.length ? 0 : out[at + width]! - out[at]!;
    const length = Math.sqrt(gx * gx + gy * gy);
    total += length;
    const shrink = 1 + step * length;
    px[at] = (px[at]! - TAU * gx) / shrink;
    py[at] = (py[at]! - TAU * gy) / shrink;
  }
  return total;
}
