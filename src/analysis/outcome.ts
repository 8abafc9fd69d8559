/** @file The verdict of a cell, what the cell is then called, and whether its R says anything. */
import type { CellRecord } from '../run/run-folder.ts';
import { kindOf } from '../metrics/kinds/index.ts';
import { groupBy } from '../stats/group.ts';
import { adjustedVerdicts, type Thresholds, type Verdict, verdict } from '../stats/verdict.ts';
import type { Analysis, Measured, Outcome, PlaceboContrast } from './answers.ts';
import { isBaseline, isMisaligned, isPlacebo } from './roles.ts';
import { destructionOf, qualityCosts } from './utility.ts';

/** How verdicts are made. */
interface Rule {
  readonly thresholds: Thresholds;
  /** How claims over many attacks are adjusted; undefined: each verdict stands alone. */
  readonly adjust: 'holm' | 'benjamini-hochberg' | undefined;
}

const MISALIGNED: Verdict = {
  word: 'inconclusive',
  reason:
    'The attack moves pixels, and this metric compares the same places: R says nothing about the protection.',
  open: [],
};

/** Cells with their verdicts; those of one protection under one metric and seed are read together, over all attacks. */
export function judged(
  measured: readonly Measured[],
  placebos: readonly (PlaceboContrast | undefined)[],
  { thresholds, adjust }: Rule,
): Analysis[] {
  const costs = qualityCosts(measured);
  const alone = measured.map((each, i) => {
    const read = verdictOf(each, placebos[i], thresholds);
    const misaligned = read.word !== 'no effect' && isMisaligned(each.attack, each.effect.metric);
    const found: Verdict = misaligned ? MISALIGNED : read;
    const reason = found.word === 'no effect' ? undefined : destructionOf(each, costs);
    return reason === undefined ? found : ({ word: 'destroyed', reason, open: [] } as const);
  });
  const verdicts = [...alone];
  if (adjust !== undefined) {
    for (const family of familiesOf(measured)) {
      const of = family.map((i) => alone[i]!);
      const means = family.map((i) => measured[i]!.residual.means);
      adjustedVerdicts(of, means, thresholds, adjust).forEach((found, k) => {
        verdicts[family[k]!] = found;
      });
    }
  }
  return measured.map(({ count: _, ...each }, i) => {
    const [placebo, found] = [placebos[i], verdicts[i]!];
    const outcome = outcomeOf(each.cells, each.residual.n, found);
    return { ...each, ...(placebo && { placebo }), verdict: found, outcome };
  });
}

/** Places of the cells that differ in their attack alone. The baseline is no attack, and not in a family. */
function familiesOf(measured: readonly Measured[]): readonly (readonly number[])[] {
  const places = measured.map((_, i) => i).filter((i) => !isBaseline(measured[i]!.attack));
  const nameOf = ({ protection, effect, cells }: Measured): string =>
    JSON.stringify([protection.label, effect.metric.label, cells.map(({ seed }) => seed)]);
  return [...groupBy(places, (i) => nameOf(measured[i]!)).values()];
}

/**
 * A placebo is measured against itself: it has no effect, except that it can be detected. How far pixels are moved, and
 * whether that shows, is not a claim of a protection that noise could make as well; everything else is.
 */
function verdictOf(
  { protection, effect, residual: found, count, floor, smallest }: Measured,
  placebo: PlaceboContrast | undefined,
  thresholds: Thresholds,
): Verdict {
  const { measures } = effect.metric;
  if (isPlacebo(protection) && measures !== 'detectability' && found.n > 0) {
    return {
      word: 'no effect',
      reason: 'This is the placebo: what random noise does is not counted as an effect of a protection.',
      open: [],
    };
  }
  const excess = measures === 'fidelity' || measures === 'detectability' ? undefined : placebo?.excess;
  const read = verdict({ ...found, n: count, excess, smallest }, thresholds);
  if (kindOf(effect.metric).value !== 'set' || found.n !== 1) return read;
  // One value for a whole set has no interval, but it has a noise floor, below which there is nothing to remove.
  if (floor !== undefined && found.effect.value <= floor) {
    return { word: 'no effect', reason: 'The effect before any attack is within the noise floor.', open: [] };
  }
  return {
    ...read,
    reason:
      'There are too few images, or artists, to leave some out: one value for the whole set, and no interval.',
  };
}

function outcomeOf(cells: readonly CellRecord[], n: number, { word }: Verdict): Outcome {
  if (n > 0) return word;
  if (cells.some(({ status }) => status === 'pending')) return 'pending';
  return cells.some(({ errors }) => errors > 0) ? 'failed' : word;
}

/** Whether the pair can be judged at all: the attack leaves an image, and the metric compares what belongs together. */
export const isJudged = ({ attack, effect: { metric }, outcome, residual: { n } }: Analysis): boolean =>
  n > 0 && outcome !== 'destroyed' && !isMisaligned(attack, metric);

/** Whether R is printed as a number: the protection has an effect that an attack can take. */
export const printsResidual = (pair: Analysis): boolean => pair.outcome !== 'no effect' && hasResidual(pair);

/**
 * Whether R says anything about a pair: it has an effect to lose that is told from 0, and is the effect of a protection, or of
 * the placebo that others are compared with.
 */
export const hasResidual = (pair: Analysis): boolean => {
  const {
    protection,
    outcome,
    residual: { effect, ratio },
  } = pair;
  return (
    isJudged(pair) &&
    (outcome !== 'no effect' || isPlacebo(protection)) &&
    (effect.interval?.lo ?? 0) > 0 &&
    Number.isFinite(ratio.value)
  );
};
