/**
 * @file How far a protection moves an image, with and without the attack. An attacked image is compared with the clean image
 * under the same attack, not with the clean image itself: what the attack alone does is then no part of the value.
 */
import { ARMS } from '../arms.ts';
import type { DisplacementMetric, ImageRef } from '../define.ts';
import { type Kind, unitsByImage } from './kind.ts';

export const displacement: Kind<DisplacementMetric> = {
  value: 'image',
  sees: 'features',
  inputs: 'arm',
  references: 'arms',
  fields: () => ({}),
  units: (items) => unitsByImage(items, ARMS),
  measure: async (metric, { inputs, references }, params, context) => {
    const [image] = inputs as [ImageRef];
    // Outside an experiment there are two images: A is the protected one, B the clean one.
    const [control, clean = control, protectedImage = image] = references as [ImageRef, ImageRef?, ImageRef?];
    if (image.sha256 === control.sha256) return 0;
    return metric.measure(image, { control, clean, protected: protectedImage }, params, context);
  },
};
