/**
 * @file What "effect" means for a metric: the d in the residual, larger if the image is further from clean.
 *
 * Every metric of a run gives an effect; one of them is primary and stands first in the report. A metric of fidelity
 * measures how far the pixels are moved, not whether a mimic is misled, and the report says so.
 */
import type { EffectForm } from '../metrics/define.ts';
import type { CellRecord } from '../run/run-folder.ts';
import type { MetricSetting } from '../experiment/setting.ts';
import { unknownName } from '../messages/index.ts';
import type { Effect } from './answers.ts';
import { sweptParameters } from './names.ts';

/** Every form of an effect: its formula, and d of a measured value. */
const FORMS: {
  readonly [F in EffectForm]: { symbol(name: string): string; of(value: number): number };
} = {
  value: { symbol: (name) => name, of: (value) => value },
  complement: { symbol: (name) => `1 − ${name}`, of: (value) => 1 - value },
  // A level in dB is infinite for equal images; the amplitude behind it is 0 there.
  amplitude: { symbol: (name) => `10^(−${name}/20)`, of: (value) => 10 ** (-value / 20) },
};

/** A metric as an effect; `swept` tells it from others of the same plug-in. */
function effectOf(metric: MetricSetting, swept: string): Effect {
  const plain = metric.links[0]?.name ?? metric.label;
  const { symbol, of } = FORMS[metric.effect];
  return { metric, symbol: symbol(swept === '' ? plain : `${plain}, ${swept}`), of };
}

/** The metrics of the cells, in the order of the experiment. */
export function metricsOf(cells: readonly CellRecord[]): MetricSetting[] {
  return [...new Map(cells.map(({ metric }) => [metric.label, metric])).values()];
}

/**
 * The metrics as effects, the primary one first: the one asked for by label or id, else the first by the rank `primary`.
 * @throws USAGE if the metric asked for is not in the run
 */
export function effectsOf(metrics: readonly MetricSetting[], wanted?: string): Effect[] {
  const named = (name: string): MetricSetting | undefined =>
    metrics.find(({ label }) => label === name) ?? metrics.find(({ links }) => links[0]?.id === name);
  const primary = wanted === undefined ? byRank(metrics, 'primary')[0] : named(wanted);
  if (wanted !== undefined && primary === undefined) {
    throw unknownName(
      'metric of this run',
      wanted,
      metrics.map(({ label }) => label),
      { code: 'USAGE' },
    );
  }
  const swept = sweptParameters(metrics);
  return [...metrics]
    .sort((a, b) => Number(b === primary) - Number(a === primary))
    .map((metric) => effectOf(metric, swept.get(metric.label)!));
}

/** Metrics by one of their ranks, the lowest first; those without a rank last, in the order of the experiment. */
export const byRank = (metrics: readonly MetricSetting[], rank: 'primary' | 'quality'): MetricSetting[] =>
  [...metrics].sort((a, b) => (a[rank] ?? Number.MAX_VALUE) - (b[rank] ?? Number.MAX_VALUE));
