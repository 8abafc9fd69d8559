/** @file The latents of an image in the VAE of the role `vae-encoder`, and the targets that protections move them to. */
import type { Image, Size } from '../../image/image.ts';
import { flatGrey, glyphPattern, repeatedOver } from '../../image/pattern.ts';
import { encoderWindows, latentsOf, type VaeEncoder } from '../../models/latents.ts';
import { imageTensor } from '../../models/pixels.ts';

/** Larger images are encoded in windows, so that memory does not grow with them. */
const WINDOWS = { side: 1024, overlap: 64 };

/** How images are brought to the encoder, for protocols. */
export const LATENTS =
  'posterior mean as the encoder gives it, scaled; own size, padded to whole cells by reflection; beyond 1024 px in windows with an overlap of 64 px';

/** All latents of an image, one window after the other. @throws IMAGE if a side is smaller than one latent cell */
export async function latentsIn(encoder: VaeEncoder, image: Image): Promise<Float32Array> {
  const windows = encoderWindows(encoder, image, WINDOWS);
  const parts = await latentsOf(encoder, imageTensor(image).data, image, windows);
  const all = new Float32Array(parts.reduce((count, { data }) => count + data.length, 0));
  let at = 0;
  for (const { data } of parts) {
    all.set(data, at);
    at += data.length;
  }
  return all;
}

/** How many latents are kept for each encoder: 4 MB of images of 256 px, 64 MB of images of 1024 px. */
const KEPT = 256;

const kept = new WeakMap<VaeEncoder, Map<string, Promise<Float32Array>>>();

/**
 * The latents of an image that has a name for its content. All attacks on an image are compared with its clean and its protected
 * version, so the last ones asked for are kept.
 */
export function rememberedLatents(
  encoder: VaeEncoder,
  name: string,
  load: () => Promise<Image>,
): Promise<Float32Array> {
  const known = kept.get(encoder) ?? new Map<string, Promise<Float32Array>>();
  kept.set(encoder, known);
  const latents = known.get(name) ?? load().then((image) => latentsIn(encoder, image));
  known.delete(name); // the last one asked for stays longest
  known.set(name, latents);
  latents.catch(() => known.delete(name));
  for (const [oldest] of known) {
    if (known.size <= KEPT) break;
    known.delete(oldest);
  }
  return latents;
}

/** The pattern as Mist repeats it: 3 x 8 glyphs for an image, or for every 512 px of a larger one. */
export function glyphsOver(size: Size): Image {
  const cell = { width: Math.min(size.width, 512), height: Math.min(size.height, 512) };
  return repeatedOver(glyphPattern(cell, 3, 8), size);
}

/** The target images that have a name, at the size of an image. */
export const TARGETS = {
  glyphs: glyphsOver,
  grey: (size: Size): Image => flatGrey(size, 0.5),
} as const;
