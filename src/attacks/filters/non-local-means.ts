/** @file Non-local means: averages each pixel with nearby pixels whose surroundings look similar. */
import { z } from 'zod';
import { fromBytes, toBytes } from '../../image/image.ts';
import { fromLab, toLab } from '../../image/lab.ts';
import { nonLocalMeans as denoise } from '../../image/filters/non-local-means.ts';
import { defineAttack } from '../define.ts';

const odd = (from: number, to: number) =>
  z
    .number()
    .int()
    .min(from)
    .max(to)
    .refine((side) => side % 2 === 1, { message: `odd integer between ${from} and ${to}` });

export const nonLocalMeans = defineAttack({
  id: 'non-local-means',
  version: 2,
  label: 'Non-local means',
  summary:
    'Averages each pixel with nearby pixels whose patches are similar, separately for lightness and colour.',
  reference: 'Buades, Coll and Morel (CVPR 2005); OpenCV fastNlMeansDenoisingColored',
  params: z.strictObject({
    h: z.number().min(0.1).max(100).default(6).describe('filter strength for lightness, in 1/255'),
    hColor: z.number().min(0.1).max(100).default(6).describe('filter strength for colour, in 1/255'),
    template: odd(1, 15).default(7).describe('side of a patch, in px; odd'),
    search: odd(3, 41).default(21).describe('side of the search window, in px; odd'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'h', harsher: 'higher' },
  apply: async (image, { h, hColor, template, search }) => {
    const { lightness, colour } = toLab(toBytes(image));
    const rgb = fromLab(
      denoise(lightness, { ...image, channels: 1 }, { h, template, search }),
      denoise(colour, { ...image, channels: 2 }, { h: hColor, template, search }),
    );
    return fromBytes(image.width, image.height, rgb, image.alpha);
  },
});
