/**
 * @file Guided filter of RGB floats in 0..255 with a colour guide, as OpenCV's `ximgproc.guidedFilter` computes
 * it: in each window the picture is fitted as a linear function of the guide's three channels.
 *
 * Source: He, Sun and Tang, Guided image filtering (TPAMI 2013), equations 14 to 17; windows reflect at the edges.
 */
import { filterThreads, inBands } from '../../wasm/threads.ts';
import { guidedRoutines } from './guided-kernel.ts';
import { fillTables, type GuidedLayout, guidedLayout } from './guided-layout.ts';
import type { Size } from '../image.ts';
import { kernelsBySize } from '../../wasm/module.ts';

export interface GuidedOptions {
  /** Windows have `2 radius + 1` px a side. */
  readonly radius: number;
  /** Added to the variance of each channel of the guide, in squared grey levels: flatter than this is smoothed. */
  readonly eps: number;
}

/** Code and memory for one size and radius, and whose guide is in it. */
const kernels = kernelsBySize((threads, width: number, height: number, radius: number) => {
  const layout = guidedLayout({ width, height }, radius, threads);
  const loaded: { by?: object } = {};
  return {
    layout,
    loaded,
    bytes: layout.bytes,
    routines: guidedRoutines(layout),
    prepare: (memory: ArrayBufferLike) => fillTables(layout, memory),
  };
});

/** Filters pictures under one guide. What depends on the guide alone is computed once, if no other filter comes between. */
export function guidedBy(
  guide: Readonly<Float32Array>,
  size: Size,
  { radius, eps }: GuidedOptions,
  threads = filterThreads,
): (values: Readonly<Float32Array>) => Float32Array {
  const filter = (values: Readonly<Float32Array>): Float32Array => {
    const kernel = kernels(threads, size.width, size.height, radius);
    const { layout, memory, loaded } = kernel;
    const floats = (at: number): Float32Array => new Float32Array(memory, at, guide.length);
    return inBands(kernel, threads, (run) => {
      if (loaded.by !== filter) {
        floats(layout.guide).set(guide);
        run('moments', layout.bands);
        invertCovariances(layout, memory, eps);
        loaded.by = filter;
      }
      floats(layout.values).set(values);
      run('filter', layout.bands);
      return floats(layout.result).slice();
    });
  };
  return filter;
}

/**
 * For each window: means of g_r g, g_g g, g_b g and of g itself become the inverse of the guide's covariance with `eps`
 * on its diagonal, cofactors over determinant, and the means of g again.
 */
function invertCovariances(
  { windows, width, height }: GuidedLayout,
  memory: ArrayBufferLike,
  eps: number,
): void {
  const of = new Float32Array(memory, windows, 12 * width * height);
  for (let i = 0; i < of.length; i += 12) {
    const [r, g, b] = [of[i + 3]!, of[i + 7]!, of[i + 11]!];
    const [xx, yy, zz] = [of[i]! - r * r + eps, of[i + 5]! - g * g + eps, of[i + 10]! - b * b + eps];
    const [xy, xz, yz] = [of[i + 1]! - r * g, of[i + 2]! - r * b, of[i + 6]! - g * b];
    const [a, c, d] = [yy * zz - yz * yz, yz * xz - xy * zz, xy * yz - yy * xz];
    const scale = 1 / (xx * a + xy * c + xz * d);
    of[i] = a * scale;
    of[i + 1] = of[i + 4] = c * scale;
    of[i + 2] = of[i + 8] = d * scale;
    of[i + 5] = (xx * zz - xz * xz) * scale;
    of[i + 6] = of[i + 9] = (xy * xz - xx * yz) * scale;
    of[i + 10] = (xx * yy - xy * xy) * scale;
  }
}
