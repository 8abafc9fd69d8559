/** @file Targets: the latents that a protection moves the latents of an image towards. */
import { z } from 'zod';
import type { Image, Size } from '../../image/image.ts';
import { flatGrey, glyphPattern, repeatedOver } from '../../image/pattern.ts';
import { atSize, resize } from '../../image/resample.ts';
import { type Window, windowSize } from '../../image/windows.ts';
import { targetTooSmall } from '../../messages/index.ts';
import { latentsOf, type VaeEncoder } from '../../models/latents.ts';
import { imageTensor } from '../../models/pixels.ts';
import { type TensorOf, tensor } from '../../onnx/tensor.ts';
import { type PluginContext, picturesOf } from '../../plugin/define.ts';

/** The target latent of each window of an image of that size, for one encoder. */
export type Target = (
  encoder: VaeEncoder,
  size: Size,
  windows: readonly Window[],
) => Promise<readonly TensorOf<'float32'>[]>;

/** The target as parameters; an image of the user's own overrides the rest. */
export const targetParameters = <const T extends 'glyphs' | 'zero'>(published: T) => ({
  target: z
    .enum(['glyphs', 'grey', 'zero'])
    .default(published)
    .describe('target: an image of repeated glyphs, a flat grey image, or a latent of zeros'),
  columns: z.int().min(1).max(64).default(3).describe('number of glyphs across a window, for target=glyphs'),
  rows: z.int().min(1).max(64).default(8).describe('number of glyphs down a window, for target=glyphs'),
  targetImage: z
    .string()
    .min(1)
    .optional()
    .describe('path of a target image, at least as large as a window (default: drawn as target says)'),
});

/** `refers` of a plug-in that has these parameters. */
export const targetRefers = { targetImage: 'pictures' } as const;

/** Earlier names of these parameters. */
export const targetFormerNames = { targetImage: 'picture' } as const;

interface TargetChoice {
  readonly target: 'glyphs' | 'grey' | 'zero';
  readonly columns: number;
  readonly rows: number;
  readonly targetImage?: string | undefined;
}

/** The target that parameters name. */
export async function chosenTarget(params: TargetChoice, context: PluginContext): Promise<Target> {
  if (params.targetImage !== undefined) {
    const [named] = picturesOf(context, 'targetImage');
    return repeatedPicture(await named!.load(), named!.id);
  }
  switch (params.target) {
    case 'glyphs':
      return glyphTarget(params.columns, params.rows);
    case 'grey':
      return greyTarget(0.5);
    case 'zero':
      return zeroTarget;
  }
}

/** An image drawn at the size of one window and repeated, so that neighbouring windows agree where they overlap. */
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

/** A flat grey image, 0..1. */
const greyTarget = (value: number): Target => repeated((size) => flatGrey(size, value));

/** An image squashed to one window and repeated. @throws IMAGE if it would have to be enlarged */
const repeatedPicture = (picture: Image, id: string): Target =>
  repeated((size) => {
    if (picture.width < size.width || picture.height < size.height) throw targetTooSmall(id, picture, size);
    return resize(picture, size.width, size.height, 'bicubic');
  });

/** An image of the size of the protected one: its part under a window is that window's target. */
export const alignedTarget =
  (picture: Image): Target =>
  (encoder, size, windows) =>
    latentsOf(encoder, imageTensor(atSize(picture, size, 'bicubic')).data, size, windows);

/** Latents of zeros, which are no image at all. */
export const zeroTarget: Target = async (encoder, size, windows) => {
  // The latents of any image tell the shape.
  const shapes = await latentsOf(encoder, new Float32Array(3 * size.width * size.height), size, windows);
  return shapes.map(({ dims, data }) => tensor('float32', dims, new Float32Array(data.length)));
};
