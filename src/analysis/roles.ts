/** @file What settings are to each other: baselines and placebos, and attacks that a metric cannot judge. */
import type { MetricSetting, Setting } from '../experiment/setting.ts';
import { kindOf } from '../metrics/kinds/index.ts';

/** Whether a protection or attack does nothing: every link is the baseline of its kind. */
export const isBaseline = ({ links }: Pick<Setting, 'links'>): boolean =>
  links.every(({ role }) => role === 'baseline');

/** Whether a protection is a placebo: it changes as much as a protection does, without a method. */
export const isPlacebo = ({ links }: Pick<Setting, 'links'>): boolean =>
  links.some(({ role }) => role === 'placebo');

/** Whether a metric says how much a mimic gains: what the base model lacks of a mimic of clean images is all it can lose. */
export const tellsGain = (metric: Pick<MetricSetting, 'kind' | 'higherIsBetter'>): boolean =>
  kindOf(metric).inputs === 'mimic' && metric.higherIsBetter;

/** Whether an attack moves pixels and the metric compares the same places: then R says nothing about the protection. */
export const isMisaligned = (
  attack: Pick<Setting, 'links'>,
  metric: Pick<MetricSetting, 'aligned'>,
): boolean => metric.aligned === true && attack.links.some(({ misaligns }) => misaligns);
