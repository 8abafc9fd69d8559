/** @file Median filter of 8-bit pixels, as OpenCV's `medianBlur` computes it: each channel apart, edges replicated. */
import { inBands, threadsFor } from '../../wasm/threads.ts';
import { paddedIndices } from '../border.ts';
import {
  type FlatLayout,
  flatLayout,
  readResult,
  rowsLayout,
  writePadded,
  writeRows,
} from './flat-kernel.ts';
import { medianOfNineRoutine } from './median-of-nine.ts';
import type { Shape } from '../image.ts';
import { kernelsBySize, type Routine } from '../../wasm/module.ts';
import { medianNetwork } from './median-network.ts';
import { advance, type Code, i8x16, i32, type Local, repeat, sequence, v128 } from '../../wasm/assembler.ts';

/** Up to this side a network of minima and maxima is faster than a histogram. */
const LARGEST_NETWORK = 11;

/** The median of the `size` x `size` pixels around each pixel; `size` is odd, 3 to 255. */
export function medianBytes(
  pixels: Readonly<Uint8Array>,
  shape: Shape,
  size: number,
  threads = threadsFor(shape.width * shape.height),
): Uint8Array {
  if (size <= LARGEST_NETWORK) return medianByNetwork(pixels, shape, size, threads);
  const out = new Uint8Array(pixels.length);
  for (let c = 0; c < shape.channels; c++) medianOfChannel(pixels, shape, c, size >> 1, out);
  return out;
}

const BAND_ROWS = 64;

const kernels = kernelsBySize((_threads, width: number, height: number, channels: number, size: number) => {
  const shape = { width, height, channels };
  const radius = size >> 1;
  const layout = size === 3 ? rowsLayout(shape, radius) : flatLayout(shape, radius, radius);
  const routine = size === 3 ? medianOfNineRoutine(shape, layout, BAND_ROWS) : networkRoutine(shape, layout);
  return { layout, bytes: layout.bytes, routines: { band: routine } };
});

function medianByNetwork(
  pixels: Readonly<Uint8Array>,
  shape: Shape,
  size: number,
  threads: number,
): Uint8Array {
  const { width, height, channels } = shape;
  const kernel = kernels(threads, width, height, channels, size);
  const { layout, memory } = kernel;
  if (size === 3) writeRows(pixels, shape, layout, memory, 'replicate');
  else writePadded(pixels, shape, layout, memory, size >> 1, 'replicate');
  inBands(kernel, threads, (run) => run('band', Math.ceil(height / BAND_ROWS)));
  return readResult(shape, layout, memory);
}

/** Parameters: band, thread. */
const networkRoutine = ({ height, channels }: Shape, layout: FlatLayout): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const { radius, pitch, line, padded, result } = layout;
    const size = 2 * radius + 1;
    const [first, rows, count] = [local('i32'), local('i32'), local('i32')];
    const [from, to, spare] = [local('i32'), local('i32'), local('v128')];
    const wires = Array.from({ length: size * size }, () => local('v128'));
    const compare = ({ get: a, set: setA }: Local, { get: b, set: setB }: Local) => ({
      low: setA(i8x16.min(a, b)),
      high: setB(i8x16.max(a, b)),
      both: sequence(spare.set(i8x16.min(a, b)), setB(i8x16.max(a, b)), setA(spare.get)),
    });
    const network = medianNetwork(wires.length).map(({ low, high, keepsLow, keepsHigh }): Code => {
      const made = compare(wires[low]!, wires[high]!);
      return keepsLow && keepsHigh ? made.both : keepsLow ? made.low : made.high;
    });
    const left = i32.sub(i32.constant(height), first.get);
    return sequence(
      first.set(i32.mul(parameters[0]!.get, i32.constant(BAND_ROWS))),
      from.set(i32.add(i32.constant(padded), i32.mul(first.get, i32.constant(pitch)))),
      to.set(i32.add(i32.constant(result), i32.mul(first.get, i32.constant(line)))),
      rows.set(i32.select(left, i32.constant(BAND_ROWS), i32.less(left, i32.constant(BAND_ROWS)))),
      repeat(
        rows,
        sequence(
          count.set(i32.constant(line / 16)),
          repeat(
            count,
            sequence(
              ...wires.map((wire, k) =>
                wire.set(v128.load(from.get, Math.floor(k / size) * pitch + (k % size) * channels)),
              ),
              ...network,
              v128.store(to.get, 0, wires[wires.length >> 1]!.get),
              advance(from, 16),
              advance(to, 16),
            ),
          ),
          advance(from, pitch - line),
        ),
      ),
    );
  },
});

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
