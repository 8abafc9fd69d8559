/** @file What follows from the verdicts taken together: prices, standings, comparisons, agreement. */
import type { RunFolder } from '../run/run-folder.ts';
import { type Agreement, agreements } from './agreement.ts';
import type { Answers } from './analysis.ts';
import { againstBaseline, type Comparison } from './baseline.ts';
import { type Brief, briefsOf } from './brief.ts';
import type { Effect } from './effect.ts';
import { type Learning, learningsOf } from './learning.ts';
import { type Prices, pricesOf, qualityEffect } from './price.ts';
import { type Standing, standingsOf } from './standing.ts';

export interface Findings {
  /** The effect that tells how much quality an attack costs. */
  readonly quality: Effect | undefined;
  readonly prices: Prices;
  /** Of every protection under every effect, primary first. */
  readonly standings: readonly Standing[];
  /** The same in plain words, with the numbers behind them. */
  readonly briefs: readonly Brief[];
  /** Whether mimics have learnt what they were to learn. */
  readonly learnings: readonly Learning[];
  /** Likewise; each effect is a family of its own for the adjustment of p. */
  readonly comparisons: readonly Comparison[];
  readonly agreements: readonly Agreement[];
}

/** @throws USAGE where the baseline is no protection of the run */
export function findingsOf(run: Pick<RunFolder, 'images' | 'manifest' | 'rows'>, answers: Answers): Findings {
  const prices = pricesOf(run, answers);
  const standings = answers.effects.flatMap((effect) => standingsOf(answers, effect, prices));
  return {
    quality: qualityEffect(answers),
    prices,
    standings,
    briefs: briefsOf(run, answers, standings),
    learnings: learningsOf(run, answers),
    comparisons: answers.effects.flatMap((effect) => againstBaseline(answers, effect)),
    agreements: agreements(answers),
  };
}
