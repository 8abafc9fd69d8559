/** @file The mirror image: networks recognise it, but few protections are made for it. */
import { z } from 'zod';
import type { Image } from '../../image/image.ts';
import { defineAttack } from '../define.ts';

export const flip = defineAttack({
  id: 'flip',
  version: 1,
  label: 'Flip',
  summary: 'Mirrors the image, opacity included.',
  reference: 'An et al., WAVES (ICML 2024), geometric distortions; usual augmentation of training pictures',
  params: z.strictObject({
    axis: z
      .enum(['horizontal', 'vertical'])
      .default('horizontal')
      .describe('horizontal: swap left and right; vertical: swap top and bottom'),
  }),
  needs: () => [],
  random: false,
  moves: true,
  apply: async (image, { axis }) => mirrored(image, axis),
  graph: (picture, { axis }, { g }) => ({
    ...picture,
    value: g.Slice(picture.value, [-1], [-(2 ** 31)], [axis === 'horizontal' ? 3 : 2], [-1]),
  }),
});

function mirrored({ width, height, data, alpha }: Image, axis: 'horizontal' | 'vertical'): Image {
  const from = (i: number): number => {
    const x = i % width;
    const y = (i - x) / width;
    return axis === 'horizontal' ? y * width + width - 1 - x : (height - 1 - y) * width + x;
  };
  const moved = data.map((_, i) => data[3 * from(Math.floor(i / 3)) + (i % 3)]!);
  return { width, height, data: moved, ...(alpha && { alpha: alpha.map((_, i) => alpha[from(i)]!) }) };
}
