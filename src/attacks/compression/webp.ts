/** @file Lossy WebP compression through libwebp: 4:2:0 chroma and in-loop deblocking, unlike JPEG. */
import { z } from 'zod';
import { defineAttack } from '../define.ts';
import { reencode } from '../parts/encode.ts';

export const webp = defineAttack({
  id: 'webp',
  version: 1,
  label: 'WebP',
  summary: 'Saves the image as lossy WebP and reopens it.',
  reference: 'RFC 9649 (2024), RFC 6386 (2011)',
  params: z.strictObject({
    quality: z.number().int().min(1).max(100).default(75).describe('WebP quality, on the scale of libwebp'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'quality', harsher: 'lower' },
  apply: (image, { quality }) => reencode(image, { format: 'webp', quality }),
});
