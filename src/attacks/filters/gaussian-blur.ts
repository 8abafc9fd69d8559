/** @file Gaussian blur with OpenCV's kernel size, fixed-point weights and border. */
import { z } from 'zod';
import { gaussianBlurBytes, gaussianWeights } from '../../image/filters/gaussian.ts';
import { fromBytes, toBytes } from '../../image/image.ts';
import { rounded } from '../../plugin/transformation.ts';
import { defineAttack } from '../define.ts';
import { alongColumns, alongRows, convolutionMatrix } from '../graph/separable.ts';

export const gaussianBlur = defineAttack({
  id: 'gaussian-blur',
  version: 1,
  label: 'Gaussian blur',
  summary: 'Convolves the image with a Gaussian.',
  reference: 'OpenCV GaussianBlur, default border (reflect 101), kernel of round(6 sigma + 1) px, made odd',
  params: z.strictObject({
    sigma: z.number().min(0.1).max(30).default(1).describe('standard deviation of the Gaussian, in px'),
  }),
  needs: () => [],
  random: false,
  strength: { parameter: 'sigma', harsher: 'higher' },
  apply: async (image, { sigma }) => {
    const pixels = gaussianBlurBytes(toBytes(image), { ...image, channels: 3 }, sigma);
    return fromBytes(image.width, image.height, pixels, image.alpha);
  },
  graph: ({ value, width, height }, { sigma }, scope) => {
    const weights = Float32Array.from(gaussianWeights(sigma), (weight) => weight / 256);
    const wide = alongRows(scope, value, convolutionMatrix(width, weights, 'reflect101'));
    const blurred = alongColumns(scope, wide, convolutionMatrix(height, weights, 'reflect101'));
    return { value: rounded(scope.g, blurred, 'up'), width, height };
  },
});
