/** @file Median filter of 8-bit pixels, as OpenCV's `medianBlur` computes it: each channel apart, edges replicated. */
import { paddedIndices } from './border.ts';
import type { Shape } from './image.ts';

/** The median of the `size` x `size` pixels around each pixel; `size` is odd, 3 to 255. */
export function medianBytes(pixels: Readonly<Uint8Array>, shape: Shape, size: number): Uint8Array {
  const out = new Uint8Array(pixels.length);
  for (let c = 0; c < shape.channels; c++) medianOfChannel(pixels, shape, c, size >> 1, out);
  return out;
}

/**
 * A histogram slides along each row and its median moves with it, so that a step costs `size` pixels in and out.
 * Source: Huang, Yang and Tang, A fast two-dimensional median filtering algorithm (1979).
 */
function medianOfChannel(
  pixels: Readonly<Uint8Array>,
  { width, height, channels }: Shape,
  channel: number,
  radius: number,
  out: Uint8Array,
): void {
  const size = 2 * radius + 1;
  const half = (size * size) >> 1; // values below the median
  const xs = paddedIndices(width, radius, 'replicate').map((x) => x * channels + channel);
  const ys = paddedIndices(height, radius, 'replicate').map((y) => y * width * channels);
  const counts = new Int32Array(256);
  for (let y = 0; y < height; y++) {
    counts.fill(0);
    for (let j = 0; j < size; j++) for (let i = 0; i < size; i++) counts[pixels[ys[y + j]! + xs[i]!]!]!++;
    let median = 0;
    let below = 0; // how many values of the window are smaller than `median`
    for (let x = 0; x < width; x++) {
      while (below > half) below -= counts[--median]!;
      while (below + counts[median]! <= half) below += counts[median++]!;
      out[(y * width + x) * channels + channel] = median;
      if (x + 1 === width) break;
      for (let j = 0; j < size; j++) {
        const leaving = pixels[ys[y + j]! + xs[x]!]!;
        const entering = pixels[ys[y + j]! + xs[x + size]!]!;
        counts[leaving]!--;
        counts[entering]!++;
        below += (entering < median ? 1 : 0) - (leaving < median ? 1 : 0);
      }
    }
  }
}
