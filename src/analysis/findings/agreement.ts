/**
 * @file Whether a cheap measurement predicts mimicry: over the pairs of protection and attack that have both, the rank
 * correlation between R by each cheap metric and R by a metric of mimicry.
 */
import { deriveSeed, seededRandom } from '../../random.ts';
import { rankCorrelation } from '../../stats/ranks.ts';
import type { Estimate } from '../../stats/inference.ts';
import type { Analysis, Answers, Effect } from '../answers.ts';
import { isBaseline } from '../roles.ts';

/** One cheap metric and one of mimicry. */
export interface Agreement {
  readonly cheap: Effect;
  readonly mimicry: Effect;
  /** Pairs that have an R by both. */
  readonly pairs: number;
  /** Spearman's rho; the bootstrap draws protections with all their attacks. */
  readonly rho: Estimate;
}

/** Every cheap metric with every metric of mimicry; empty if a run lacks either. */
export function agreements({ effects, pairs }: Answers): Agreement[] {
  const ofMimicry = effects.filter(({ metric }) => metric.measures === 'mimicry');
  const cheap = effects.filter((effect) => !ofMimicry.includes(effect));
  return ofMimicry.flatMap((mimicry) => cheap.map((each) => agreementOf(each, mimicry, pairs)));
}

function agreementOf(cheap: Effect, mimicry: Effect, pairs: readonly Analysis[]): Agreement {
  const judged = pairs.filter(
    ({ attack, protection, outcome, residual }) =>
      !isBaseline(attack) &&
      !isBaseline(protection) &&
      outcome !== 'no effect' &&
      Number.isFinite(residual.ratio.value),
  );
  const both = judged
    .filter(({ effect }) => effect === cheap)
    .flatMap((own) => {
      const other = judged.find(
        ({ effect, protection, attack }) =>
          effect === mimicry &&
          protection.label === own.protection.label &&
          attack.label === own.attack.label,
      );
      return other === undefined ? [] : [{ own, other }];
    });
  const rho = rankCorrelation(
    both.map(({ own }) => own.residual.ratio.value),
    both.map(({ other }) => other.residual.ratio.value),
    seededRandom(deriveSeed(`agreement/${cheap.metric.label}/${mimicry.metric.label}`)),
    both.map(({ own }) => own.protection.label),
  );
  return { cheap, mimicry, pairs: both.length, rho };
}
