/**
 * @file Resizing exactly as Pillow does it: antialiased when shrinking, and in fixed point for 8-bit pixels.
 *
 * A convolution along rows, then one along columns. An output pixel i looks at the input around
 * c = (i + 1/2) s with s = in/out, through the kernel f stretched by max(s, 1):
 *   w_j = f((j + 1/2 - c) / max(s, 1)), normalised to sum 1 (at an edge too: no pixel is invented there).
 * Source: Pillow, src/libImaging/Resample.c and Geometry.c (nearest).
 */
import { fromBytes, type Image, type Shape, type Size, toBytes } from './image.ts';
import { BITS, type FixedWindows, HALF, resizeRgb } from './resample-kernel.ts';

interface Kernel {
  /** f is 0 beyond this distance, in input pixels at scale 1. */
  readonly support: number;
  f(x: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

// Pillow writes these two in single precision.
const H0 = Math.fround(0.54);
const H1 = Math.fround(0.46);

const A = -0.5; // Pillow's bicubic; OpenCV and libvips have others

const KERNELS = {
  box: { support: 0.5, f: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, f: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    support: 1,
    f: (x) => (Math.abs(x) >= 1 ? 0 : sinc(x) * (H0 + H1 * Math.cos(Math.PI * x))),
  },
  bicubic: {
    support: 2,
    f: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    },
  },
  lanczos: { support: 3, f: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
} satisfies Record<string, Kernel>;

/** Names of the resampling kernels, nearest first, then by growing support. */
export const RESAMPLE_KERNELS = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const;
export type ResampleKernel = (typeof RESAMPLE_KERNELS)[number];
type ConvolutionKernel = keyof typeof KERNELS;

/** For every output position: where its window starts, how long it is, and its weights (`stride` apart). */
interface Windows {
  readonly start: Int32Array;
  readonly length: Int32Array;
  readonly weights: Float64Array;
  /** A multiple of four: what lies beyond a window's length has weight 0. */
  readonly stride: number;
}

/** An image of another size, computed on its 8-bit pixels; opacity is resized apart, without premultiplying. */
export function resize(image: Image, width: number, height: number, kernel: ResampleKernel): Image {
  const to = { width, height };
  const pixels = resizeBytes(toBytes(image), { ...image, channels: 3 }, to, kernel);
  const alpha = image.alpha && resizeBytes(image.alpha, { ...image, channels: 1 }, to, kernel);
  return fromBytes(width, height, pixels, alpha);
}

/** An image at a size; the very image if it has that size, whose values need not lie on 8-bit levels. */
export const atSize = (image: Image, { width, height }: Size, kernel: ResampleKernel): Image =>
  image.width === width && image.height === height ? image : resize(image, width, height, kernel);

/** Pillow's resize of 8-bit pixels, exact: 22-bit fixed point, rounded and clipped after each pass. */
export function resizeBytes(
  pixels: Readonly<Uint8Array>,
  from: Shape,
  to: Size,
  kernel: ResampleKernel,
): Uint8Array {
  if (kernel === 'nearest')
    return nearest(pixels, from, to, new Uint8Array(to.width * to.height * from.channels));
  if (from.width === to.width && from.height === to.height) return pixels.slice();
  if (from.channels === 3) {
    const along = (length: number, out: number): FixedWindows | undefined =>
      length === out ? undefined : fixedWindows(length, out, KERNELS[kernel]);
    const [columns, rows] = [along(from.width, to.width), along(from.height, to.height)];
    return resizeRgb(pixels, from, to, columns, rows);
  }
  const rows = from.width === to.width ? pixels : rowsOfBytes(pixels, from, to.width, kernel);
  if (from.height === to.height) return rows as Uint8Array;
  return columnsOfBytes(rows, { ...from, width: to.width }, to.height, kernel);
}

/** Pillow's resize of float32 pixels (mode F): sums in double, no rounding, no clipping. Any range. */
export function resizeFloats(
  pixels: Readonly<Float32Array>,
  from: Shape,
  to: Size,
  kernel: ResampleKernel,
): Float32Array {
  if (kernel === 'nearest')
    return nearest(pixels, from, to, new Float32Array(to.width * to.height * from.channels));
  const rows = from.width === to.width ? pixels : rowsOfFloats(pixels, from, to.width, kernel);
  if (from.height === to.height) return rows === pixels ? pixels.slice() : (rows as Float32Array);
  return columnsOfFloats(rows, { ...from, width: to.width }, to.height, kernel);
}

function windows(inSize: number, outSize: number, { support, f }: Kernel): Windows {
  const scale = inSize / outSize;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const stride = (Math.ceil(reach) * 2 + 4) & ~3;
  const start = new Int32Array(outSize);
  const length = new Int32Array(outSize);
  const weights = new Float64Array(outSize * stride);
  for (let i = 0; i < outSize; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const count = Math.min(inSize, Math.trunc(centre + reach + 0.5)) - first;
    let sum = 0;
    for (let j = 0; j < count; j++) {
      const weight = f((j + first - centre + 0.5) * (1 / stretch));
      weights[i * stride + j] = weight;
      sum += weight;
    }
    if (sum !== 0) for (let j = 0; j < count; j++) weights[i * stride + j]! /= sum;
    start[i] = first;
    length[i] = count;
  }
  return { start, length, weights, stride };
}

/**
 * For each output position of a line of `inSize` values resized to `outSize`: where its window starts, and its weights
 * as `resizeBytes` has them.
 */
export function resampleWeights(
  inSize: number,
  outSize: number,
  kernel: ResampleKernel,
): (i: number) => { readonly start: number; readonly weights: Float64Array } {
  if (kernel === 'nearest' || inSize === outSize) {
    const at = positions(inSize, outSize);
    return (i) => ({ start: at[i]!, weights: Float64Array.of(1) });
  }
  const { start, length, weights, stride } = windows(inSize, outSize, KERNELS[kernel]);
  const fixed = Float64Array.from(fixedPoint(weights), (weight) => weight / 2 ** BITS);
  return (i) => ({ start: start[i]!, weights: fixed.subarray(i * stride, i * stride + length[i]!) });
}

/** Weights in fixed point, rounded half away from zero. */
function fixedPoint(weights: Float64Array): Int32Array {
  const fixed = new Int32Array(weights.length);
  for (let i = 0; i < fixed.length; i++) {
    fixed[i] = Math.trunc(weights[i]! * (1 << BITS) + (weights[i]! < 0 ? -0.5 : 0.5));
  }
  return fixed;
}

/** No longer than the longest of them asks for. */
function fixedWindows(inSize: number, outSize: number, kernel: Kernel): FixedWindows {
  const { start, length, weights, stride } = windows(inSize, outSize, kernel);
  const longest = 4 * Math.ceil(length.reduce((a, b) => Math.max(a, b)) / 4);
  const fixed = fixedPoint(weights);
  const cut = new Int32Array(outSize * longest);
  for (let i = 0; i < outSize; i++) {
    cut.set(fixed.subarray(i * stride, i * stride + length[i]!), i * longest);
  }
  return { start, weights: cut, stride: longest };
}

function rowsOfBytes(
  pixels: Readonly<Uint8Array>,
  from: Shape,
  width: number,
  kernel: ConvolutionKernel,
): Uint8Array {
  const { start, length, weights, stride } = windows(from.width, width, KERNELS[kernel]);
  const fixed = fixedPoint(weights);
  const { channels, height } = from;
  const out = new Uint8ClampedArray(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += channels) {
      const first = (y * from.width + start[x]!) * channels;
      const last = x * stride + length[x]!;
      for (let c = 0; c < channels; c++) {
        let sum = HALF;
        for (let j = x * stride, at = first + c; j < last; j++, at += channels) {
          sum = (sum + Math.imul(pixels[at]!, fixed[j]!)) | 0;
        }
        out[to + c] = sum >> BITS;
      }
    }
  }
  return new Uint8Array(out.buffer);
}

/** Four rows at a time, which spares most of the traffic of the sums. */
function columnsOfBytes(
  pixels: Readonly<Uint8Array>,
  from: Shape,
  height: number,
  kernel: ConvolutionKernel,
): Uint8Array {
  const { start, length, weights, stride } = windows(from.height, height, KERNELS[kernel]);
  const fixed = fixedPoint(weights);
  const line = from.width * from.channels;
  const sums = new Int32Array(line);
  const out = new Uint8ClampedArray(line * height);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let j = 0; j < length[y]!; j += 4) {
      const [r0, r1, r2, r3] = fourRows(start[y]! + j, from.height, line);
      const w0 = fixed[y * stride + j]!;
      const w1 = fixed[y * stride + j + 1]!;
      const w2 = fixed[y * stride + j + 2]!;
      const w3 = fixed[y * stride + j + 3]!;
      for (let i = 0; i < line; i++) {
        sums[i] =
          sums[i]! +
          Math.imul(pixels[r0 + i]!, w0) +
          Math.imul(pixels[r1 + i]!, w1) +
          Math.imul(pixels[r2 + i]!, w2) +
          Math.imul(pixels[r3 + i]!, w3);
      }
    }
    for (let i = 0; i < line; i++) out[y * line + i] = sums[i]! >> BITS;
  }
  return new Uint8Array(out.buffer);
}

function rowsOfFloats(
  pixels: Readonly<Float32Array>,
  from: Shape,
  width: number,
  kernel: ConvolutionKernel,
): Float32Array {
  const { start, length, weights, stride } = windows(from.width, width, KERNELS[kernel]);
  const { channels, height } = from;
  const out = new Float32Array(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const first = (y * from.width + start[x]!) * channels;
      const last = x * stride + length[x]!;
      for (let c = 0; c < channels; c++, to++) {
        let sum = 0;
        for (let j = x * stride, at = first + c; j < last; j++, at += channels)
          sum += pixels[at]! * weights[j]!;
        out[to] = sum;
      }
    }
  }
  return out;
}

function columnsOfFloats(
  pixels: Readonly<Float32Array>,
  from: Shape,
  height: number,
  kernel: ConvolutionKernel,
): Float32Array {
  const { start, length, weights, stride } = windows(from.height, height, KERNELS[kernel]);
  const line = from.width * from.channels;
  const sums = new Float64Array(line);
  const out = new Float32Array(line * height);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let j = 0; j < length[y]!; j += 4) {
      const [r0, r1, r2, r3] = fourRows(start[y]! + j, from.height, line);
      const w0 = weights[y * stride + j]!;
      const w1 = weights[y * stride + j + 1]!;
      const w2 = weights[y * stride + j + 2]!;
      const w3 = weights[y * stride + j + 3]!;
      for (let i = 0; i < line; i++) {
        sums[i] =
          sums[i]! +
          pixels[r0 + i]! * w0 +
          pixels[r1 + i]! * w1 +
          pixels[r2 + i]! * w2 +
          pixels[r3 + i]! * w3;
      }
    }
    for (let i = 0; i < line; i++) out[y * line + i] = sums[i]!;
  }
  return out;
}

/** Where four rows from `first` on begin; rows past the end, whose weight is 0, are the last one. */
function fourRows(first: number, height: number, line: number): readonly [number, number, number, number] {
  const begin = (row: number): number => Math.min(row, height - 1) * line;
  return [begin(first), begin(first + 1), begin(first + 2), begin(first + 3)];
}

/** Positions are summed up step by step, as Pillow does, so that ties fall to the same side. */
function positions(inSize: number, outSize: number): Int32Array {
  const scale = inSize / outSize;
  const at = new Int32Array(outSize);
  for (let i = 0, x = scale * 0.5; i < outSize; i++, x += scale) at[i] = Math.min(inSize - 1, Math.trunc(x));
  return at;
}

function nearest<T extends Uint8Array | Float32Array>(pixels: Readonly<T>, from: Shape, to: Size, out: T): T {
  const { channels } = from;
  const columns = positions(from.width, to.width);
  const rows = positions(from.height, to.height);
  let next = 0;
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      const at = (rows[y]! * from.width + columns[x]!) * channels;
      for (let c = 0; c < channels; c++) out[next++] = pixels[at + c]!;
    }
  }
  return out;
}
