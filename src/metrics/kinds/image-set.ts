/** @file Image against the set of all clean images. */
import { ARMS } from '../arms.ts';
import type { ImageSetMetric } from '../define.ts';
import { type Kind, unitsByImage } from './kind.ts';

export const imageSet: Kind<ImageSetMetric> = {
  value: 'image',
  sees: 'features',
  inputs: 'arm',
  references: 'all',
  fields: () => ({}),
  units: (items) => unitsByImage(items, ARMS),
  measure: (metric, { inputs, references }, params, context) =>
    metric.measure(inputs[0]!, references, params, context),
};
