/** @file Pictures seen through a map of coordinates: turned, or in perspective. */
import type { Image } from './image.ts';

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
const bicubic = (t: number): readonly [number, number, number, number] => [
  ((-0.5 * t + 1) * t - 0.5) * t,
  (1.5 * t - 2.5) * t * t + 1,
  ((-1.5 * t + 2) * t + 0.5) * t,
  (0.5 * t - 0.5) * t * t,
];

/**
 * The picture of a size whose pixel at p shows what `image` has at `from(p)`, by bicubic interpolation, mirrored beyond the
 * edges. Values are clipped to 0..1 and not rounded; opacity is sampled as the pixels are.
 */
export function warp(image: Image, width: number, height: number, from: (p: Point) => Point): Image {
  const data = new Float32Array(width * height * 3);
  const alpha = image.alpha && new Uint8ClampedArray(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const taps = tapsAt(image, from({ x: x + 0.5, y: y + 0.5 }));
      const sums = [0, 0, 0, 0];
      for (const { index, weight } of taps) {
        for (let c = 0; c < 3; c++) sums[c]! += weight * image.data[3 * index + c]!;
        if (alpha) sums[3]! += weight * image.alpha![index]!;
      }
      for (let c = 0; c < 3; c++) data[3 * at + c] = Math.min(1, Math.max(0, sums[c]!));
      if (alpha) alpha[at] = sums[3]!;
    }
  }
  return { width, height, data, ...(alpha && { alpha: new Uint8Array(alpha.buffer) }) };
}

function tapsAt({ width, height }: Image, { x, y }: Point): { index: number; weight: number }[] {
  const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
  const [across, down] = [bicubic(x - 0.5 - left), bicubic(y - 0.5 - top)];
  return down.flatMap((row, j) => {
    const line = mirrored(top + j - 1, height) * width;
    return across.map((weight, i) => ({ index: line + mirrored(left + i - 1, width), weight: row * weight }));
  });
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
