/**
 * @file What filters of 8-bit pixels in WebAssembly share: a picture's rows as bytes, channels interleaved, with rows above and
 * below, so that a filter along columns sees neighbours at fixed distances and does sixteen values at a time; for filters over
 * squares with margins to the left and right, too.
 */
import { type Border, paddedIndices } from '../border.ts';
import type { Shape } from '../image.ts';

/** A padded picture in a kernel's memory. */
export interface FlatLayout {
  readonly radius: number;
  /** Bytes from row to row, of the padded picture and of the result; the rest of the last sixteen values is room. */
  readonly pitch: number;
  readonly line: number;
  /** Where the padded picture's first row and the result begin. */
  readonly padded: number;
  readonly result: number;
  readonly bytes: number;
}

/** A picture as it is, with `radius` rows above and below. What is read beyond the end of a row is the next one's begin. */
export function rowsLayout({ width, height, channels }: Shape, radius: number): FlatLayout {
  const pitch = width * channels;
  const line = 16 * Math.ceil(pitch / 16);
  const result = 16 * Math.ceil((pitch * (height + 2 * radius)) / 16) + 16;
  return { radius, pitch, line, padded: 0, result, bytes: result + line * height };
}

/** Writes a picture and the rows beyond its edges. */
export function writeRows(
  pixels: Readonly<Uint8Array>,
  { height }: Shape,
  { radius, pitch, padded }: FlatLayout,
  memory: ArrayBufferLike,
  border: Border,
): void {
  const out = new Uint8Array(memory, padded);
  out.set(pixels, radius * pitch);
  for (const [row, y] of paddedIndices(height, radius, border).entries()) {
    if (row >= radius && row < radius + height) continue;
    out.set(pixels.subarray(y * pitch, (y + 1) * pitch), row * pitch);
  }
}

export function flatLayout(
  { width, height, channels }: Shape,
  radius: number,
  /** Rows above and below, where those are stored. */
  above: number,
): FlatLayout {
  const line = 16 * Math.ceil((width * channels) / 16);
  const pitch = 16 * Math.ceil((line + 2 * radius * channels) / 16);
  const result = pitch * (height + 2 * above) + 16;
  return { radius, pitch, line, padded: 0, result, bytes: result + line * height };
}

/** Writes a picture and its margins; `above` rows beyond either edge. */
export function writePadded(
  pixels: Readonly<Uint8Array>,
  { width, height, channels }: Shape,
  { radius, pitch, padded }: FlatLayout,
  memory: ArrayBufferLike,
  above: number,
  border: Border,
): void {
  const out = new Uint8Array(memory, padded);
  const xs = paddedIndices(width, radius, border);
  for (const [row, y] of paddedIndices(height, above, border).entries()) {
    const from = y * width * channels;
    const to = row * pitch;
    out.set(pixels.subarray(from, from + width * channels), to + radius * channels);
    for (let i = 0; i < 2 * radius; i++) {
      const x = i < radius ? i : width + i;
      for (let c = 0; c < channels; c++) out[to + x * channels + c] = pixels[from + xs[x]! * channels + c]!;
    }
  }
}

/** The result, without what completes its rows. */
export function readResult(
  { width, height, channels }: Shape,
  { line, result }: FlatLayout,
  memory: ArrayBufferLike,
): Uint8Array {
  const row = width * channels;
  const from = new Uint8Array(memory, result, line * height);
  if (line === row) return from.slice();
  const out = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) out.set(from.subarray(y * line, y * line + row), y * row);
  return out;
}
