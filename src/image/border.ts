/** @file What a filter sees beyond the edge of an image, in OpenCV's terms. */

/**
 * replicate: aaaaaa|abcdefgh|hhhhhhh; reflect: fedcba|abcdefgh|hgfedcb; reflect101: gfedcb|abcdefgh|gfedcba
 * (OpenCV's default). Source: OpenCV, `cv::borderInterpolate`.
 */
export type Border = 'replicate' | 'reflect' | 'reflect101';

/**
 * The pixel that stands for each position of a padded line: `n + 2 radius` indices in 0..n-1, the first for
 * position -radius. A radius above n bounces to and fro.
 */
export function paddedIndices(n: number, radius: number, border: Border): Int32Array {
  const indices = new Int32Array(n + 2 * radius);
  for (let i = 0; i < indices.length; i++) indices[i] = inside(i - radius, n, border);
  return indices;
}

function inside(at: number, n: number, border: Border): number {
  if (border === 'replicate' || n === 1) return Math.min(Math.max(at, 0), n - 1);
  const repeated = border === 'reflect' ? 1 : 0; // whether the edge pixel comes twice
  const period = 2 * (n - 1 + repeated);
  const phase = ((at % period) + period) % period;
  return phase < n ? phase : period - repeated - phase;
}
