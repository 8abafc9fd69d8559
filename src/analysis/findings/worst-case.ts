/**
 * @file A protection against all attacks together: what is left of it under the worst attack for each image, and the cheapest
 * attack that breaks it. A protection is as good as its worst attack, image by image.
 */
import { bootstrapInterval, weightedMean } from '../../stats/bootstrap.ts';
import { groupBy } from '../../stats/group.ts';
import type { Estimate } from '../../stats/residual.ts';
import { type Verdict, verdict } from '../../stats/verdict.ts';
import { kindOf } from '../../metrics/kinds/index.ts';
import type { Analysis, Answers, Effect } from '../answers.ts';
import type { Price, Prices } from './price.ts';
import { isBaseline } from '../roles.ts';

/** One protection under one effect. */
export interface WorstCase {
  /** Any of its pairs: for its names. */
  readonly pair: Analysis;
  /** R with the least that any attack leaves of each image; undefined if no two attacks share images. */
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
 * mean over images of min over attacks of what is left, divided by the mean effect. The least of several noisy numbers is
 * too small on average: the mimic picks the attack after it sees the outcome, which is its best case.
 */
function worstOf(
  own: readonly Analysis[],
  { draw, bootstrap, thresholds }: Answers,
): Pick<WorstCase, 'residual' | 'verdict' | 'attacks'> {
  // A part of a set has no value of its own by which to choose an attack.
  const judged = own.filter(
    ({ residual, effect }) => residual.n > 0 && kindOf(effect.metric).value !== 'set',
  );
  const images = (judged[0]?.images ?? []).filter((image) =>
    judged.every((each) => each.images.includes(image)),
  );
  if (judged.length < 2 || images.length === 0)
    return { residual: undefined, verdict: undefined, attacks: judged.length };
  const least = images.map((image) =>
    Math.min(...judged.map((each) => each.residual.survivingPerImage[each.images.indexOf(image)]!)),
  );
  const [first] = judged;
  const effects = images.map((image) => first!.residual.effectPerImage[first!.images.indexOf(image)]!);
  const ratio = (weights: Uint8Array): number => {
    const [left, effect] = [weightedMean(least, weights), weightedMean(effects, weights)];
    if (effect > 0) return left / effect;
    return left === 0 ? 0 : Math.sign(left) * Infinity;
  };
  const all = new Uint8Array(images.length).fill(1);
  const worst: Estimate = {
    value: weightedMean(least, all) / weightedMean(effects, all),
    interval: bootstrapInterval(ratio, draw(images), { method: bootstrap.method }),
  };
  // Without an effect before any attack, the worst attack has nothing to remove.
  const read =
    first!.outcome === 'no effect'
      ? first!.verdict
      : verdict({ ...first!.residual, n: images.length, ratio: worst }, thresholds);
  return { residual: worst, verdict: read, attacks: judged.length };
}

function cheapestBreak(own: readonly Analysis[], prices: Prices): WorstCase['cheapestBreak'] {
  const breaking = own
    .filter(({ outcome }) => outcome === 'broken')
    .map(({ attack, names }) => ({ attack: names.attack, price: prices.get(attack.label)! }))
    .filter(({ price }) => Number.isFinite(price.msPerMegapixel));
  if (breaking.length === 0) return undefined;
  return breaking.reduce((a, b) => (a.price.msPerMegapixel <= b.price.msPerMegapixel ? a : b));
}
