/**
 * @file Local moments of two images under the window of structural similarity: an 11x11 Gaussian of sigma 1.5, at every
 * position inside the image, for each channel separately.
 */
import type { Size } from '../../image/image.ts';

/** Side of the window, and of the smallest image. */
export const WINDOW = 11;
export const CHANNELS = 3;

/** Wang et al.'s constants against division by zero, for a data range of 255. */
export const C1 = (0.01 * 255) ** 2;
export const C2 = (0.03 * 255) ** 2;

/** The weights at distance 0 to 5 from the centre; named, so that the loops below hold them in registers. */
const [W0, W1, W2, W3, W4, W5] = (() => {
  const half = [0, 1, 2, 3, 4, 5].map((distance) => Math.exp(-0.5 * (distance / 1.5) ** 2));
  const sum = half.reduce((total, weight, distance) => total + (distance === 0 ? 1 : 2) * weight, 0);
  return half.map((weight) => weight / sum) as [number, number, number, number, number, number];
})();

type Plane = Float32Array | Float64Array;

/**
 * Windowed means along one row of places, interleaved RGB: of a, of b, of a^2 + b^2 and of ab. Four are enough, for
 * the variances only occur as a sum. The arrays are used again for the next row.
 */
export type RowMeans = readonly [Float64Array, Float64Array, Float64Array, Float64Array];

/** Calls `visit` for each row of windows. @param a, b interleaved RGB, 0..255; float32 is exact for whole numbers */
export function overWindows(
  a: Plane,
  b: Plane,
  { width, height }: Size,
  visit: (means: RowMeans) => void,
): void {
  const line = width * CHANNELS;
  const inside = (width - WINDOW + 1) * CHANNELS;
  const Numbers = a instanceof Float32Array ? Float32Array : Float64Array;
  const squares = new Numbers(a.length); // of whole numbers up to 2 * 255^2: exact in float32
  const products = new Numbers(a.length);
  for (let i = 0; i < a.length; i++) {
    squares[i] = a[i]! * a[i]! + b[i]! * b[i]!;
    products[i] = a[i]! * b[i]!;
  }
  const planes = [a, b, squares, products];
  const column = new Float64Array(line);
  const means = [0, 1, 2, 3].map(() => new Float64Array(inside)) as unknown as RowMeans;
  for (let y = 0; y + WINDOW <= height; y++) {
    for (let k = 0; k < planes.length; k++) {
      weighColumns(planes[k]!, y * line, line, column);
      weighRow(column, means[k]!);
    }
    visit(means);
  }
}

/** Windowed sums down the columns, from the row that starts at `top`. */
function weighColumns(plane: Plane, top: number, line: number, out: Float64Array): void {
  for (let i = 0; i < line; i++) {
    const at = top + i;
    out[i] =
      W0 * plane[at + 5 * line]! +
      W1 * (plane[at + 4 * line]! + plane[at + 6 * line]!) +
      W2 * (plane[at + 3 * line]! + plane[at + 7 * line]!) +
      W3 * (plane[at + 2 * line]! + plane[at + 8 * line]!) +
      W4 * (plane[at + line]! + plane[at + 9 * line]!) +
      W5 * (plane[at]! + plane[at + 10 * line]!);
  }
}

/** Windowed sums along a row, each channel apart. */
function weighRow(row: Float64Array, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) {
    out[i] =
      W0 * row[i + 15]! +
      W1 * (row[i + 12]! + row[i + 18]!) +
      W2 * (row[i + 9]! + row[i + 21]!) +
      W3 * (row[i + 6]! + row[i + 24]!) +
      W4 * (row[i + 3]! + row[i + 27]!) +
      W5 * (row[i]! + row[i + 30]!);
  }
}
