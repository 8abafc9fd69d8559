/**
 * @file What a reader takes away of each protection: a few plain sentences and the numbers behind them. The report's head,
 * the summary in the terminal, `findings.json` and `findings.csv` all say this, from here.
 */
import type { RunFolder, Setting } from '../run/run-folder.ts';
import type { Estimate } from '../stats/residual.ts';
import type { Analysis, Answers, Outcome } from './analysis.ts';
import type { Effect } from './effect.ts';
import { groupBy } from '../stats/group.ts';
import { formatNumber } from './numbers.ts';
import { placeboCheck, sayPlacebo } from './placebo.ts';
import type { Standing } from './standing.ts';
import { isIdentity, isPlacebo, sayStanding, strongest, summarise } from './summary.ts';

/** One protection under one effect. */
export interface Brief {
  readonly protection: Setting;
  /** As the report prints it. */
  readonly name: string;
  readonly effect: Effect;
  readonly role: 'protection' | 'placebo' | 'none';
  /** Whether it holds, and by what it is judged, in plain words. */
  readonly sentence: string;
  /** What all attacks together leave, and what breaking it costs. */
  readonly together: string | undefined;
  /** How it stands beside random noise of its budget. */
  readonly besideNoise: string | undefined;
  /** What the saved files say of the budget; the same under every effect. */
  readonly measured: string | undefined;
  readonly pairs: readonly Analysis[];
  /** d[protected] - d[clean], before any attack. */
  readonly size: Estimate;
  /** The smallest effect that these images would have shown. */
  readonly detectable: number;
  /** The attack that leaves least, by the upper end of R's interval. */
  readonly strongest: Analysis | undefined;
  readonly standing: Standing | undefined;
  readonly placebo: ReturnType<typeof placeboCheck>;
  /** Images still needed to settle the pairs that are inconclusive; undefined where none is, or no number would. */
  readonly moreImages: number | undefined;
}

/** Every protection of a run under every effect, primary first. */
export function briefsOf(
  { images }: Pick<RunFolder, 'images'>,
  { effects, pairs }: Answers,
  standings: readonly Standing[],
): Brief[] {
  return effects.flatMap((effect) => {
    const own = pairs.filter((pair) => pair.effect === effect);
    return [...groupBy(own, ({ protection }) => protection.label).values()].map((group) => {
      const { protection } = group[0]!;
      const standing = standings.find(
        ({ of }) => of.effect === effect && of.protection.label === protection.label,
      );
      return { ...briefOf(group, own, standing), measured: measuredBudget(images, protection) };
    });
  });
}

function briefOf(
  group: readonly Analysis[],
  ofEffect: readonly Analysis[],
  standing: Standing | undefined,
): Omit<Brief, 'measured'> {
  const { protection, names, effect } = group[0]!;
  const placebo = placeboCheck(protection, ofEffect);
  const needed = group.flatMap(({ verdict: { moreImages } }) => moreImages ?? []);
  const fullest = group.reduce((a, b) => (b.residual.n > a.residual.n ? b : a));
  return {
    protection,
    name: names.protection,
    effect,
    role: isIdentity(protection) ? 'none' : isPlacebo(protection) ? 'placebo' : 'protection',
    sentence: summarise(group),
    together: standing && sayStanding(standing),
    besideNoise: placebo && sayPlacebo(placebo),
    pairs: group,
    size: fullest.residual.effect,
    detectable: fullest.detectable,
    strongest: strongest(group),
    standing,
    placebo,
    moreImages: needed.length === 0 ? undefined : Math.max(...needed),
  };
}

/** What is said first: the primary effect, and then whether a mimic is misled, where the run has measured that, too. */
export const isLeading = ({ effect, pairs }: Brief, primary: Effect | undefined): boolean =>
  effect === primary ||
  (effect.metric.measures === 'mimicry' && pairs.some(({ residual }) => residual.n > 0));

/** Names of the attacks under each outcome, in the order of the experiment; the attack that does nothing is left out. */
export function attacksByOutcome({ pairs }: Brief): Partial<Record<Outcome, string[]>> {
  const attacked = pairs.filter(({ attack }) => !isIdentity(attack));
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
  if (isIdentity(protection) || linf.length === 0) return undefined;
  const [lo, hi] = [Math.min(...psnr), Math.max(...psnr)].map((value) => formatNumber(value));
  const range = psnr.length === 0 ? '' : `, PSNR ${lo === hi ? lo : `${lo} to ${hi}`} dB`;
  return `Measured: L∞ at most ${level(Math.max(...linf))}/255${range}.`;
}

/** Levels of an 8-bit file are whole numbers. */
const level = (value: number): string => (Number.isInteger(value) ? String(value) : formatNumber(value));
