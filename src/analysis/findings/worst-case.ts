/**
 * @file A protection against all attacks together: what is left of it under the worst attack, chosen on other images, and the
 * cheapest attack that breaks it. A protection is as good as its worst attack.
 */
import { leastElsewhere } from '../../stats/cross-fit.ts';
import { groupBy } from '../../stats/group.ts';
import type { Estimate } from '../../stats/inference.ts';
import { type Verdict, verdict } from '../../stats/verdict.ts';
import { kindOf } from '../../metrics/kinds/index.ts';
import type { Analysis, Answers, Effect } from '../answers.ts';
import type { Price, Prices } from './price.ts';
import { isJudged } from '../outcome.ts';
import { isBaseline } from '../roles.ts';

/** One protection under one effect. */
export interface WorstCase {
  /** Any of its pairs: for its names. */
  readonly pair: Analysis;
  /** R under the attack that leaves least of the other images; undefined if no two attacks share images. */
  readonly residual: Estimate | undefined;
  /** The verdict on `residual`. */
  readonly verdict: Verdict | undefined;
  /** How many attacks `residual` is over. */
  readonly attacks: number;
  /** The attack that takes the least time among those that break it, with its price. */
  readonly cheapestBreak: { readonly attack: string; readonly price: Price } | undefined;
}

/** All protections that were attacked, under one effect. */
export function worstCasesOf(answers: Answers, effect: Effect, prices: Prices): WorstCase[] {
  const attacked = answers.pairs.filter((pair) => pair.effect === effect && !isBaseline(pair.attack));
  const byProtection = groupBy(attacked, ({ protection }) => protection.label);
  return [...byProtection.values()].map((own) => ({
    pair: own[0]!,
    ...worstOf(own, answers),
    cheapestBreak: cheapestBreak(own, prices),
  }));
}

/**
 * mean over units of what the worst attack leaves, divided by the mean effect. For each half of the units the attack is the one
 * that leaves least of the other half: the mimic cannot see the outcome before it chooses, and the least of several noisy
 * numbers would be too small. All samples of a training face one attack, as a mimic chooses it once.
 */
function worstOf(
  own: readonly Analysis[],
  { infer, thresholds }: Answers,
): Pick<WorstCase, 'residual' | 'verdict' | 'attacks'> {
  // A part of a set has no value of its own by which to choose an attack.
  const measured = own.filter((pair) => isJudged(pair) && kindOf(pair.effect.metric).value !== 'set');
  const units = (measured[0]?.images ?? []).filter((unit) =>
    measured.every((each) => each.images.includes(unit)),
  );
  if (measured.length < 2 || units.length < 2)
    return { residual: undefined, verdict: undefined, attacks: measured.length };
  const left = measured.map((each) =>
    units.map((unit) => each.residual.survivingPerImage[each.images.indexOf(unit)]!),
  );
  const inference = infer(units);
  const chosen = leastElsewhere(left, inference.replicateOf);
  const least = units.map((_, i) => left[chosen[i]!]![i]!);
  const [first] = measured;
  const effects = units.map((unit) => first!.residual.effectPerImage[first!.images.indexOf(unit)]!);
  const ratio = inference.ratio(least, effects);
  if (first!.outcome === 'no effect') {
    // Without an effect before any attack, the worst attack has nothing to remove.
    return { residual: ratio, verdict: first!.verdict, attacks: measured.length };
  }
  const evidence = { n: units.length, effect: inference.mean(effects), ratio };
  const read = verdict({ ...evidence, means: inference.means([least, effects]) }, thresholds);
  return { residual: ratio, verdict: read, attacks: measured.length };
}

function cheapestBreak(own: readonly Analysis[], prices: Prices): WorstCase['cheapestBreak'] {
  const breaking = own
    .filter(({ outcome }) => outcome === 'broken')
    .map(({ attack, names }) => ({ attack: names.attack, price: prices.get(attack.label)! }))
    .filter(({ price }) => Number.isFinite(price.msPerMegapixel));
  if (breaking.length === 0) return undefined;
  return breaking.reduce((a, b) => (a.price.msPerMegapixel <= b.price.msPerMegapixel ? a : b));
}
