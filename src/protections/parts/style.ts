/**
 * @file Targets in another style without a network of their own: what a picture's latents would be in the hand of another
 * one, by statistics or by patches of its latents; and which hand to take.
 *
 * Statistics: each channel takes on the other's mean and deviation (Huang and Belongie 2017, AdaIN). Patches: each 3x3
 * patch of the normalised latents is replaced by the nearest one of the other's, overlaps averaged (Chen and Schmidt
 * 2016, style swap), and takes on its statistics.
 */
import type { Image, Size } from '../../image/image.ts';
import { repeatedOver } from '../../image/pattern.ts';
import { resize } from '../../image/resample.ts';
import { windowSize } from '../../image/windows.ts';
import { emptyConcept } from '../../messages/index.ts';
import { latentsOf } from '../../models/latents.ts';
import { imageTensor } from '../../models/pixels.ts';
import { vectorOf } from '../../models/vectors.ts';
import { type TensorOf, tensor } from '../../onnx/tensor.ts';
import { type NamedPicture, openRole, type PluginContext } from '../../plugin/define.ts';
import type { Random } from '../../random.ts';
import type { Target } from './target.ts';

type Latent = TensorOf<'float32'>;

/** The latents of `image` in the hand of `style`, window by window. */
export const styledTarget =
  (image: Image, style: Image, by: 'patches' | 'statistics'): Target =>
  async (encoder, size, windows) => {
    const own = await latentsOf(encoder, imageTensor(image).data, size, windows);
    const hand = await latentsOf(
      encoder,
      imageTensor(coverOf(style, size, windowSize(windows[0]!))).data,
      size,
      windows,
    );
    return own.map((latent, i) =>
      by === 'patches' ? swapped(latent, hand[i]!) : restated(latent, hand[i]!),
    );
  };

/** A picture cut and scaled to a window's size and repeated over another size. */
export function coverOf(picture: Image, size: Size, window: Size): Image {
  const side = { width: Math.min(window.width, size.width), height: Math.min(window.height, size.height) };
  return repeatedOver(covering(picture, side), size);
}

/** The middle of a picture, scaled so that it covers `size`. */
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
  /** Mean 0 and deviation 1 in every channel. */
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
    const middle = plane.reduce((sum, v) => sum + v, 0) / area;
    const spread = Math.sqrt(plane.reduce((sum, v) => sum + (v - middle) ** 2, 0) / area) + 1e-6;
    mean.push(middle);
    deviation.push(spread);
    for (let i = 0; i < area; i++) flat[c * area + i] = (plane[i]! - middle) / spread;
  }
  return { data: flat, mean, deviation };
}

/** Normalised values with the statistics of another latent. */
function dressed(values: Float32Array, dims: readonly number[], { mean, deviation }: Normalised): Latent {
  const area = dims[2]! * dims[3]!;
  const made = values.map((v, i) => {
    const c = Math.floor(i / area);
    return v * deviation[c]! + mean[c]!;
  });
  return tensor('float32', dims, made);
}

const restated = (own: Latent, hand: Latent): Latent =>
  dressed(normalised(own).data, own.dims, normalised(hand));

const PATCH = 3;

function swapped(own: Latent, hand: Latent): Latent {
  const [, channels, height, width] = own.dims as [number, number, number, number];
  if (Math.min(height, width) < PATCH) return restated(own, hand);
  const [mine, theirs] = [normalised(own), normalised(hand)];
  const shape = { channels, height, width };
  const choices = patchesOf(theirs.data, shape);
  const sum = new Float32Array(own.data.length);
  const count = new Float32Array(height * width);
  for (const [at, patch] of patchesOf(mine.data, shape).entries()) {
    addPatch(sum, count, choices[nearest(patch, choices)]!, at, shape);
  }
  return dressed(
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

/** The index of the patch at the least distance. */
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

/**
 * A picture of a style that lies between the 50th and the 75th percentile of all styles by distance from `image` (Shan et
 * al. 2023, Glaze, section 5.2): the cosine distance of the style's mean vector, by the model in the role
 * `image-embedder`. Pictures of one artist are one style. Without an embedder the style is drawn from all.
 */
export async function pictureOfDistantStyle(
  image: Image,
  pictures: readonly NamedPicture[],
  context: PluginContext,
): Promise<Image> {
  const random = context.random.fork('style');
  const hands = [...new Set(pictures.map(handOf))];
  const styles = hands.map((hand) => pictures.filter((each) => handOf(each) === hand));
  const near = await distancesFrom(image, styles, context);
  const order = near === undefined ? styles : ordered(styles, near);
  const chosen = random.pick(near === undefined ? order : middleOf(order));
  const picture = random.pick(chosen);
  context.note?.('style', {
    ...described(picture),
    ...(near && { distance: near[styles.indexOf(chosen)]!, rank: order.indexOf(chosen) + 1 }),
    styles: styles.length,
  });
  return picture.load();
}

/**
 * The picture among those whose caption names the concept that is furthest from `image` by the model in the role
 * `image-embedder`; without an embedder one drawn from them. All count where none is named.
 */
export async function pictureOfConcept(
  image: Image,
  pictures: readonly NamedPicture[],
  context: PluginContext,
): Promise<Image> {
  const near = await distancesFrom(
    image,
    pictures.map((each) => [each]),
    context,
  );
  const random: Random = context.random.fork('anchor');
  const chosen = near === undefined ? random.pick(pictures) : ordered(pictures, near).at(-1)!;
  context.note?.('anchor', {
    ...described(chosen),
    ...(near && { distance: near[pictures.indexOf(chosen)]! }),
    pictures: pictures.length,
  });
  return chosen.load();
}

/** The pictures whose captions or names have a word in them. @throws USAGE where there is none. */
export function picturesNaming(word: string, pictures: readonly NamedPicture[]): readonly NamedPicture[] {
  const named = pictures.filter(({ caption = '', id }) =>
    `${caption} ${id}`.toLowerCase().includes(word.toLowerCase()),
  );
  if (named.length === 0) throw emptyConcept(word, pictures.length);
  return named;
}

/**
 * Whether an image is nearer to the pictures of a concept than to the others, by the cosine distance from the mean vector of
 * both; yes where nothing embeds, or there are no others.
 */
export async function looksLike(
  image: Image,
  word: string,
  pictures: readonly NamedPicture[],
  context: PluginContext,
): Promise<boolean> {
  const named = picturesNaming(word, pictures);
  const others = pictures.filter((each) => !named.includes(each));
  if (others.length === 0) return true;
  const near = await distancesFrom(image, [named, others], context);
  if (near === undefined) return true;
  const [distance, fromOthers] = near as [number, number];
  context.note?.('source', { word, distance, fromOthers, poisoned: distance <= fromOthers ? 'yes' : 'no' });
  return distance <= fromOthers;
}

/** A picture as notes name it. */
const described = ({ id, sha256, artist, caption }: NamedPicture): Readonly<Record<string, string>> => ({
  id,
  sha256,
  ...(artist && { artist }),
  ...(caption && { caption }),
});

const handOf = ({ artist, id }: NamedPicture): string => artist ?? id;

/** The half-open share from 50 % to 75 % of a list, at least one. */
function middleOf<T>(list: readonly T[]): readonly T[] {
  const from = Math.min(Math.floor(list.length * 0.5), list.length - 1);
  return list.slice(from, Math.max(from + 1, Math.floor(list.length * 0.75)));
}

const ordered = <T>(list: readonly T[], by: readonly number[]): T[] =>
  list
    .map((item, i) => ({ item, at: by[i]! }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

/** Cosine distances of each group's mean direction from an image; undefined where nothing embeds. */
async function distancesFrom(
  image: Image,
  groups: readonly (readonly NamedPicture[])[],
  context: PluginContext,
): Promise<number[] | undefined> {
  if (context.models?.has('image-embedder') !== true) return undefined;
  const embedder = await openRole(context, 'image-embedder');
  const own = unit(await vectorOf(embedder, image));
  const distances: number[] = [];
  for (const group of groups) {
    const sum = new Float32Array(own.length);
    for (const picture of group) {
      context.signal?.throwIfAborted();
      const vector = unit(await vectorOf(embedder, await picture.load()));
      for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!;
    }
    distances.push(1 - unit(sum).reduce((dot, v, i) => dot + v * own[i]!, 0));
  }
  return distances;
}

function unit(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, v) => sum + v * v, 0)) || 1;
  return vector.map((v) => v / norm);
}
