/** @file Images of any size through networks that want certain sides: windows that are blended where they overlap. */
import { z } from 'zod';
import { type Image, type Size, withPixels } from '../../image/image.ts';
import { inWindows, type WindowOptions } from '../../image/windows.ts';
import { imageTensor, withPlanes } from '../../models/pixels.ts';
import { type TensorOf, tensor } from '../../onnx/tensor.ts';
import type { PluginContext } from '../../plugin/define.ts';

type Floats = TensorOf<'float32'>;

/** How large the parts are that a network sees at once. */
export const windowParameters = (standard: number) => ({
  window: z
    .int()
    .min(64)
    .max(4096)
    .multipleOf(64)
    .default(standard)
    .describe('longest side that the network sees at once, in px; larger pictures are seen in windows'),
  overlap: z.int().min(0).max(256).multipleOf(8).default(64).describe('what windows share, in px'),
});

export interface Windowing {
  readonly window: number;
  readonly overlap: number;
  /** Sides that the network takes are multiples of this, px. */
  readonly multiple: number;
  /** The only side that it takes. */
  readonly size?: number | undefined;
}

/**
 * A part of the image [1, 3, h, w] of 0..1 to what takes its place. `own` is the part's context: draws that do not depend on
 * the parts before it, and its share of the progress.
 */
export type OfPart = (part: Floats, own: PluginContext) => Promise<Floats>;

/** A context whose progress is that of part i of n. */
export function contextOfPart<C extends { readonly onProgress?: ((fraction: number) => void) | undefined }>(
  context: C,
  i: number,
  n: number,
): C {
  const { onProgress } = context;
  return { ...context, ...(onProgress && { onProgress: (share: number) => onProgress((i + share) / n) }) };
}

/** Windows of whole multiples, or of the only size that the network takes. */
export function windowOptions({ window, overlap, multiple, size }: Windowing): WindowOptions {
  const side = size ?? Math.max(multiple, Math.floor(window / multiple) * multiple);
  const shared = Math.floor(Math.min(overlap, side / 2) / multiple) * multiple;
  return { side, overlap: shared, multiple, fixed: size !== undefined };
}

/** What `f` makes of an image, clipped to 0..1. @throws the signal's reason between windows. */
export async function throughNetwork(
  image: Image,
  windowing: Windowing,
  context: PluginContext,
  f: OfPart,
): Promise<Image> {
  const options = windowOptions(windowing);
  const part = async (values: Float32Array, { width, height }: Size, index: number, count: number) => {
    context.signal?.throwIfAborted();
    const own = contextOfPart({ ...context, random: context.random.fork(`window ${index}`) }, index, count);
    return (await f(tensor('float32', [1, 3, height, width], values), own)).data;
  };
  return clipped(withPlanes(image, await inWindows(imageTensor(image).data, image, options, part)));
}

/** Values outside 0..1 moved to the nearest end. */
export const clipped = (image: Image): Image =>
  withPixels(
    image,
    image.data.map((value) => Math.min(1, Math.max(0, value))),
  );
