/** @file Image against clean image, pixel by pixel. */
import { ARMS } from '../arms.ts';
import type { PairMetric } from '../define.ts';
import { type Kind, unitsByImage } from './kind.ts';

export const pair: Kind<PairMetric> = {
  value: 'image',
  sees: 'pixels',
  inputs: 'arm',
  references: 'own',
  fields: () => ({}),
  units: (items) => unitsByImage(items, ARMS),
  measure: async (metric, { inputs, references }, params, context) =>
    metric.measure(await inputs[0]!.load(), await references[0]!.load(), params, context),
};
