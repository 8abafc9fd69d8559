/**
 * @file Non-local means of 8-bit pixels, as OpenCV's `fastNlMeansDenoising` computes it: weights are integers,
 * looked up by the squared distance of two patches, edges reflect (101).
 *
 * Source: Buades, Coll and Morel, A non-local algorithm for image denoising (2005); OpenCV 4.6, `fast_nlmeans`.
 */
import { paddedIndices } from './border.ts';
import type { Shape, Size } from './image.ts';

export interface NonLocalMeansOptions {
  /** Filter strength in grey levels: patches that differ more than this weigh little. */
  readonly h: number;
  /** Side of the patches, odd, in px. */
  readonly template: number;
  /** Side of the square in which patches are compared, odd, in px. */
  readonly search: number;
}

/** Weights below this share of the largest count as 0. */
const THRESHOLD = 0.001;

/** The picture in which each pixel is the mean of those around it, weighed by how alike their patches are. */
export function nonLocalMeans(
  pixels: Readonly<Uint8Array>,
  shape: Shape,
  { h, template, search }: NonLocalMeansOptions,
): Uint8Array {
  const { width, height, channels } = shape;
  const [patch, reach] = [template >> 1, search >> 1];
  const border = patch + reach;
  const padded = pad(pixels, shape, border);
  const columns = width + 2 * border;
  const { table, shift } = weightTable(h, channels, template, search);
  const weights = new Int32Array(width * height);
  const sums = new Float64Array(width * height);
  const totals = new Float64Array(pixels.length);
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const offset = (dy * columns + dx) * channels;
      patchWeights(padded, columns, shape, border, patch, offset, table, shift, weights);
      addWeighted(padded, columns, shape, border, offset, weights, sums, totals);
    }
  }
  return Uint8Array.from(totals, (total, i) => {
    const sum = sums[(i / channels) | 0]!;
    return Math.floor((total + Math.floor(sum / 2)) / sum);
  });
}

function pad(pixels: Readonly<Uint8Array>, { width, height, channels }: Shape, border: number): Uint8Array {
  const xs = paddedIndices(width, border, 'reflect101');
  const ys = paddedIndices(height, border, 'reflect101');
  const out = new Uint8Array(xs.length * ys.length * channels);
  let to = 0;
  for (const y of ys) {
    for (const x of xs) {
      for (let c = 0; c < channels; c++) out[to++] = pixels[(y * width + x) * channels + c]!;
    }
  }
  return out;
}

/** Weights by the sum of squared differences of two patches, shifted right instead of divided by their pixels. */
function weightTable(
  h: number,
  channels: number,
  template: number,
  search: number,
): { table: Int32Array; shift: number } {
  const one = Math.floor((2 ** 31 - 1) / (search * search * 255)); // sums of weighed pixels fit into 31 bits
  const shift = Math.ceil(Math.log2(template * template));
  const step = 2 ** shift / (template * template);
  const table = new Int32Array(Math.floor((255 * 255 * channels) / step) + 2);
  for (let i = 0; i < table.length; i++) {
    const weight = i === 0 ? one : roundHalfEven(one * Math.exp((-i * step) / (h * h * channels)));
    table[i] = weight < THRESHOLD * one ? 0 : weight;
  }
  return { table, shift };
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below + (below % 2);
}

/** The weight of the pixel at `offset` from each pixel; sums of differences slide down columns and along rows. */
function patchWeights(
  padded: Readonly<Uint8Array>,
  columns: number,
  { width, height, channels }: Shape,
  border: number,
  patch: number,
  offset: number,
  table: Readonly<Int32Array>,
  shift: number,
  weights: Int32Array,
): void {
  const side = 2 * patch + 1;
  const left = (border - patch) * channels;
  const line = columns * channels;
  const sums = new Int32Array((width + 2 * patch) * channels);
  const slide = (row: number, sign: 1 | -1) => {
    const from = row * line + left;
    for (let i = 0; i < sums.length; i++) {
      const difference = padded[from + i]! - padded[from + i + offset]!;
      sums[i] = sums[i]! + sign * difference * difference;
    }
  };
  const first = border - patch;
  for (let j = 0; j < side - 1; j++) slide(first + j, 1);
  for (let y = 0; y < height; y++) {
    slide(first + y + side - 1, 1);
    let distance = 0;
    for (let i = 0; i < (side - 1) * channels; i++) distance += sums[i]!;
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) distance += sums[(x + side - 1) * channels + c]!;
      weights[y * width + x] = table[distance >> shift]!;
      for (let c = 0; c < channels; c++) distance -= sums[x * channels + c]!;
    }
    slide(first + y, -1);
  }
}

function addWeighted(
  padded: Readonly<Uint8Array>,
  columns: number,
  { width, height, channels }: Size & Shape,
  border: number,
  offset: number,
  weights: Readonly<Int32Array>,
  sums: Float64Array,
  totals: Float64Array,
): void {
  for (let y = 0; y < height; y++) {
    const from = ((y + border) * columns + border) * channels + offset;
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      const weight = weights[pixel]!;
      if (weight === 0) continue;
      sums[pixel] = sums[pixel]! + weight;
      for (let c = 0; c < channels; c++) {
        const at = pixel * channels + c;
        totals[at] = totals[at]! + weight * padded[from + x * channels + c]!;
      }
    }
  }
}
