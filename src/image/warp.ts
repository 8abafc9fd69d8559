/** @file Pictures seen through a map of coordinates: turned, or in perspective. */
import type { Image, Size } from './image.ts';

/** A point in px; the centre of the upper left pixel is (0.5, 0.5). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Mirrored at the edges, the edge pixel once (101). */
function mirrored(at: number, n: number): number {
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  const phase = ((at % period) + period) % period;
  return phase < n ? phase : period - phase;
}

/** Catmull-Rom weights (bicubic, a = -0.5) of the four pixels around a point at `t` between the middle two. */
function bicubic(t: number, weights: Float64Array): void {
  weights[0] = ((-0.5 * t + 1) * t - 0.5) * t;
  weights[1] = (1.5 * t - 2.5) * t * t + 1;
  weights[2] = ((-1.5 * t + 2) * t + 0.5) * t;
  weights[3] = (0.5 * t - 0.5) * t * t;
}

/** Where a point of the result is in the picture. */
export type PointAt = (p: Point) => Point;

/** Pixels that make one of the result. */
export const TAPS = 16;

/** For each pixel of the result its taps: the same two arrays each time, filled again. */
export function taps({ width, height }: Size, from: PointAt) {
  const index = new Int32Array(TAPS);
  const weight = new Float64Array(TAPS);
  const [across, down] = [new Float64Array(4), new Float64Array(4)];
  const columns = new Int32Array(4);
  return (px: number, py: number): { readonly index: Int32Array; readonly weight: Float64Array } => {
    const { x, y } = from({ x: px + 0.5, y: py + 0.5 });
    const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
    bicubic(x - 0.5 - left, across);
    bicubic(y - 0.5 - top, down);
    for (let i = 0; i < 4; i++) columns[i] = mirrored(left + i - 1, width);
    for (let j = 0; j < 4; j++) {
      const line = mirrored(top + j - 1, height) * width;
      for (let i = 0; i < 4; i++) {
        index[4 * j + i] = line + columns[i]!;
        weight[4 * j + i] = down[j]! * across[i]!;
      }
    }
    return { index, weight };
  };
}

/**
 * The picture of a size whose pixel at p shows what `image` has at `from(p)`, by bicubic interpolation, mirrored beyond the
 * edges. Values are clipped to 0..1 and not rounded; opacity is sampled as the pixels are.
 */
export function warp(image: Image, width: number, height: number, from: PointAt): Image {
  const data = new Float32Array(width * height * 3);
  const alpha = image.alpha && new Uint8ClampedArray(width * height);
  const tapsAt = taps(image, from);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const { index, weight } = tapsAt(x, y);
      let [red, green, blue, opacity] = [0, 0, 0, 0];
      for (let k = 0; k < TAPS; k++) {
        const source = index[k]!;
        const share = weight[k]!;
        red += share * image.data[3 * source]!;
        green += share * image.data[3 * source + 1]!;
        blue += share * image.data[3 * source + 2]!;
        if (alpha) opacity += share * image.alpha![source]!;
      }
      data[3 * at] = Math.min(1, Math.max(0, red));
      data[3 * at + 1] = Math.min(1, Math.max(0, green));
      data[3 * at + 2] = Math.min(1, Math.max(0, blue));
      if (alpha) alpha[at] = opacity;
    }
  }
  return { width, height, data, ...(alpha && { alpha: new Uint8Array(alpha.buffer) }) };
}

/** A map of points and its inverse. */
export interface PointMap {
  readonly forward: (p: Point) => Point;
  readonly inverse: (p: Point) => Point;
}

/**
 * The perspective view that takes the unit square to a quadrilateral, corners in the order (0, 0), (1, 0), (1, 1), (0, 1).
 * Source: Heckbert, Fundamentals of texture mapping and image warping (1989), section 2.2.3.
 */
export function perspective([p0, p1, p2, p3]: readonly [Point, Point, Point, Point]): PointMap {
  const [sx, sy] = [p0.x - p1.x + p2.x - p3.x, p0.y - p1.y + p2.y - p3.y];
  const [ax, ay] = [p1.x - p2.x, p1.y - p2.y];
  const [bx, by] = [p3.x - p2.x, p3.y - p2.y];
  const determinant = ax * by - bx * ay;
  const g = (sx * by - bx * sy) / determinant;
  const h = (ax * sy - sx * ay) / determinant;
  const [a, b, c] = [p1.x - p0.x + g * p1.x, p3.x - p0.x + h * p3.x, p0.x];
  const [d, e, f] = [p1.y - p0.y + g * p1.y, p3.y - p0.y + h * p3.y, p0.y];
  // The adjugate is the inverse up to a factor, which a projection does not see.
  return {
    forward: projection([a, b, c, d, e, f, g, h, 1]),
    inverse: projection([
      e - f * h,
      c * h - b,
      b * f - c * e,
      f * g - d,
      a - c * g,
      c * d - a * f,
      d * h - e * g,
      b * g - a * h,
      a * e - b * d,
    ]),
  };
}

/** A 3 x 3 matrix, row by row, on homogeneous coordinates. */
const projection =
  ([a, b, c, d, e, f, g, h, i]: readonly [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]): ((p: Point) => Point) =>
  ({ x, y }) => {
    const w = g * x + h * y + i;
    return { x: (a * x + b * y + c) / w, y: (d * x + e * y + f) / w };
  };
