/** @file Gaussian blur of 8-bit pixels, as OpenCV's `GaussianBlur(src, (0, 0), sigma)` computes it. */
import { inBands, threadsFor } from '../../wasm/threads.ts';
import { paddedIndices } from '../border.ts';
import { readResult, writeRows } from './flat-kernel.ts';
import { blurLayout, blurRoutines } from './gaussian-kernel.ts';
import type { Shape, Size } from '../image.ts';
import { kernelsBySize } from '../../wasm/module.ts';
import { roundHalfEven } from '../round.ts';

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
export function gaussianBlurBytes(
  pixels: Readonly<Uint8Array>,
  shape: Shape,
  sigma: number,
  threads = threadsFor(shape.width * shape.height),
): Uint8Array {
  const { width, height, channels } = shape;
  const kernel = kernels(threads, width, height, channels, sigma);
  const { layout, memory } = kernel;
  writeRows(pixels, shape, layout, memory, 'reflect101');
  inBands(kernel, threads, (run) => run('band', layout.bands));
  return readResult(shape, layout, memory);
}

const kernels = kernelsBySize((threads, width: number, height: number, channels: number, sigma: number) => {
  const shape = { width, height, channels };
  const weights = gaussianWeights(sigma);
  const half = weights.subarray(weights.length >> 1);
  const layout = blurLayout(
    shape,
    half.findLastIndex((weight) => weight !== 0),
    threads,
  );
  return { layout, bytes: layout.bytes, routines: blurRoutines(shape, layout, half) };
});

/** Blurs float planes [n, height, width] in place, in full precision; the border is mirrored (reflect101). */
export function blurPlanes(planes: Float32Array, { width, height }: Size, sigma: number): void {
  const weights = Float32Array.from(gaussianWeights(sigma), (weight) => weight / 256);
  const radius = weights.length >> 1;
  const across = paddedIndices(width, radius, 'reflect101');
  const down = paddedIndices(height, radius, 'reflect101');
  const rows = new Float32Array(width * height);
  const line = new Float32Array(across.length);
  for (let at = 0; at < planes.length; at += rows.length) {
    const plane = planes.subarray(at, at + rows.length);
    rows.fill(0);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < line.length; x++) line[x] = plane[y * width + across[x]!]!;
      const row = rows.subarray(y * width, (y + 1) * width);
      for (let j = 0; j < weights.length; j++) addTimes(row, weights[j]!, line, j);
    }
    plane.fill(0);
    for (let y = 0; y < height; y++) {
      const row = plane.subarray(y * width, (y + 1) * width);
      for (let j = 0; j < weights.length; j++) addTimes(row, weights[j]!, rows, down[y + j]! * width);
    }
  }
}

/** sum += weight * values, from a place in them on. */
function addTimes(sum: Float32Array, weight: number, values: Readonly<Float32Array>, from: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[from + i]!;
}
