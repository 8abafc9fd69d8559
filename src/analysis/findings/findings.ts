/** @file `Findings`: what follows from all the verdicts of a run together. */
import type { RunFolder } from '../../run/run-folder.ts';
import { type Agreement, agreements } from './agreement.ts';
import type { Answers, Effect } from '../answers.ts';
import { againstBaseline, type Comparison } from './baseline.ts';
import { type MimicGain, mimicGainsOf } from './mimic-gain.ts';
import { qualityOf } from '../utility.ts';
import { type Prices, pricesOf } from './price.ts';
import { type ProtectionSummary, protectionSummaries } from './protection-summary.ts';
import { type WorstCase, worstCasesOf } from './worst-case.ts';

export interface Findings {
  /** The effect that says how much quality an attack costs. */
  readonly quality: Effect | undefined;
  readonly prices: Prices;
  /** Every protection under every effect, primary first. */
  readonly summaries: readonly ProtectionSummary[];
  /** The same against all attacks together. */
  readonly worstCases: readonly WorstCase[];
  /** Whether mimics gain from fine-tuning. */
  readonly mimicGains: readonly MimicGain[];
  /** Under every effect; each effect is a family of its own for the adjustment of p. */
  readonly comparisons: readonly Comparison[];
  readonly agreements: readonly Agreement[];
}

/** @throws USAGE if the baseline is not a protection of the run */
export function findingsOf(run: Pick<RunFolder, 'images' | 'manifest' | 'rows'>, answers: Answers): Findings {
  const prices = pricesOf(run, answers);
  const worstCases = answers.effects.flatMap((effect) => worstCasesOf(answers, effect, prices));
  return {
    quality: qualityOf(answers.effects),
    prices,
    summaries: protectionSummaries(run, answers, worstCases),
    worstCases,
    mimicGains: mimicGainsOf(run, answers),
    comparisons: answers.effects.flatMap((effect) => againstBaseline(answers, effect)),
    agreements: agreements(answers),
  };
}
