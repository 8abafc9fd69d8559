/** @file Shrinking and enlarging: details finer than the pixels of the small copy are lost. */
import { z } from 'zod';
import type { Size } from '../../image/image.ts';
import { fromBytes, toBytes } from '../../image/image.ts';
import { resizeBytes } from '../../image/resample.ts';
import { imageTooSmall } from '../../messages/index.ts';
import { defineAttack } from '../define.ts';
import { resized } from '../graph/resize.ts';
import { kernelParameter } from '../parts/resampling.ts';

export const rescale = defineAttack({
  id: 'rescale',
  version: 1,
  label: 'Rescale',
  summary: 'Shrinks the image and enlarges it to the original size, with the same antialiased kernel.',
  reference: 'Cao et al., IMPRESS (NeurIPS 2023): 512 px to 256 px and back; kernels as in Pillow',
  params: z.strictObject({
    scale: z
      .number()
      .min(0.01)
      .max(1)
      .default(0.5)
      .describe('side of the small copy, as a share of the original side'),
    kernel: kernelParameter('lanczos'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'scale', harsher: 'lower' },
  apply: async (image, { scale, kernel }) => {
    const small = smallSize(image, scale);
    const shape = { ...image, channels: 3 };
    const shrunk = resizeBytes(toBytes(image), shape, small, kernel);
    const pixels = resizeBytes(shrunk, { ...small, channels: 3 }, image, kernel);
    return fromBytes(image.width, image.height, pixels, image.alpha);
  },
  graph: (picture, { scale, kernel }, scope) => {
    const shrunk = resized(scope, picture, smallSize(picture, scale), kernel);
    return resized(scope, shrunk, picture, kernel);
  },
});

function smallSize(image: Size, scale: number): Size {
  const width = Math.round(image.width * scale);
  const height = Math.round(image.height * scale);
  if (width === 0 || height === 0)
    throw imageTooSmall(`rescale(scale=${scale})`, image, 'sides that stay 1 px or more');
  return { width, height };
}
