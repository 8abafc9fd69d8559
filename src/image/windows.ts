/**
 * @file An image in windows, for networks that want certain sides or not too many pixels at once.
 *
 * Windows overlap, and their weights add up to 1 at every pixel, so that what is computed in them (a gradient) can be
 * put together again without a seam. Sides that a network cannot take are completed by reflection; `addWindow` is the
 * transpose of `cutWindow`, reflection included, so that gradients of what was made up reach the pixels it was made of.
 */
import { paddedIndices } from './border.ts';
import type { Size } from './image.ts';

/** How to cut. */
export interface WindowOptions {
  /** The longest side of a window, px; a multiple of `multiple`. */
  readonly side: number;
  /** How far neighbours reach into each other at least, px; a multiple of `multiple`, at most half of `side`. */
  readonly overlap: number;
  /** Sides and positions of windows are multiples of this, px. */
  readonly multiple: number;
  /** True where every window has to have exactly `side`, however small the image. */
  readonly fixed?: boolean;
  /** True where windows may be as small as their number allows, which saves pixels that two of them would see. */
  readonly even?: boolean;
}

/** A window along one axis. */
interface Span {
  /** The pixel of the image that stands at each position. */
  readonly pixels: Int32Array;
  /** 0..1, falling towards the window's inner edges. */
  readonly weights: Float32Array;
}

/** A part of an image; several windows share their spans. */
export interface Window {
  readonly columns: Span;
  readonly rows: Span;
}

/** Windows that cover an image of that size, row by row. */
export function windowsOf({ width, height }: Size, options: WindowOptions): readonly Window[] {
  const columns = spansOf(width, options);
  return spansOf(height, options).flatMap((rows) => columns.map((span) => ({ columns: span, rows })));
}

/** The sides of a window. */
export const windowSize = ({ columns, rows }: Window): Size => ({
  width: columns.pixels.length,
  height: rows.pixels.length,
});

function spansOf(n: number, options: WindowOptions): Span[] {
  const { side, overlap, multiple, fixed = false } = options;
  const whole = Math.max(Math.ceil(n / multiple) * multiple, fixed ? side : 0);
  const length = Math.min(whole, lengthOf(whole, options));
  const last = whole - length;
  const starts: number[] = [];
  for (let start = 0; start < last; start += length - overlap) starts.push(start);
  starts.push(last);

  const ramps = starts.map((start) => ramp(length, overlap, start > 0, start < last));
  const total = new Float64Array(whole);
  ramps.forEach((weights, k) => {
    for (let i = 0; i < length; i++) total[starts[k]! + i]! += weights[i]!;
  });
  const reflected = paddedIndices(n, whole - n, 'reflect101').subarray(whole - n);
  return starts.map((start, k) => ({
    pixels: reflected.slice(start, start + length),
    weights: Float32Array.from(ramps[k]!, (weight, i) => weight / total[start + i]!),
  }));
}

/** How long windows of an axis of that many pixels are: so many as `side` makes necessary, all as short as they can be. */
function lengthOf(whole: number, { side, overlap, multiple, fixed, even }: WindowOptions): number {
  if (!even || fixed || whole <= side) return side;
  const count = Math.ceil((whole - overlap) / (side - overlap));
  return Math.ceil(((whole - overlap) / count + overlap) / multiple) * multiple;
}

/** Rises over the overlap on sides where there is a neighbour. Never 0: where windows end, one of them has to count. */
function ramp(length: number, overlap: number, before: boolean, after: boolean): Float64Array {
  return Float64Array.from({ length }, (_, i) => {
    const rise = before ? (i + 1) / (overlap + 1) : 1;
    const fall = after ? (length - i) / (overlap + 1) : 1;
    return Math.min(rise, fall, 1);
  });
}

/** Copies a window out of `planes` [3, height, width] of an image of that size into an array of the window's size. */
export function cutWindow(
  planes: Float32Array,
  { width, height }: Size,
  { columns, rows }: Window,
): Float32Array {
  const across = columns.pixels.length;
  const cut = new Float32Array(3 * across * rows.pixels.length);
  let i = 0;
  for (let plane = 0; plane < 3; plane++) {
    for (const y of rows.pixels) {
      const row = (plane * height + y) * width;
      for (let x = 0; x < across; x++) cut[i++] = planes[row + columns.pixels[x]!]!;
    }
  }
  return cut;
}

/** Adds the values of a window, times its weights and `factor`, to `planes` of an image of that size. */
export function addWindow(
  planes: Float32Array,
  { width, height }: Size,
  { columns, rows }: Window,
  values: Float32Array,
  factor = 1,
): void {
  const across = columns.pixels.length;
  let i = 0;
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < rows.pixels.length; y++) {
      const row = (plane * height + rows.pixels[y]!) * width;
      const weight = rows.weights[y]! * factor;
      for (let x = 0; x < across; x++) {
        planes[row + columns.pixels[x]!]! += weight * columns.weights[x]! * values[i++]!;
      }
    }
  }
}

/** What a network makes of a window: as many values as it was given, planes [3, height, width] of `size`. */
export type OfWindow = (
  values: Float32Array,
  size: Size,
  index: number,
  count: number,
) => Promise<Float32Array>;

/**
 * What `f` makes of the planes [3, height, width] of an image, window by window, blended where windows overlap. What was
 * made up beyond the image's edges is dropped.
 */
export async function inWindows(
  planes: Float32Array,
  size: Size,
  options: WindowOptions,
  f: OfWindow,
): Promise<Float32Array> {
  const result = new Float32Array(planes.length);
  const windows = windowsOf(size, options);
  for (const [index, window] of windows.entries()) {
    const values = cutWindow(planes, size, window);
    pasteWindow(result, size, window, await f(values, windowSize(window), index, windows.length));
  }
  return result;
}

function pasteWindow(
  planes: Float32Array,
  { width, height }: Size,
  { columns, rows }: Window,
  values: Float32Array,
): void {
  const [left, top] = [columns.pixels[0]!, rows.pixels[0]!];
  const [across, down] = [columns.pixels.length, rows.pixels.length];
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < Math.min(down, height - top); y++) {
      const row = (plane * height + top + y) * width + left;
      const from = (plane * down + y) * across;
      const weight = rows.weights[y]!;
      for (let x = 0; x < Math.min(across, width - left); x++) {
        planes[row + x]! += weight * columns.weights[x]! * values[from + x]!;
      }
    }
  }
}
