/**
 * @file Bilateral filter of RGB floats in 0..255, as OpenCV's `bilateralFilter` computes it on float32: the
 * neighbourhood is a disc, colours are compared by the sum of their absolute differences, edges reflect (101).
 *
 * Source: Tomasi and Manduchi, Bilateral filtering for gray and color images (1998); OpenCV 4, `bilateral_filter`.
 */
import { paddedIndices } from './border.ts';
import type { Size } from './image.ts';

export interface BilateralOptions {
  /** Side of the neighbourhood in px; the disc has the radius `max(1, floor(diameter / 2))`. */
  readonly diameter: number;
  /** Standard deviation of the weight over colour, in grey levels. */
  readonly sigmaColor: number;
  /** Standard deviation of the weight over distance, in px. */
  readonly sigmaSpace: number;
  /** How many times the filter runs over its own result; float32 is kept in between. */
  readonly iterations?: number;
}

/*
 * Many passes amplify rounding: after 64 of them OpenCV differs from itself by up to 0.06 grey levels between its
 * vector instructions. So this follows its portable path operation by operation, in float32 and in its order.
 */
const { abs, fround } = Math;

/** Entries of OpenCV's table of weights over colour. */
const BINS = 4096 * 3;

/** A pixel of one half of the disc; the other half is its mirror image and has the same weights. */
interface Neighbour {
  readonly dx: number;
  readonly dy: number;
  /** The weight over distance. */
  readonly weight: number;
}

/** Weights over colour, by distance in steps of `1 / scale`. */
interface ColourTable {
  readonly scale: number;
  readonly weights: Float32Array;
}

/** The filtered picture, row by row, interleaved as `values` is. */
export function bilateral(
  values: Readonly<Float32Array>,
  size: Size,
  options: BilateralOptions,
  onPass: (pass: number) => void = () => undefined,
): Float32Array {
  const radius = Math.max(1, options.diameter >> 1);
  const neighbours = halfDisc(radius, options);
  const padded = new Float32Array((size.width + 2 * radius) * (size.height + 2 * radius) * 3);
  const out = values.slice();
  for (let pass = 0; pass < (options.iterations ?? 1); pass++) {
    const table = colourTable(out, options.sigmaColor);
    if (table === undefined) return out; // one colour
    pad(out, size, radius, padded);
    filterPadded(padded, size, radius, neighbours, table, out);
    onPass(pass + 1);
  }
  return out;
}

function halfDisc(radius: number, { sigmaSpace }: BilateralOptions): Neighbour[] {
  const disc: Neighbour[] = [];
  for (let dy = 0; dy <= radius; dy++) {
    for (let dx = dy === 0 ? 1 : -radius; dx <= radius; dx++) {
      const squared = dx * dx + dy * dy;
      if (squared > radius * radius) continue;
      disc.push({ dx, dy, weight: fround(Math.exp((-0.5 * squared) / sigmaSpace ** 2)) });
    }
  }
  return disc;
}

/** The table spans the distances that the values can have; undefined where all values are the same. */
function colourTable(values: Readonly<Float32Array>, sigmaColor: number): ColourTable | undefined {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (max - min < 2 ** -23) return undefined;
  const scale = fround(BINS / fround((max - min) * 3));
  const coefficient = -0.5 / sigmaColor ** 2;
  const weights = new Float32Array(BINS + 2);
  weights[0] = 1;
  for (let i = 1; i < weights.length && weights[i - 1]! > 0; i++) {
    weights[i] = Math.exp(fround(i / scale) ** 2 * coefficient);
  }
  return { scale, weights };
}

function pad(values: Readonly<Float32Array>, { width, height }: Size, radius: number, padded: Float32Array) {
  const xs = paddedIndices(width, radius, 'reflect101');
  const ys = paddedIndices(height, radius, 'reflect101');
  let to = 0;
  for (const y of ys) {
    for (let i = 0; i < xs.length; i++) {
      const from = (y * width + xs[i]!) * 3;
      padded[to++] = values[from]!;
      padded[to++] = values[from + 1]!;
      padded[to++] = values[from + 2]!;
    }
  }
}

/**
 * Two pixels weigh each other alike, so each pair's weight is computed once: forward, from the upper of the two
 * rows. The weights of `radius + 1` rows stay in a ring until the lower row of their pairs has used them.
 */
function filterPadded(
  padded: Readonly<Float32Array>,
  { width, height }: Size,
  radius: number,
  neighbours: readonly Neighbour[],
  table: ColourTable,
  out: Float32Array,
): void {
  const columns = width + 2 * radius;
  const slots = radius + 1;
  const weights = new Float32Array(neighbours.length * slots * columns);
  const rowOf = (k: number, y: number) => (k * slots + (y % slots)) * columns;
  const offsets = Int32Array.from(neighbours, ({ dx, dy }) => dy * columns + dx);
  const forward = new Int32Array(neighbours.length);
  const backward = new Int32Array(neighbours.length);
  for (let y = 0; y < height + radius; y++) {
    for (const [k, { dx, dy, weight }] of neighbours.entries()) {
      if (y + dy < radius) continue; // a pair above the picture
      const from = Math.min(radius, radius - dx);
      const to = radius + width + Math.max(0, -dx);
      pairWeights(padded, y * columns, offsets[k]!, from, to, weight, table, weights, rowOf(k, y));
      forward[k] = rowOf(k, y) + radius;
      backward[k] = rowOf(k, y - dy + slots) + radius - dx;
    }
    if (y < radius) continue;
    const at = y * columns + radius;
    const to = (y - radius) * width * 3;
    weightedMeans(padded, at, offsets, weights, forward, backward, width, out, to);
  }
}

/** The weights of the pairs (x, x + offset) for x in from..to-1 of the row that starts at pixel `row`. */
function pairWeights(
  padded: Readonly<Float32Array>,
  row: number,
  offset: number,
  from: number,
  to: number,
  weight: number,
  { scale, weights: table }: ColourTable,
  weights: Float32Array,
  at: number,
): void {
  for (let x = from; x < to; x++) {
    const a = (row + x) * 3;
    const b = a + offset * 3;
    const red = abs(fround(padded[a]! - padded[b]!));
    const green = abs(fround(padded[a + 1]! - padded[b + 1]!));
    const blue = abs(fround(padded[a + 2]! - padded[b + 2]!));
    const position = fround(fround(fround(red + green) + blue) * scale);
    const i = position | 0;
    const share = fround(position - i);
    const rest = fround(1 - share);
    const colour = fround(fround(table[i + 1]! * share) + fround(table[i]! * rest));
    weights[at + x] = fround(weight * colour);
  }
}

/** The means of one row; the pixel itself weighs 1. */
function weightedMeans(
  padded: Readonly<Float32Array>,
  row: number,
  offsets: Readonly<Int32Array>,
  weights: Readonly<Float32Array>,
  forward: Readonly<Int32Array>,
  backward: Readonly<Int32Array>,
  width: number,
  out: Float32Array,
  to: number,
): void {
  for (let x = 0; x < width; x++) {
    const centre = (row + x) * 3;
    let red = fround(0);
    let green = fround(0);
    let blue = fround(0);
    let sum = fround(0);
    for (let k = offsets.length - 1; k >= 0; k--) {
      const weight = weights[backward[k]! + x]!;
      const at = centre - 3 * offsets[k]!;
      red = fround(red + fround(weight * padded[at]!));
      green = fround(green + fround(weight * padded[at + 1]!));
      blue = fround(blue + fround(weight * padded[at + 2]!));
      sum = fround(sum + weight);
    }
    for (let k = 0; k < offsets.length; k++) {
      const weight = weights[forward[k]! + x]!;
      const at = centre + 3 * offsets[k]!;
      red = fround(red + fround(weight * padded[at]!));
      green = fround(green + fround(weight * padded[at + 1]!));
      blue = fround(blue + fround(weight * padded[at + 2]!));
      sum = fround(sum + weight);
    }
    const scale = fround(1 / fround(sum + 1));
    out[to + x * 3] = fround(red + padded[centre]!) * scale;
    out[to + x * 3 + 1] = fround(green + padded[centre + 1]!) * scale;
    out[to + x * 3 + 2] = fround(blue + padded[centre + 2]!) * scale;
  }
}
