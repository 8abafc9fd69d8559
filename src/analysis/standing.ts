/**
 * @file Where a protection stands against all attacks together: what is left of it under the worst attack for each image
 * (a protection is as good as its worst attack, image by image), and the cheapest attack that breaks it.
 */
import { bootstrapInterval, weightedMean } from '../stats/bootstrap.ts';
import type { Estimate } from '../stats/residual.ts';
import { type Verdict, verdict } from '../stats/verdict.ts';
import type { Analysis, Answers } from './analysis.ts';
import type { Effect } from './effect.ts';
import { groupBy } from '../stats/group.ts';
import type { Price, Prices } from './price.ts';
import { isIdentity } from './summary.ts';

/** One protection under one effect. */
export interface Standing {
  /** Any of its pairs: for its names. */
  readonly of: Analysis;
  /** R with the least that any attack leaves of each image; undefined where no two attacks share images. */
  readonly worst: Estimate | undefined;
  /** The verdict on `worst`. */
  readonly verdict: Verdict | undefined;
  /** How many attacks `worst` is over. */
  readonly attacks: number;
  /** Of the attacks that break it, the one that takes least time, with its price. */
  readonly cheapest: { readonly attack: string; readonly price: Price } | undefined;
}

/** All protections that were attacked, under one effect. */
export function standingsOf(answers: Answers, effect: Effect, prices: Prices): Standing[] {
  const attacked = answers.pairs.filter((pair) => pair.effect === effect && !isIdentity(pair.attack));
  const byProtection = groupBy(attacked, ({ protection }) => protection.label);
  return [...byProtection.values()].map((own) => ({
    of: own[0]!,
    ...worstOf(own, answers),
    cheapest: cheapestBreak(own, prices),
  }));
}

/**
 * mean over images of min over attacks of what is left, divided by the mean effect. The least of several noisy numbers is
 * too small on average: an oracle that picks the attack after seeing the outcome, which is the mimic's best case.
 */
function worstOf(
  own: readonly Analysis[],
  { draw, bootstrap, thresholds }: Answers,
): Pick<Standing, 'worst' | 'verdict' | 'attacks'> {
  // A part of a set has no value of its own that an attack could be chosen by.
  const judged = own.filter(({ residual, effect }) => residual.n > 0 && effect.metric.kind !== 'set');
  const images = (judged[0]?.images ?? []).filter((image) =>
    judged.every((each) => each.images.includes(image)),
  );
  if (judged.length < 2 || images.length === 0)
    return { worst: undefined, verdict: undefined, attacks: judged.length };
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
  // Where there is no effect before any attack, there is none for the worst to remove.
  const read =
    first!.outcome === 'no effect'
      ? first!.verdict
      : verdict({ ...first!.residual, n: images.length, ratio: worst }, thresholds);
  return { worst, verdict: read, attacks: judged.length };
}

function cheapestBreak(own: readonly Analysis[], prices: Prices): Standing['cheapest'] {
  const breaking = own
    .filter(({ outcome }) => outcome === 'broken')
    .map(({ attack, names }) => ({ attack: names.attack, price: prices.get(attack.label)! }))
    .filter(({ price }) => Number.isFinite(price.msPerMegapixel));
  if (breaking.length === 0) return undefined;
  return breaking.reduce((a, b) => (a.price.msPerMegapixel <= b.price.msPerMegapixel ? a : b));
}
