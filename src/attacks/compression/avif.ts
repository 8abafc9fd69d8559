/** @file Lossy AVIF compression through libaom, chroma in full: still frames of the AV1 video format. */
import { z } from 'zod';
import { defineAttack } from '../define.ts';
import { reencode } from '../parts/encode.ts';

export const avif = defineAttack({
  id: 'avif',
  version: 1,
  label: 'AVIF',
  summary: 'Saves the image as lossy AVIF and reopens it.',
  reference: 'Alliance for Open Media, AV1 Image File Format 1.1 (2022)',
  params: z.strictObject({
    quality: z.number().int().min(1).max(99).default(50).describe('AVIF quality, on the scale of libheif'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'quality', harsher: 'lower' },
  apply: (image, { quality }) => reencode(image, { format: 'avif', quality }),
});
