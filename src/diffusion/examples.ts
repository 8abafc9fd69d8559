/**
 * @file What a training sees: pictures as latents, encoded once, upright and mirrored; crops are cut from latents, cell by
 * cell. Captions as text embeddings, or as tokens where the text encoder itself is trained.
 */
import type { Image } from '../image/image.ts';
import { withPixels } from '../image/image.ts';
import { resize } from '../image/resample.ts';
import { imageTensor } from '../models/pixels.ts';
import { type TensorOf, tensor } from '../onnx/tensor.ts';
import { type Random, shuffled } from '../random.ts';
import type { Diffusion } from './open.ts';

/** A training image and its caption. */
export interface TrainingPicture {
  readonly image: Image;
  readonly caption: string;
  /** Hash of the picture's content: if there is one, its latents are cached under it. */
  readonly key?: string | undefined;
}

/** A picture as a training draws it. */
export interface Example {
  readonly caption: string;
  /** [1, c, h, w] of the whole picture, its shorter side as long as the crop: upright, and mirrored where flips are drawn. */
  readonly views: readonly TensorOf<'float32'>[];
}

/** How crops are drawn. */
export interface Cropping {
  /** Side of the crop, px; pictures are scaled so that their shorter side is as long. */
  readonly resolution: number;
  readonly crop: 'random' | 'center';
  /** Whether every other crop is mirrored. */
  readonly flip: boolean;
}

/** A picture's views: [1, c, h, w] each. */
type Views = Example['views'];

/** The views of pictures by the encoder that made them, so that trainings of one session share them. */
const seen = new WeakMap<object, Map<string, Views>>();

/** Pictures that are remembered; the one that was encoded first is forgotten first. */
const MOST_SEEN = 512;

/** Encodes a picture, or remembers its latents. Its longer side loses what is no whole latent cell. */
export async function encodeExample(
  diffusion: Diffusion,
  { image, caption, key }: TrainingPicture,
  cropping: Cropping,
  encoder: object,
): Promise<Example> {
  const views = () => viewsOf(diffusion, image, cropping);
  if (key === undefined) return { caption, views: await views() };
  const known = seen.get(encoder) ?? new Map<string, Views>();
  seen.set(encoder, known);
  const name = JSON.stringify([key, cropping.resolution, cropping.flip]);
  const found = known.get(name) ?? (await views());
  known.set(name, found);
  if (known.size > MOST_SEEN) known.delete(known.keys().next().value!);
  return { caption, views: found };
}

async function viewsOf(diffusion: Diffusion, image: Image, { resolution, flip }: Cropping): Promise<Views> {
  const scale = resolution / Math.min(image.width, image.height);
  const whole = (px: number): number =>
    Math.max(resolution, diffusion.cell * Math.floor((px * scale) / diffusion.cell));
  const { alpha: _, ...opaque } = image;
  const scaled = resize(opaque, whole(image.width), whole(image.height), 'lanczos');
  const pictures = flip ? [scaled, mirrored(scaled)] : [scaled];
  const views = [];
  for (const each of pictures) views.push(await diffusion.encode(imageTensor(each)));
  return views;
}

/** A crop [c, cells, cells] of an example's latents, drawn. */
export function drawCrop(example: Example, cells: number, { crop }: Cropping, random: Random): Float32Array {
  const view = example.views[random.int(example.views.length)]!;
  const [, c, h, w] = view.dims as [number, number, number, number];
  const offset = (room: number): number => (crop === 'center' ? room >> 1 : random.int(room + 1));
  const [top, left] = [offset(h - cells), offset(w - cells)];
  const cut = new Float32Array(c * cells * cells);
  for (let channel = 0; channel < c; channel++) {
    for (let y = 0; y < cells; y++) {
      const from = (channel * h + top + y) * w + left;
      cut.set(view.data.subarray(from, from + cells), (channel * cells + y) * cells);
    }
  }
  return cut;
}

/** Left and right exchanged. */
function mirrored(image: Image): Image {
  const { width, height, data } = image;
  const turned = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [to, from] = [3 * (y * width + x), 3 * (y * width + width - 1 - x)];
      for (let c = 0; c < 3; c++) turned[to + c] = data[from + c]!;
    }
  }
  return withPixels(image, turned);
}

/**
 * Which pictures make up a step's batch: every picture once in a random order, then all again in another. It depends on
 * the step's number alone.
 */
export function batchOf(step: number, batch: number, count: number, random: Random): readonly number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: batch }, (_, i) => {
    const at = step * batch + i;
    return shuffled(all, random.fork(`order ${Math.floor(at / count)}`))[at % count]!;
  });
}

/** Rows of equal length as one tensor [n, ...dims]. */
export function batched(rows: readonly Float32Array[], dims: readonly number[]): TensorOf<'float32'> {
  const data = new Float32Array(rows.length * rows[0]!.length);
  for (const [i, row] of rows.entries()) data.set(row, i * row.length);
  return tensor('float32', [rows.length, ...dims], data);
}
