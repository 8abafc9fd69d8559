/** @file Median filter: removes isolated extreme values and keeps edges. */
import { z } from 'zod';
import { fromBytes, toBytes } from '../../image/image.ts';
import { medianBytes } from '../../image/filters/median.ts';
import { noGraph } from '../../messages/index.ts';
import { defineAttack } from '../define.ts';
import { medianGraph } from '../graph/median.ts';

/** Above this side graphs have thousands of nodes. */
const LARGEST_GRAPH = 7;

export const median = defineAttack({
  id: 'median',
  version: 1,
  label: 'Median filter',
  summary: 'Replaces every value by the median of its neighbourhood, channel by channel.',
  reference: 'OpenCV medianBlur (edges replicated)',
  params: z.strictObject({
    size: z.literal([3, 5, 7, 9, 11, 13, 15]).default(3).describe('side of the neighbourhood, in px'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'size', harsher: 'higher' },
  apply: async (image, { size }) => {
    const pixels = medianBytes(toBytes(image), { ...image, channels: 3 }, size);
    return fromBytes(image.width, image.height, pixels, image.alpha);
  },
  graph: (picture, { size }, scope) => {
    if (size > LARGEST_GRAPH) throw noGraph(`median(size=${size})`);
    return medianGraph(scope, picture, size);
  },
});
