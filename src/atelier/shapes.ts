/** @file Shapes in the unit square (x to the right, y down) as signed distances: negative inside. */
import type { Noise } from './noise.ts';

export interface Shape {
  /** Nothing of the shape lies outside: left, top, right, bottom. */
  readonly box: readonly [number, number, number, number];
  /** About the distance to the outline, in units of the picture's side. */
  readonly distance: (x: number, y: number) => number;
}

export type Point = readonly [x: number, y: number];

const EVERYWHERE = [0, 0, 1, 1] as const;

/** The whole picture. */
export const all: Shape = { box: EVERYWHERE, distance: () => -1 };

/** A function of x that keeps its last value: pictures are filled column by column. */
export function perColumn(f: (x: number) => number): (x: number) => number {
  let last = Number.NaN;
  let value = 0;
  return (x) => {
    if (x !== last) {
      last = x;
      value = f(x);
    }
    return value;
  };
}

/** Everything under the line y = height(x), down to `bottom`. */
export function below(height: (x: number) => number, bottom = 1): Shape {
  const line = perColumn(height);
  return { box: [0, 0, 1, bottom], distance: (x, y) => Math.max(line(x) - y, y - bottom) };
}

/** The slope of a line y = height(x) as an angle, for strokes that run along it. */
export const slopeOf = (height: (x: number) => number): ((x: number) => number) =>
  perColumn((x) => Math.atan2(height(x + 0.02) - height(x - 0.02), 0.04));

/** An ellipse with half axes `rx`, `ry`, turned by `angle` radians. */
export function ellipse(cx: number, cy: number, rx: number, ry = rx, angle = 0): Shape {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const reach = Math.max(rx, ry);
  return {
    box: [cx - reach, cy - reach, cx + reach, cy + reach],
    distance: (x, y) => {
      const u = (cos * (x - cx) + sin * (y - cy)) / rx;
      const v = (cos * (y - cy) - sin * (x - cx)) / ry;
      const k = Math.sqrt(u * u + v * v);
      // Quilez's first-order distance: k (k - 1) / |grad k|
      return k < 1e-6 ? -Math.min(rx, ry) : (k * (k - 1)) / Math.sqrt((u / rx) ** 2 + (v / ry) ** 2);
    },
  };
}

/** An ellipse whose outline is pushed in and out by noise: clouds, crowns, stones. */
export function blob(cx: number, cy: number, rx: number, ry: number, noise: Noise, rough = 0.25): Shape {
  const round = ellipse(cx, cy, rx, ry);
  const amount = rough * Math.min(rx, ry);
  const scale = 2.2 / Math.min(rx, ry);
  const [left, top, right, bottom] = round.box;
  return {
    box: [left - amount, top - amount, right + amount, bottom + amount],
    distance: (x, y) => round.distance(x, y) + amount * noise(x * scale + 31 * cx, y * scale + 17 * cy),
  };
}

/** A closed polygon, with corners rounded by `round`. */
export function polygon(points: readonly Point[], round = 0): Shape {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return {
    box: [Math.min(...xs) - round, Math.min(...ys) - round, Math.max(...xs) + round, Math.max(...ys) + round],
    distance: (x, y) => polygonDistance(points, x, y) - round,
  };
}

function polygonDistance(points: readonly Point[], x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY;
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [ax, ay] = points[i]!;
    const [bx, by] = points[j]!;
    const ex = bx - ax;
    const ey = by - ay;
    const t = Math.min(1, Math.max(0, ((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey || 1)));
    const dx = x - ax - t * ex;
    const dy = y - ay - t * ey;
    least = Math.min(least, dx * dx + dy * dy);
    if (ay > y !== by > y && x < (ex * (y - ay)) / ey + ax) inside = !inside;
  }
  return inside ? -Math.sqrt(least) : Math.sqrt(least);
}

/** An upright rectangle. */
export const rectangle = (left: number, top: number, right: number, bottom: number): Shape => ({
  box: [left, top, right, bottom],
  distance: (x, y) => Math.max(left - x, x - right, top - y, y - bottom),
});

/** A line through points, `from` wide (half width) at its start and `to` at its end: stems, branches, masts. */
export function limb(points: readonly Point[], from: number, to = from): Shape {
  const reach = Math.max(from, to);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const last = points.length - 1;
  return {
    box: [Math.min(...xs) - reach, Math.min(...ys) - reach, Math.max(...xs) + reach, Math.max(...ys) + reach],
    distance: (x, y) => {
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < last; i++) {
        const [ax, ay] = points[i]!;
        const [bx, by] = points[i + 1]!;
        const ex = bx - ax;
        const ey = by - ay;
        const t = Math.min(1, Math.max(0, ((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey || 1)));
        const radius = from + ((to - from) * (i + t)) / last;
        least = Math.min(least, Math.hypot(x - ax - t * ex, y - ay - t * ey) - radius);
      }
      return least;
    },
  };
}

/** Points on the quadratic Bezier curve from `a` over `b` to `c`. */
export function curve(a: Point, b: Point, c: Point, steps = 8): Point[] {
  return Array.from({ length: steps + 1 }, (_, k) => {
    const t = k / steps;
    const p = (1 - t) * (1 - t);
    const q = 2 * t * (1 - t);
    return [p * a[0] + q * b[0] + t * t * c[0], p * a[1] + q * b[1] + t * t * c[1]] as const;
  });
}

/** What lies in any of the shapes. */
export const union = (...shapes: readonly Shape[]): Shape => ({
  box: [
    Math.min(...shapes.map(({ box }) => box[0])),
    Math.min(...shapes.map(({ box }) => box[1])),
    Math.max(...shapes.map(({ box }) => box[2])),
    Math.max(...shapes.map(({ box }) => box[3])),
  ],
  distance: (x, y) => {
    let least = Number.POSITIVE_INFINITY;
    for (const shape of shapes) least = Math.min(least, shape.distance(x, y));
    return least;
  },
});

/** What lies in `shape` and in `other`. */
export const within = (shape: Shape, other: Shape): Shape => ({
  box: shape.box,
  distance: (x, y) => Math.max(shape.distance(x, y), other.distance(x, y)),
});

/** What lies in `shape` and not in `hole`. */
export const minus = (shape: Shape, hole: Shape): Shape => ({
  box: shape.box,
  distance: (x, y) => Math.max(shape.distance(x, y), -hole.distance(x, y)),
});
