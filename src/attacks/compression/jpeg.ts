/**
 * @file JPEG compression through libjpeg (baseline, standard quantisation and Huffman tables, integer DCT).
 *
 * Pixels equal those of Pillow 9.4 (libjpeg-turbo 2.1.5) at the same quality and subsampling exactly; Pillow's
 * own default is quality 75 with 4:2:0.
 */
import { z } from 'zod';
import { defineAttack } from '../define.ts';
import { reencode } from '../parts/encode.ts';
import { jpegGraph } from '../graph/jpeg.ts';

export const jpeg = defineAttack({
  id: 'jpeg',
  version: 1,
  label: 'JPEG',
  summary: 'Saves the image as JPEG and reopens it.',
  reference: 'ITU-T T.81 (1992)',
  params: z.strictObject({
    quality: z.number().int().min(1).max(100).default(75).describe('JPEG quality, on the scale of libjpeg'),
    subsampling: z
      .enum(['4:4:4', '4:2:0'])
      .default('4:2:0')
      .describe('chroma subsampling: 4:4:4 (none) or 4:2:0 (half in both directions)'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'quality', harsher: 'lower' },
  apply: (image, { quality, subsampling }) => reencode(image, { format: 'jpeg', quality, subsampling }),
  graph: (picture, params, scope) => jpegGraph(scope, picture, params),
});
