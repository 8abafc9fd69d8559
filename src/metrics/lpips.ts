/**
 * @file LPIPS, protocol v0.1 (Zhang et al. 2018), a metric for each backbone, since each has its own scale:
 *
 *   d(x, y) = sum over taps l of mean over positions of w_l . (f_l(x)/|f_l(x)| - f_l(y)/|f_l(y)|)^2
 */
import { z } from 'zod';
import { differentSizes } from '../messages.ts';
import { imageTensor } from '../models/pixels.ts';
import { openRole } from '../plugin/define.ts';
import { defineMetric } from './define.ts';

const lpips = <const Net extends 'squeeze' | 'alex' | 'vgg'>(net: Net, backbone: string) =>
  defineMetric({
    id: `lpips-${net}`,
    version: 1,
    kind: 'pair',
    label: `LPIPS (${backbone})`,
    summary: `Learned perceptual distance on ${backbone}; 0 for equal images.`,
    reference:
      'Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric (CVPR 2018)',
    protocol: `lpips-${net}@1: LPIPS v0.1, net ${net}, RGB at the images' own size, nothing resized`,
    unit: '',
    higherIsBetter: false,
    params: z.strictObject({}),
    needs: ['perceptual'],
    pins: { perceptual: `lpips-${net}` },
    random: false,
    measure: async (image, reference, _params, context) => {
      if (image.width !== reference.width || image.height !== reference.height) {
        throw differentSizes(`lpips-${net}`, image, reference);
      }
      const model = await openRole(context, 'perceptual');
      const { distance } = await model.run({ a: imageTensor(image), b: imageTensor(reference) });
      return distance.data[0]!;
    },
  });

export const lpipsSqueeze = lpips('squeeze', 'SqueezeNet');
export const lpipsAlex = lpips('alex', 'AlexNet');
export const lpipsVgg = lpips('vgg', 'VGG');
