/** @file The verdict of a cell, what the cell is then called, and whether its R says anything. */
import type { CellRecord } from '../run/run-folder.ts';
import { kindOf } from '../metrics/kinds/index.ts';
import { type Thresholds, type Verdict, verdict } from '../stats/verdict.ts';
import type { Analysis, Measured, Outcome, PlaceboContrast } from './answers.ts';
import { isPlacebo } from './roles.ts';

/** The cell with its verdict. */
export function judged(
  { count, ...measured }: Measured,
  placebo: PlaceboContrast | undefined,
  thresholds: Thresholds,
): Analysis {
  const found = verdictOf({ count, ...measured }, placebo, thresholds);
  const outcome = outcomeOf(measured.cells, measured.residual.n, found);
  return { ...measured, ...(placebo && { placebo }), verdict: found, outcome };
}

/**
 * A placebo is measured against itself: it has no effect, except that it can be detected. How far pixels are moved, and
 * whether that shows, is not a claim of a protection that noise could make as well; everything else is.
 */
function verdictOf(
  { protection, effect, residual: found, count, floor }: Measured,
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
  const read = verdict({ ...found, n: count }, thresholds, excess);
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

/** Whether R says anything about a pair: it has an effect to lose, or is the placebo that others are compared with. */
export const hasResidual = ({ protection, outcome, residual: { n, effect, ratio } }: Analysis): boolean =>
  n > 0 &&
  (outcome !== 'no effect' || (isPlacebo(protection) && (effect.interval?.lo ?? 0) > 0)) &&
  Number.isFinite(ratio.value);
