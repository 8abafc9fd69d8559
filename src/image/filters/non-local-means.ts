/**
 * @file Non-local means of 8-bit pixels, as OpenCV's `fastNlMeansDenoising` computes it: weights are integers,
 * looked up by the squared distance of two patches, edges reflect (101).
 *
 * Source: Buades, Coll and Morel, A non-local algorithm for image denoising (2005); OpenCV 4.6, `fast_nlmeans`.
 */
import { filterThreads, inBands } from '../../wasm/threads.ts';
import { paddedIndices } from '../border.ts';
import type { Shape } from '../image.ts';
import { kernelsBySize } from '../../wasm/module.ts';
import { type MeansLayout, meansLayout, meansRoutines } from './non-local-means-kernel.ts';
import { roundHalfEven } from '../round.ts';

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

/** Distances are shifted right instead of divided by the pixels of a patch. */
interface Weights {
  /** As far as weights are above 0, and one 0. */
  readonly table: Int32Array;
  readonly shift: number;
}

/** The picture in which each pixel is the mean of those around it, weighed by how alike their patches are; 1 or 2 channels. */
export function nonLocalMeans(
  pixels: Readonly<Uint8Array>,
  shape: Shape,
  { h, template, search }: NonLocalMeansOptions,
  threads = filterThreads,
): Uint8Array {
  const { width, height, channels } = shape;
  const kernel = kernels(threads, width, height, channels, h, template, search);
  const { layout, memory } = kernel;
  pad(pixels, layout, new Uint8Array(memory, layout.padded));
  new Uint8Array(memory, layout.totals, layout.sums - layout.totals).fill(0);
  inBands(kernel, threads, (run) => run('band', layout.bands));
  return divided(layout, memory);
}

const kernels = kernelsBySize(
  (threads, width: number, height: number, channels: number, h: number, template: number, search: number) => {
    const { table, shift } = weightTable(h, channels, template, search);
    const entries = table.length;
    const layout = meansLayout(
      { width, height, channels },
      { patch: template >> 1, reach: search >> 1, entries, shift, threads },
    );
    return {
      layout,
      bytes: layout.bytes,
      routines: meansRoutines(layout),
      prepare: (memory: ArrayBufferLike) => new Int32Array(memory, layout.table, entries).set(table),
    };
  },
);

/** Weighed pixels over weights, rounded half up. */
function divided(layout: MeansLayout, memory: ArrayBufferLike): Uint8Array {
  const { width, height, channels, columns, plane, totals } = layout;
  const weights = new Uint32Array(memory, totals, columns * height);
  const out = new Uint8Array(width * height * channels);
  for (let c = 0; c < channels; c++) {
    const sums = new Uint32Array(memory, totals + (1 + c) * plane, columns * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0, at = y * columns; x < width; x++, at++) {
        const weight = weights[at]!;
        out[(y * width + x) * channels + c] = Math.floor((sums[at]! + (weight >>> 1)) / weight);
      }
    }
  }
  return out;
}

function pad(
  pixels: Readonly<Uint8Array>,
  { width, height, channels, patch, reach, pitch }: MeansLayout,
  out: Uint8Array,
): void {
  const border = patch + reach;
  const xs = paddedIndices(width, border, 'reflect101');
  for (const [row, y] of paddedIndices(height, border, 'reflect101').entries()) {
    const from = y * width * channels;
    const to = row * pitch;
    for (let x = 0; x < xs.length; x++) {
      for (let c = 0; c < channels; c++) out[to + x * channels + c] = pixels[from + xs[x]! * channels + c]!;
    }
  }
}

/** Weights by the sum of squared differences of two patches, shifted right. OpenCV squares `h` in float32. */
function weightTable(h: number, channels: number, template: number, search: number): Weights {
  const one = Math.floor((2 ** 31 - 1) / (search * search * 255)); // sums of weighed pixels fit into 31 bits
  const shift = Math.ceil(Math.log2(template * template));
  const step = 2 ** shift / (template * template);
  const strength = Math.fround(Math.fround(Math.fround(h) ** 2) * channels);
  const entries = Math.floor((255 * 255 * channels) / step) + 1;
  const weights: number[] = [];
  for (let i = 0; i < entries; i++) {
    const weight = roundHalfEven(one * Math.exp((-i * step) / strength));
    if (weight < THRESHOLD * one) break;
    weights.push(weight);
  }
  return { table: Int32Array.from([...weights, 0]), shift };
}
