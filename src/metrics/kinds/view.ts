/** @file What a network sees in an image, against what it sees in the clean one. */
import { ARMS } from '../arms.ts';
import type { ViewMetric } from '../define.ts';
import { type Kind, unitsByImage } from './kind.ts';

export const view: Kind<ViewMetric> = {
  value: 'image',
  sees: 'features',
  inputs: 'arm',
  references: 'own',
  fields: () => ({}),
  units: (items) => unitsByImage(items, ARMS),
  measure: (metric, { inputs, references }, params, context) =>
    metric.measure(inputs[0]!, references[0]!, params, context),
};
