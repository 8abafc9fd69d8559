/** @file Box filter of one plane of floats: the mean of a square around each value. */
import { paddedIndices } from '../border.ts';
import type { Size } from '../image.ts';

/** A filter for planes of one size; it keeps its index tables and its sums. */
export type BoxMean = (plane: Readonly<Float32Array>, out?: Float32Array) => Float32Array;

/**
 * The mean of the `2 radius + 1` px square around each value, edges reflected, as OpenCV's `boxFilter` with
 * BORDER_REFLECT computes it. Sums run along columns and rows, so that the cost does not depend on the radius;
 * they are doubles, whose rounding does not show in float32.
 */
export function boxMean({ width, height }: Size, radius: number): BoxMean {
  const xs = paddedIndices(width, radius, 'reflect');
  const ys = paddedIndices(height, radius, 'reflect');
  const side = 2 * radius + 1;
  const share = 1 / (side * side);
  const columns = new Float64Array(width);
  return (plane, out = new Float32Array(width * height)) => {
    columns.fill(0);
    for (let j = 0; j < side - 1; j++) slide(columns, plane, ys[j]! * width, -1);
    for (let y = 0; y < height; y++) {
      slide(columns, plane, ys[y + side - 1]! * width, y === 0 ? -1 : ys[y - 1]! * width);
      let sum = 0;
      for (let i = 0; i < side - 1; i++) sum += columns[xs[i]!]!;
      const row = y * width;
      for (let x = 0; x < width; x++) {
        sum += columns[xs[x + side - 1]!]!;
        out[row + x] = sum * share;
        sum -= columns[xs[x]!]!;
      }
    }
    return out;
  };
}

/** Adds the row that starts at `entering` to the sums, and takes off the one at `leaving` unless that is -1. */
function slide(
  columns: Float64Array,
  plane: Readonly<Float32Array>,
  entering: number,
  leaving: number,
): void {
  if (leaving < 0) for (let x = 0; x < columns.length; x++) columns[x] = columns[x]! + plane[entering + x]!;
  else {
    for (let x = 0; x < columns.length; x++) {
      columns[x] = columns[x]! + plane[entering + x]! - plane[leaving + x]!;
    }
  }
}
