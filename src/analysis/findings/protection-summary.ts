/**
 * @file The summary of each protection: a few plain sentences and the numbers behind them. The head of the report, the
 * terminal, `findings.json` and `findings.csv` all take it from here.
 */
import type { RunFolder } from '../../run/run-folder.ts';
import type { Setting } from '../../experiment/setting.ts';
import type { Estimate } from '../../stats/inference.ts';
import { groupBy } from '../../stats/group.ts';
import type { Analysis, Answers, Effect, Outcome } from '../answers.ts';
import { formatNumber } from '../numbers.ts';
import { type PlaceboTest, placeboTests } from '../placebo.ts';
import { isBaseline, isPlacebo } from '../roles.ts';
import { sayPlacebo, sayWorstCase, strongest, summarise } from './sentences.ts';
import type { WorstCase } from './worst-case.ts';

/** One protection under one effect. */
export interface ProtectionSummary {
  readonly protection: Setting;
  /** As the report prints it. */
  readonly name: string;
  readonly effect: Effect;
  /** What it is in the run for. */
  readonly role: 'protection' | 'placebo' | 'baseline';
  /** Whether it holds, and what that rests on. */
  readonly sentence: string;
  /** What all attacks together leave, and what it costs to break it. */
  readonly together: string | undefined;
  /** How it compares with random noise of its budget. */
  readonly againstPlacebo: string | undefined;
  /** The budget as measured on the saved files; the same under every effect. */
  readonly measured: string | undefined;
  readonly pairs: readonly Analysis[];
  /** d[protected] - d[clean], before any attack. */
  readonly size: Estimate;
  /** The smallest effect that these images would have shown. */
  readonly detectable: number;
  /** The attack that leaves least, by the upper end of R's interval. */
  readonly strongest: Analysis | undefined;
  readonly worstCase: WorstCase | undefined;
  /** Undefined if the run has no placebo of its size. */
  readonly placeboTests: readonly PlaceboTest[] | undefined;
  /** How many more images would settle its inconclusive pairs; undefined if none is, or if no number would. */
  readonly moreImages: number | undefined;
}

/** Every protection of a run under every effect, primary first. */
export function protectionSummaries(
  { images }: Pick<RunFolder, 'images'>,
  { effects, pairs, infer }: Answers,
  worstCases: readonly WorstCase[],
): ProtectionSummary[] {
  return effects.flatMap((effect) => {
    const own = pairs.filter((pair) => pair.effect === effect);
    return [...groupBy(own, ({ protection }) => protection.label).values()].map((group) => {
      const { protection } = group[0]!;
      const worstCase = worstCases.find(
        ({ pair }) => pair.effect === effect && pair.protection.label === protection.label,
      );
      return { ...summaryOf(group, own, worstCase, infer), measured: measuredBudget(images, protection) };
    });
  });
}

function summaryOf(
  group: readonly Analysis[],
  ofEffect: readonly Analysis[],
  worstCase: WorstCase | undefined,
  infer: Answers['infer'],
): Omit<ProtectionSummary, 'measured'> {
  const { protection, names, effect } = group[0]!;
  const tests = placeboTests(protection, ofEffect, infer);
  const needed = group.flatMap(({ verdict: { moreImages } }) => moreImages ?? []);
  const fullest = group.reduce((a, b) => (b.residual.n > a.residual.n ? b : a));
  return {
    protection,
    name: names.protection,
    effect,
    role: isBaseline(protection) ? 'baseline' : isPlacebo(protection) ? 'placebo' : 'protection',
    sentence: summarise(group),
    together: worstCase && sayWorstCase(worstCase),
    againstPlacebo: tests && sayPlacebo(tests),
    pairs: group,
    size: fullest.residual.effect,
    detectable: fullest.detectable,
    strongest: strongest(group),
    worstCase,
    placeboTests: tests,
    moreImages: needed.length === 0 ? undefined : Math.max(...needed),
  };
}

/** Whether a reader sees it first: under the primary effect, and on mimicry if the run has measured that. */
export const isLeading = ({ effect, pairs }: ProtectionSummary, primary: Effect | undefined): boolean =>
  effect === primary ||
  (effect.metric.measures === 'mimicry' && pairs.some(({ residual }) => residual.n > 0));

/** Names of the attacks under each outcome, in the order of the experiment; the attack that does nothing is left out. */
export function attacksByOutcome({ pairs }: ProtectionSummary): Partial<Record<Outcome, string[]>> {
  const attacked = pairs.filter(({ attack }) => !isBaseline(attack));
  return Object.fromEntries(
    [...groupBy(attacked, ({ outcome }) => outcome)].map(([outcome, group]) => [
      outcome,
      group.map(({ names }) => names.attack),
    ]),
  );
}

/** The budget as measured on the saved files. */
function measuredBudget(images: RunFolder['images'], protection: Setting): string | undefined {
  const own = images.filter((record) => record.arm === 'protected' && record.protection === protection.label);
  const linf = own.flatMap(({ linfPx }) => linfPx ?? []);
  const psnr = own.flatMap((record) => record.psnr ?? []).filter(Number.isFinite);
  if (isBaseline(protection) || linf.length === 0) return undefined;
  const [lo, hi] = [Math.min(...psnr), Math.max(...psnr)].map((value) => formatNumber(value));
  const range = psnr.length === 0 ? '' : `, PSNR ${lo === hi ? lo : `${lo} to ${hi}`} dB`;
  return `Measured: L∞ at most ${level(Math.max(...linf))}/255${range}.`;
}

/** Levels of an 8-bit file are whole numbers. */
const level = (value: number): string => (Number.isInteger(value) ? String(value) : formatNumber(value));
