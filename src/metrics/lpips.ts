/**
 * @file LPIPS, protocol v0.1 (Zhang et al. 2018), a metric for each backbone, since each has its own scale:
 *
 *   d(x, y) = sum over taps l of mean over positions of w_l . (f_l(x)/|f_l(x)| - f_l(y)/|f_l(y)|)^2
 */
import { z } from 'zod';
import { differentSizes } from '../messages/index.ts';
import { imageTensor } from '../models/pixels.ts';
import { openRole, roleNeeds } from '../plugin/define.ts';
import { defineMetric, type PairMetric } from './define.ts';

const REFERENCE =
  'Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric (CVPR 2018)';

const shared = {
  version: 1,
  kind: 'pair',
  reference: REFERENCE,
  unit: '',
  higherIsBetter: false,
  measures: 'fidelity',
  quality: 1,
  ruined: 0.7,
  smallestEffect: 0.01,
  params: z.strictObject({}),
  needs: () => roleNeeds('perceptual'),
  random: false,
} as const;

const distanceBy =
  (id: string): PairMetric['measure'] =>
  async (image, reference, _params, context) => {
    if (image.width !== reference.width || image.height !== reference.height) {
      throw differentSizes(id, image, reference);
    }
    const model = await openRole(context, 'perceptual');
    const { distance } = await model.run({ a: imageTensor(image), b: imageTensor(reference) });
    return distance.data[0]!;
  };

/** On the backbone that `models: { perceptual: ... }` names; the protocol of every record states it. */
export const lpips = defineMetric({
  ...shared,
  id: 'lpips',
  label: 'LPIPS',
  summary: 'Learned perceptual distance on the chosen backbone (default: SqueezeNet); 0 for equal images.',
  protocol: "lpips@1: LPIPS v0.1, RGB at the images' own size, nothing resized",
  pins: { perceptual: ['lpips-squeeze', 'lpips-alex', 'lpips-vgg'] },
  measure: distanceBy('lpips'),
});

const lpipsOn = <const Net extends 'squeeze' | 'alex' | 'vgg'>(net: Net, backbone: string) =>
  defineMetric({
    ...shared,
    id: `lpips-${net}`,
    label: `LPIPS (${backbone})`,
    summary: `Learned perceptual distance on ${backbone}; 0 for equal images.`,
    protocol: `lpips-${net}@1: LPIPS v0.1, net ${net}, RGB at the images' own size, nothing resized`,
    pins: { perceptual: `lpips-${net}` },
    measure: distanceBy(`lpips-${net}`),
  });

export const lpipsSqueeze = lpipsOn('squeeze', 'SqueezeNet');
export const lpipsAlex = lpipsOn('alex', 'AlexNet');
export const lpipsVgg = lpipsOn('vgg', 'VGG');
