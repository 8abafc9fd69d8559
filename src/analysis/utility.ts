/**
 * @file Whether an attack leaves an image worth having. An attack that ruins the image breaks no protection: a mimic that is
 * trained on ruins copies nothing. What it leaves of a clean image is judged, so that the protection has no part in it.
 */
import { mean } from '../stats/mean.ts';
import type { Effect, Measured } from './answers.ts';
import { byRank } from './effect.ts';
import { formatShare } from './numbers.ts';
import { isBaseline, isMisaligned } from './roles.ts';

/** The share of what a mimic gains from clean images that it has to keep with attacked ones. */
const KEPT = 0.5;

/** The metric of fidelity that measures quality: the first by its rank `quality`. */
export function qualityOf(effects: readonly Effect[]): Effect | undefined {
  const fidelity = effects.filter(({ metric }) => metric.measures === 'fidelity');
  const [first] = byRank(
    fidelity.map(({ metric }) => metric),
    'quality',
  );
  return fidelity.find(({ metric }) => metric === first);
}

/** d[attack(clean)] - d[clean]: what the attack alone costs, in the mean over images. NaN if it was not measured. */
export function costOf({ values, effect }: Pick<Measured, 'values' | 'effect'>): number {
  const costs = [...values.values()]
    .map(([clean, , attackedClean]) => effect.of(attackedClean!) - effect.of(clean!))
    .filter(Number.isFinite);
  return mean(costs);
}

/** What attacks cost in quality, whatever the metric of a cell. */
export interface QualityCosts {
  readonly quality: Effect | undefined;
  /** NaN if it was not measured for the cell's protection, attack and seeds. */
  costFor(cell: Measured): number;
}

/** Looks up what each attack costs by the run's metric of quality. */
export function qualityCosts(measured: readonly Measured[]): QualityCosts {
  const quality = qualityOf([...new Set(measured.map(({ effect }) => effect))]);
  const nameOf = ({ protection, attack, cells }: Measured): string =>
    JSON.stringify([protection.label, attack.label, ...cells.map(({ seed }) => seed)]);
  const costs = new Map(
    measured.filter(({ effect }) => effect === quality).map((each) => [nameOf(each), costOf(each)]),
  );
  return { quality, costFor: (cell) => costs.get(nameOf(cell)) ?? Number.NaN };
}

/** Why the attack of a cell destroys the image; undefined if it does not, or if nothing tells. */
export function destructionOf(cell: Measured, { quality, costFor }: QualityCosts): string | undefined {
  if (isBaseline(cell.attack)) return undefined;
  if (cell.range !== undefined) {
    const kept = 1 - costOf(cell) / cell.range;
    if (!(kept < KEPT)) return undefined;
    return `A mimic of attacked clean images keeps ${formatShare(Math.max(0, kept))} of what a mimic gains from clean images, less than ${KEPT}.`;
  }
  // Pixels that have moved are unlike those of the clean image, however good the image is.
  if (quality?.metric.ruined === undefined || isMisaligned(cell.attack, quality.metric)) return undefined;
  const cost = costFor(cell);
  if (!(cost > quality.metric.ruined)) return undefined;
  return `The attack alone costs ${quality.symbol} = ${cost.toFixed(2)}, more than ${quality.metric.ruined}: little is left of the image.`;
}
