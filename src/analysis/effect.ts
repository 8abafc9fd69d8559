/**
 * @file What "effect" means for a metric: the d in the residual, larger where the picture is further from clean.
 *
 * Every metric of a run is read as an effect; one of them is primary and stands first in the report. A metric of
 * fidelity measures how far the pixels are moved, not whether a mimic is misled, and the report says so.
 */
import type { CellRecord, MetricSetting } from '../run/run-folder.ts';
import { unknownName } from '../messages/index.ts';
import { sweptParameters } from './names.ts';

export interface Effect {
  readonly metric: MetricSetting;
  /** The formula, as printed on axes: `1 − SSIM`. */
  readonly symbol: string;
  /** d of a measured value. Finite where the value is, and 0 for the PSNR of equal images. */
  readonly of: (value: number) => number;
}

/** How a metric's values become effects. */
function effectOf(metric: MetricSetting, swept: string): Effect {
  const plain = metric.links[0]?.name ?? metric.label;
  const name = swept === '' ? plain : `${plain}, ${swept}`;
  if (metric.unit === 'dB') {
    // A level in dB is infinite for equal images; the amplitude behind it is 0 there.
    return { metric, symbol: `10^(−${name}/20)`, of: (value) => 10 ** (-value / 20) };
  }
  return metric.higherIsBetter
    ? { metric, symbol: `1 − ${name}`, of: (value) => 1 - value }
    : { metric, symbol: name, of: (value) => value };
}

/** The metrics of the cells, in the order of the experiment. */
export function metricsOf(cells: readonly CellRecord[]): MetricSetting[] {
  return [...new Map(cells.map(({ metric }) => [metric.label, metric])).values()];
}

/**
 * The metrics as effects, the primary one first: the one asked for by label or id, else SSIM, else the first.
 * @throws USAGE where the metric asked for is not in the run
 */
export function effectsOf(metrics: readonly MetricSetting[], wanted?: string): Effect[] {
  const named = (name: string): MetricSetting | undefined =>
    metrics.find(({ label }) => label === name) ?? metrics.find(({ links }) => links[0]?.id === name);
  const primary = wanted === undefined ? (named('ssim') ?? metrics[0]) : named(wanted);
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
