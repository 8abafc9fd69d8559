/** @file Targets: the latents that a protection pulls a picture's latents towards. */
import type { Image, Size } from '../image/image.ts';
import { flatGrey, glyphPattern, repeatedOver } from '../image/pattern.ts';
import { type Window, windowSize } from '../image/windows.ts';
import { latentsOf, type VaeEncoder } from '../models/latents.ts';
import { imageTensor } from '../models/pixels.ts';
import { type TensorOf, tensor } from '../onnx/tensor.ts';

/** The target latent of each window of an image of that size, as one encoder sees it. */
export type Target = (
  encoder: VaeEncoder,
  size: Size,
  windows: readonly Window[],
) => Promise<readonly TensorOf<'float32'>[]>;

/**
 * A picture drawn at the size of one window and repeated over the image, so that what a window is pulled towards does
 * not depend on how large the image around it is, and neighbours agree where they overlap.
 */
function repeated(draw: (size: Size) => Image): Target {
  return (encoder, size, windows) => {
    const { width, height } = windowSize(windows[0]!);
    const picture = draw({ width: Math.min(width, size.width), height: Math.min(height, size.height) });
    return latentsOf(encoder, imageTensor(repeatedOver(picture, size)).data, size, windows);
  };
}

/** White glyphs on black, `columns` x `rows` to a window. */
export const glyphTarget = (columns: number, rows: number): Target =>
  repeated((size) => glyphPattern(size, columns, rows));

/** A flat grey picture, 0..1. */
export const greyTarget = (value: number): Target => repeated((size) => flatGrey(size, value));

/** Latents of zeros: no picture at all. */
export const zeroTarget: Target = async (encoder, size, windows) => {
  // What an encoder makes of any picture tells the shape.
  const shapes = await latentsOf(encoder, new Float32Array(3 * size.width * size.height), size, windows);
  return shapes.map(({ dims, data }) => tensor('float32', dims, new Float32Array(data.length)));
};
