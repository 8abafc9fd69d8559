/** @file Which settings are there for comparison only: the baseline, which does nothing, and the placebo. */
import type { Setting } from '../experiment/setting.ts';

/** Whether a protection or attack does nothing: every link is the baseline of its kind. */
export const isBaseline = ({ links }: Pick<Setting, 'links'>): boolean =>
  links.every(({ role }) => role === 'baseline');

/** Whether a protection is a placebo: it changes as much as a protection does, without a method. */
export const isPlacebo = ({ links }: Pick<Setting, 'links'>): boolean =>
  links.some(({ role }) => role === 'placebo');
