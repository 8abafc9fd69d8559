/**
 * @file Bilateral filter of RGB floats in 0..255, as OpenCV's `bilateralFilter` computes it on float32: the
 * neighbourhood is a disc, colours are compared by the sum of their absolute differences, edges reflect (101).
 *
 * Source: Tomasi and Manduchi, Bilateral filtering for gray and color images (1998); OpenCV 4, `bilateral_filter`.
 */

import { filterThreads, inBands } from '../../wasm/threads.ts';
import {
  BINS,
  halfDisc,
  type Layout,
  layoutOf,
  meanRoutine,
  passRoutine,
  weightRoutine,
} from './bilateral-kernel.ts';
import { paddedIndices } from '../border.ts';
import type { Size } from '../image.ts';
import { kernelsBySize } from '../../wasm/module.ts';

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
const { fround } = Math;

/** The filtered picture, row by row, interleaved as `values` is. */
export function bilateral(
  values: Readonly<Float32Array>,
  size: Size,
  options: BilateralOptions,
  onPass: (pass: number) => void = () => undefined,
  threads = filterThreads,
): Float32Array {
  const { diameter, sigmaSpace } = options;
  const kernel = kernels(threads, size.width, size.height, diameter, sigmaSpace);
  const { layout, memory } = kernel;
  const table = new Float32Array(memory, 0, 2 * (BINS + 1));
  const steps = new Float32Array(memory, layout.steps, 4);
  const pictures = layout.pictures.map(
    (at) => new Float32Array(memory, at, 3 * layout.plane + layout.radius + 4),
  );
  spread(values, layout, pictures[0]!);
  let range = rangeOf(values);
  let current = 0;
  inBands(kernel, threads, (run) => {
    for (let pass = 1; pass <= (options.iterations ?? 1); pass++) {
      const scale = fillTable(table, range, options.sigmaColor);
      if (scale === undefined) break; // one colour stays as it is
      mirrorEdges(layout, pictures[current]!);
      steps.fill(scale);
      run('pass', layout.bands, layout.pictures[current]!, layout.pictures[1 - current]!);
      current = 1 - current;
      range = rangeAfter(layout, memory, pictures[current]!);
      onPass(pass);
    }
  });
  return gather(layout, pictures[current]!);
}

type Range = readonly [min: number, max: number];

function rangeOf(values: Readonly<Float32Array>): Range {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    min = Math.min(min, values[i]!);
    max = Math.max(max, values[i]!);
  }
  return [min, max];
}

/** The range of a pass's result: of what the bands have found, and of the last columns that they leave out. */
function rangeAfter(layout: Layout, memory: ArrayBufferLike, picture: Readonly<Float32Array>): Range {
  const { width, height, bands, stride, plane, origin } = layout;
  const lanes = new Float32Array(memory, layout.range, 8 * bands);
  let [min, max] = rangeOf(lanes.filter(Number.isFinite));
  for (let x = width & ~3; x < width; x++) {
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < height; y++) {
        const value = picture[origin + c * plane + y * stride + x]!;
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
    }
  }
  return [min, max];
}

/** Code and memory for one size and one neighbourhood. */
const kernels = kernelsBySize(
  (threads, width: number, height: number, diameter: number, sigmaSpace: number) => {
    const radius = Math.max(1, diameter >> 1);
    const neighbours = halfDisc(radius, sigmaSpace);
    const layout = layoutOf({ width, height }, radius, neighbours.length, threads);
    const routines = {
      pass: passRoutine(layout),
      weights: weightRoutine(layout, neighbours),
      means: meanRoutine(layout, neighbours),
    };
    return { layout, bytes: layout.bytes, routines };
  },
);

/**
 * Weights over colour for the distances that the values can have, each beside the next one. Gives the steps of the table
 * for each grey level; undefined if all values are the same.
 */
function fillTable(table: Float32Array, [min, max]: Range, sigmaColor: number): number | undefined {
  if (max - min < 2 ** -23) return undefined;
  const scale = fround(BINS / fround((max - min) * 3));
  const coefficient = -0.5 / sigmaColor ** 2;
  table.fill(0);
  table[0] = 1;
  for (let i = 1; i <= BINS + 1; i++) {
    const weight = fround(Math.exp(fround(i / scale) ** 2 * coefficient));
    if (weight === 0) break;
    table[2 * i - 1] = weight;
    if (i <= BINS) table[2 * i] = weight;
  }
  return scale;
}

/** Writes interleaved values into the planes of a picture. */
function spread(values: Readonly<Float32Array>, layout: Layout, picture: Float32Array): void {
  const { width, height, stride, plane, origin } = layout;
  for (let y = 0, from = 0; y < height; y++) {
    const row = origin + y * stride;
    for (let at = row; at < row + width; at++, from += 3) {
      picture[at] = values[from]!;
      picture[at + plane] = values[from + 1]!;
      picture[at + 2 * plane] = values[from + 2]!;
    }
  }
}

/** The planes of a picture as interleaved values. */
function gather({ width, height, stride, plane, origin }: Layout, picture: Float32Array): Float32Array {
  const values = new Float32Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = origin + y * stride;
    for (let at = row; at < row + width; at++, to += 3) {
      values[to] = picture[at]!;
      values[to + 1] = picture[at + plane]!;
      values[to + 2] = picture[at + 2 * plane]!;
    }
  }
  return values;
}

/** Fills the margins. Columns beyond them repeat the edge: a value that no table is too short for. */
function mirrorEdges({ width, height, radius, stride, plane }: Layout, picture: Float32Array): void {
  const xs = paddedIndices(width, radius, 'reflect101');
  const ys = paddedIndices(height, radius, 'reflect101');
  for (let c = 0; c < 3; c++) {
    for (let y = radius; y < radius + height; y++) {
      const row = c * plane + y * stride;
      for (let x = 0; x < radius; x++) picture[row + x] = picture[row + radius + xs[x]!]!;
      for (let x = radius + width; x < stride; x++) {
        picture[row + x] = picture[row + radius + (xs[x] ?? width - 1)]!;
      }
    }
    for (const [y, from] of ys.entries()) {
      if (y === radius + from) continue;
      const source = c * plane + (radius + from) * stride;
      picture.copyWithin(c * plane + y * stride, source, source + stride);
    }
  }
  picture.fill(picture[3 * plane - 1]!, 3 * plane);
}
