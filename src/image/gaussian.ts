/** @file Gaussian blur of 8-bit pixels, as OpenCV's `GaussianBlur(src, (0, 0), sigma)` computes it. */
import { paddedIndices } from './border.ts';
import type { Shape, Size } from './image.ts';
import { roundHalfEven } from './round.ts';

/**
 * Weights in 1/256, with sum 256, symmetric around the middle one. The rounding error of each weight is carried to the next one
 * towards the centre, which takes what is left. Source: OpenCV 4.6, smooth.dispatch.cpp.
 */
export function gaussianWeights(sigma: number): Int32Array {
  const reach = (roundHalfEven(sigma * 6 + 1) | 1) >> 1;
  const radius = reach + (reach % 2); // even, with a weight of 0 at the end: the loops take two at a time
  const real = Float64Array.from({ length: reach }, (_, i) =>
    Math.exp((-0.5 * (i - reach) ** 2) / sigma ** 2),
  );
  const sum = 1 + 2 * real.reduce((total, weight) => total + weight, 0);
  const weights = new Int32Array(2 * radius + 1);
  let error = 0;
  let used = 0;
  for (let i = 0; i < reach; i++) {
    const exact = (real[i]! / sum) * 256 + error;
    const rounded = roundHalfEven(exact);
    error = exact - rounded;
    weights[radius - reach + i] = rounded;
    weights[radius + reach - i] = rounded;
    used += 2 * rounded;
  }
  weights[radius] = 256 - used;
  return weights;
}

/** Blurred pixels; the border is mirrored without repeating the edge pixel (reflect101). */
export function gaussianBlurBytes(pixels: Readonly<Uint8Array>, shape: Shape, sigma: number): Uint8Array {
  const weights = gaussianWeights(sigma);
  return columns(rows(pixels, shape, weights), shape, weights);
}

/** Along rows: sums in 1/256, exact in 16 bits. */
function rows(
  pixels: Readonly<Uint8Array>,
  { width, height, channels }: Shape,
  weights: Int32Array,
): Uint16Array {
  const radius = weights.length >> 1;
  const line = width * channels;
  const from = paddedIndices(width, radius, 'reflect101');
  const padded = new Uint8Array(from.length * channels);
  const sums = new Int32Array(line);
  const out = new Uint16Array(line * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0, to = 0; x < from.length; x++) {
      for (let c = 0; c < channels; c++) padded[to++] = pixels[y * line + from[x]! * channels + c]!;
    }
    const middle = radius * channels;
    for (let i = 0; i < line; i++) sums[i] = Math.imul(padded[middle + i]!, weights[radius]!);
    for (let j = 1; j <= radius; j += 2) {
      const near = weights[radius + j]!;
      const far = weights[radius + j + 1]!;
      const left = middle - j * channels;
      const right = middle + j * channels;
      for (let i = 0; i < line; i++) {
        sums[i] =
          sums[i]! +
          Math.imul(padded[left + i]! + padded[right + i]!, near) +
          Math.imul(padded[left + i - channels]! + padded[right + i + channels]!, far);
      }
    }
    for (let i = 0; i < line; i++) out[y * line + i] = sums[i]!;
  }
  return out;
}

/** Along columns: sums in 1/65536, rounded half up to 8 bits. */
function columns(values: Uint16Array, { width, height, channels }: Shape, weights: Int32Array): Uint8Array {
  const radius = weights.length >> 1;
  const line = width * channels;
  const from = paddedIndices(height, radius, 'reflect101');
  const sums = new Int32Array(line);
  const out = new Uint8Array(line * height);
  for (let y = 0; y < height; y++) {
    const middle = y * line;
    for (let i = 0; i < line; i++) sums[i] = Math.imul(values[middle + i]!, weights[radius]!) + 32768;
    for (let j = 1; j <= radius; j += 2) {
      const near = weights[radius + j]!;
      const far = weights[radius + j + 1]!;
      const above = from[y + radius - j]! * line;
      const below = from[y + radius + j]! * line;
      const top = from[y + radius - j - 1]! * line;
      const bottom = from[y + radius + j + 1]! * line;
      for (let i = 0; i < line; i++) {
        sums[i] =
          sums[i]! +
          Math.imul(values[above + i]! + values[below + i]!, near) +
          Math.imul(values[top + i]! + values[bottom + i]!, far);
      }
    }
    for (let i = 0; i < line; i++) out[middle + i] = sums[i]! >> 16;
  }
  return out;
}

/** A blurred copy of float planes [n, height, width], in full precision; the border is mirrored (reflect101). */
export function gaussianBlurPlanes(
  planes: Readonly<Float32Array>,
  { width, height }: Size,
  sigma: number,
): Float32Array {
  const weights = Float32Array.from(gaussianWeights(sigma), (weight) => weight / 256);
  const radius = weights.length >> 1;
  const across = paddedIndices(width, radius, 'reflect101');
  const down = paddedIndices(height, radius, 'reflect101');
  const out = new Float32Array(planes.length);
  const rows = new Float32Array(width * height);
  const line = new Float32Array(across.length);
  for (let plane = 0; plane < planes.length; plane += rows.length) {
    rows.fill(0);
    for (let y = 0; y < height; y++) {
      const at = plane + y * width;
      for (let x = 0; x < line.length; x++) line[x] = planes[at + across[x]!]!;
      for (let j = 0; j < weights.length; j++) {
        const weight = weights[j]!;
        for (let x = 0; x < width; x++) rows[y * width + x]! += weight * line[x + j]!;
      }
    }
    for (let y = 0; y < height; y++) {
      const to = plane + y * width;
      for (let j = 0; j < weights.length; j++) {
        const weight = weights[j]!;
        const from = down[y + j]! * width;
        for (let x = 0; x < width; x++) out[to + x]! += weight * rows[from + x]!;
      }
    }
  }
  return out;
}
