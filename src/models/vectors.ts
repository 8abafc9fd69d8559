/**
 * @file One vector for one picture: what a network that looks at images sees in it. Each role has one way of bringing a
 * picture to the network, so that a vector depends on nothing but the picture and the model: no batch, no other picture.
 */
import { fromBytes, type Image, type Size, toBytes, toGreyLevels } from '../image/image.ts';
import { resizeBytes, resizeFloats } from '../image/resample.ts';
import type { TensorOf } from '../onnx/tensor.ts';
import type { RoleModel } from './open.ts';
import { imageTensor } from './pixels.ts';
import type { ModelRole, RoleOutput } from './roles.ts';

/** The roles whose output for a picture is a vector, and that output's name. */
const OUTPUTS = {
  'image-embedder': 'embedding',
  'fid-features': 'features',
  classifier: 'logits',
} as const satisfies { readonly [R in ModelRole]?: RoleOutput<R> };

export type VectorRole = keyof typeof OUTPUTS;

export const isVectorRole = (role: ModelRole): role is VectorRole => Object.hasOwn(OUTPUTS, role);

/** Raise when the same picture and model can give another vector. */
export const VECTORS_VERSION = 1;

/** How a picture is brought to the network, for protocols. */
export const PREPARATION: Readonly<Record<VectorRole, string>> = {
  'image-embedder':
    "shortest side to the model's size by Pillow's bicubic on 8 bits, centre crop (as openai/CLIP); own size where the model takes any",
  'fid-features':
    "stretched to 299x299 by Pillow's bicubic in mode F, clipped to 0..255, not rounded (as clean-fid)",
  classifier: "shortest side to the model's size by Pillow's bicubic on 8 bits, centre crop",
};

/** The vector of a picture, float32. @throws IMAGE if a model that takes any size refuses this one. */
export async function vectorOf<R extends VectorRole>(
  model: RoleModel<R>,
  image: Image,
): Promise<Float32Array> {
  const { role, fill } = model.model;
  const prepared = role === 'fid-features' ? stretched(image, 299) : cropped(image, fill.size, fill.multiple);
  // A role's inputs and outputs cannot be told apart by its type alone; all three take one image.
  const run = model.run as unknown as (inputs: object) => Promise<Record<string, TensorOf<'float32'>>>;
  const { data } = (await run({ image: imageTensor(prepared) }))[OUTPUTS[role as VectorRole]]!;
  return data.slice();
}

/** Mode F: float32 all the way, and clipped, because bicubic overshoots. */
function stretched(image: Image, side: number): Image {
  const to = { width: side, height: side };
  const levels = resizeFloats(toGreyLevels(image), { ...image, channels: 3 }, to, 'bicubic');
  return { ...to, data: levels.map((level) => Math.min(255, Math.max(0, level)) / 255) };
}

/** The middle square of `size` pixels of the picture with that shortest side; without a size, whole multiples of it. */
function cropped(image: Image, size: number | undefined, multiple = 1): Image {
  if (size === undefined) {
    const whole = (side: number): number => Math.max(multiple, side - (side % multiple));
    return centre(image, { width: whole(image.width), height: whole(image.height) });
  }
  const { width, height } = image;
  const longer = (long: number, short: number): number => Math.trunc((size * long) / short);
  const to =
    width <= height
      ? { width: size, height: longer(height, width) }
      : { width: longer(width, height), height: size };
  const pixels = resizeBytes(toBytes(image), { ...image, channels: 3 }, to, 'bicubic');
  return centre(fromBytes(to.width, to.height, pixels), { width: size, height: size });
}

/** Cuts the middle out; an odd margin is halved to the even side, as Python rounds. */
function centre(image: Image, { width, height }: Size): Image {
  if (width === image.width && height === image.height) return image;
  if (width > image.width || height > image.height) return image; // the model says what it lacks
  const left = halfToEven(image.width - width);
  const top = halfToEven(image.height - height);
  const data = new Float32Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

const halfToEven = (margin: number): number => {
  const below = Math.floor(margin / 2);
  return margin % 2 === 0 || below % 2 === 0 ? below : below + 1;
};
