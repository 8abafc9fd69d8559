/**
 * @file Style transfer in latent space, without a network of its own: the latents that an image would have in the style of
 * another image.
 *
 * Statistics: each channel takes the mean and standard deviation of the other latent (Huang and Belongie 2017, AdaIN).
 * Patches: each 3x3 patch of the normalised latent is replaced by the nearest patch of the other (Chen and Schmidt 2016,
 * style swap). Overlaps are averaged, and the result takes the statistics of the other latent.
 */
import type { Image, Size } from '../../image/image.ts';
import { repeatedOver } from '../../image/pattern.ts';
import { resize } from '../../image/resample.ts';
import { windowSize } from '../../image/windows.ts';
import { latentsOf } from '../../models/latents.ts';
import { imageTensor } from '../../models/pixels.ts';
import { type TensorOf, tensor } from '../../onnx/tensor.ts';
import { mean as meanOf } from '../../stats/mean.ts';
import type { Target } from './target.ts';

type Latent = TensorOf<'float32'>;

/** The latents of `image` in the style of `style`, window by window. */
export const styledTarget =
  (image: Image, style: Image, by: 'patches' | 'statistics'): Target =>
  async (encoder, size, windows) => {
    const cover = coverOf(style, size, windowSize(windows[0]!));
    const own = await latentsOf(encoder, imageTensor(image).data, size, windows);
    const other = await latentsOf(encoder, imageTensor(cover).data, size, windows);
    const restyle = by === 'patches' ? swapped : restated;
    return own.map((latent, i) => restyle(latent, other[i]!));
  };

/** An image cropped and scaled to a window's size, then tiled over `size`. */
export function coverOf(picture: Image, size: Size, window: Size): Image {
  const side = { width: Math.min(window.width, size.width), height: Math.min(window.height, size.height) };
  return repeatedOver(covering(picture, side), size);
}

/** The middle of an image, scaled so that it covers `size`. */
function covering(picture: Image, { width, height }: Size): Image {
  const scale = Math.max(width / picture.width, height / picture.height);
  const whole = {
    width: Math.max(width, Math.round(picture.width * scale)),
    height: Math.max(height, Math.round(picture.height * scale)),
  };
  const scaled = resize(picture, whole.width, whole.height, 'bicubic');
  const [left, top] = [(whole.width - width) >> 1, (whole.height - height) >> 1];
  const data = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * whole.width + left) * 3;
    data.set(scaled.data.subarray(from, from + 3 * width), y * width * 3);
  }
  return { width, height, data };
}

interface Normalised {
  /** Mean 0 and standard deviation 1 in every channel. */
  readonly data: Float32Array;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

function normalised({ dims, data }: Latent): Normalised {
  const area = dims[2]! * dims[3]!;
  const [mean, deviation]: [number[], number[]] = [[], []];
  const flat = new Float32Array(data.length);
  for (let c = 0; c < dims[1]!; c++) {
    const plane = data.subarray(c * area, (c + 1) * area);
    const middle = meanOf(plane);
    const spread = Math.sqrt(plane.reduce((sum, v) => sum + (v - middle) ** 2, 0) / area) + 1e-6;
    mean.push(middle);
    deviation.push(spread);
    for (let i = 0; i < area; i++) flat[c * area + i] = (plane[i]! - middle) / spread;
  }
  return { data: flat, mean, deviation };
}

/** Normalised values with the statistics of another latent. */
function withStatistics(
  values: Float32Array,
  dims: readonly number[],
  { mean, deviation }: Normalised,
): Latent {
  const area = dims[2]! * dims[3]!;
  const made = values.map((v, i) => {
    const c = Math.floor(i / area);
    return v * deviation[c]! + mean[c]!;
  });
  return tensor('float32', dims, made);
}

const restated = (own: Latent, other: Latent): Latent =>
  withStatistics(normalised(own).data, own.dims, normalised(other));

const PATCH = 3;

function swapped(own: Latent, other: Latent): Latent {
  const [, channels, height, width] = own.dims as [number, number, number, number];
  if (Math.min(height, width) < PATCH) return restated(own, other);
  const [mine, theirs] = [normalised(own), normalised(other)];
  const shape = { channels, height, width };
  const choices = patchesOf(theirs.data, shape);
  const sum = new Float32Array(own.data.length);
  const count = new Float32Array(height * width);
  for (const [at, patch] of patchesOf(mine.data, shape).entries()) {
    addPatch(sum, count, choices[nearest(patch, choices)]!, at, shape);
  }
  return withStatistics(
    sum.map((v, i) => v / count[i % count.length]!),
    own.dims,
    theirs,
  );
}

interface Planes extends Size {
  readonly channels: number;
}

/** Every 3x3 patch, row by row, as one vector of all channels. */
function patchesOf(data: Float32Array, { channels, height, width }: Planes): Float32Array[] {
  const patches: Float32Array[] = [];
  for (let top = 0; top <= height - PATCH; top++) {
    for (let left = 0; left <= width - PATCH; left++) {
      const patch = new Float32Array(channels * PATCH * PATCH);
      let i = 0;
      for (let c = 0; c < channels; c++) {
        for (let y = 0; y < PATCH; y++) {
          for (let x = 0; x < PATCH; x++) patch[i++] = data[(c * height + top + y) * width + left + x]!;
        }
      }
      patches.push(patch);
    }
  }
  return patches;
}

/** The index of the nearest patch. */
function nearest(patch: Float32Array, choices: readonly Float32Array[]): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let k = 0; k < choices.length; k++) {
    const choice = choices[k]!;
    let distance = 0;
    for (let i = 0; i < patch.length && distance < least; i++) distance += (patch[i]! - choice[i]!) ** 2;
    if (distance < least) [best, least] = [k, distance];
  }
  return best;
}

function addPatch(
  sum: Float32Array,
  count: Float32Array,
  patch: Float32Array,
  at: number,
  { channels, height, width }: Planes,
): void {
  const across = width - PATCH + 1;
  const [top, left] = [Math.floor(at / across), at % across];
  let i = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < PATCH; y++) {
      for (let x = 0; x < PATCH; x++) {
        const place = (top + y) * width + left + x;
        sum[c * height * width + place]! += patch[i++]!;
        if (c === 0) count[place]! += 1;
      }
    }
  }
}
