/** @file Every kind of metric: one total table, so that a further kind does not compile until its entry is whole. */
import type { Metric } from '../define.ts';
import { displacement } from './displacement.ts';
import { generated } from './generated.ts';
import { imageSet } from './image-set.ts';
import type { Kind, Parameters } from './kind.ts';
import { pair } from './pair.ts';
import { set } from './set.ts';
import { view } from './view.ts';

export type { Kind, Sample, Unit } from './kind.ts';

export const KINDS: { readonly [K in Metric['kind']]: Kind<Extract<Metric, { readonly kind: K }>> } = {
  pair,
  view,
  displacement,
  'image-set': imageSet,
  set,
  generated,
};

/** The kind of a metric, for whoever holds any metric. */
export const kindOf = ({ kind }: Pick<Metric, 'kind'>): Kind => KINDS[kind];

/** Whether a metric compares the same places of images; see `aligned` of a metric. */
export const comparesPlaces = (metric: Metric, params: Parameters): boolean =>
  metric.aligned?.(params) ?? kindOf(metric).sees === 'pixels';
