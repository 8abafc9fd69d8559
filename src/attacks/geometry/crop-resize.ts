/** @file Centre crop, then enlarging to the original size: shifts and stretches the pattern of a protection. */
import { z } from 'zod';
import { fromBytes, type Image, type Size, toBytes } from '../../image/image.ts';
import { resizeBytes } from '../../image/resample.ts';
import { imageTooSmall } from '../../messages/index.ts';
import { defineAttack } from '../define.ts';
import { resized } from '../graph/resize.ts';
import { kernelParameter } from '../parts/resampling.ts';

export const cropResize = defineAttack({
  id: 'crop-resize',
  version: 1,
  label: 'Crop and resize',
  summary: 'Crops the centre and enlarges it to the original size.',
  reference: 'Liang and Wu, Mist (2023): fraction 0.25 (384 of 512 px), bicubic',
  params: z.strictObject({
    fraction: z
      .number()
      .min(0)
      .max(0.95)
      .default(0.25)
      .describe('share of each side that is cropped, half at each end'),
    kernel: kernelParameter('bicubic'),
  }),
  needs: () => [],
  random: false,
  misaligns: ({ fraction }) => fraction > 0,
  strength: { parameter: 'fraction', harsher: 'higher' },
  apply: async (image, { fraction, kernel }) => {
    const { left, top, width, height } = centreOf(image, fraction);
    const cropped = crop(image, { left, top, width, height });
    const pixels = resizeBytes(cropped, { width, height, channels: 3 }, image, kernel);
    return fromBytes(image.width, image.height, pixels, image.alpha);
  },
  graph: (picture, { fraction, kernel }, scope) =>
    resized(scope, picture, picture, kernel, centreOf(picture, fraction)),
});

/** A part of an image. */
interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

/** The centre; an odd margin is larger at the right and the bottom. @throws IMAGE if nothing is left */
function centreOf(image: Size, fraction: number): Region {
  const width = Math.round(image.width * (1 - fraction));
  const height = Math.round(image.height * (1 - fraction));
  if (width === 0 || height === 0) {
    throw imageTooSmall(`crop-resize(fraction=${fraction})`, image, 'sides that stay 1 px or more');
  }
  const left = Math.floor((image.width - width) / 2);
  const top = Math.floor((image.height - height) / 2);
  return { left, top, width, height };
}

/** The 8-bit pixels of a part of an image. */
function crop(image: Image, { left, top, width, height }: Region): Uint8Array {
  const pixels = toBytes(image);
  const cropped = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    cropped.set(pixels.subarray(from, from + width * 3), y * width * 3);
  }
  return cropped;
}
