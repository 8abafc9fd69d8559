/** @file Images of any size through networks that take certain sides only: windows that are blended where they overlap. */
import { z } from 'zod';
import { type Image, type Size, withPixels } from '../../image/image.ts';
import { inWindows, type WindowOptions } from '../../image/windows.ts';
import { imageTensor, withPlanes } from '../../models/pixels.ts';
import { type TensorOf, tensor } from '../../onnx/tensor.ts';
import type { PluginContext } from '../../plugin/define.ts';

type Floats = TensorOf<'float32'>;

/** The windows in which a network processes an image. */
export const windowParameters = (standard: number) => ({
  window: z
    .int()
    .min(64)
    .max(4096)
    .multipleOf(64)
    .default(standard)
    .describe('longest side of a window, in px; larger images are processed in overlapping windows'),
  overlap: z
    .int()
    .min(0)
    .max(256)
    .multipleOf(8)
    .default(64)
    .describe('overlap of neighbouring windows, in px'),
});

export interface Windowing {
  readonly window: number;
  readonly overlap: number;
  /** The network takes sides that are multiples of this, px. */
  readonly multiple: number;
  /** The only side that the network takes, px. */
  readonly size?: number | undefined;
}

/**
 * Replaces a part of the image, [1, 3, h, w] of 0..1. `own` is the context of the part: random numbers that do not depend on
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

/** The image after `f` has replaced each window, clipped to 0..1. @throws the signal's reason between windows */
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
