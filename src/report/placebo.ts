/**
 * @file The placebo check: does a protection leave more behind than random noise of the same budget? What an attack
 * leaves, d[attack(protected)] - d[attack(clean)], is compared image by image.
 */
import type { Setting } from '../harness/run-folder.ts';
import { LEVEL_EPS_PX } from '../protections/budget.ts';
import { deriveSeed, seededRandom } from '../random.ts';
import { holm, signFlipP } from '../stats/paired.ts';
import type { Analysis } from './analysis.ts';
import { count, formatNumber } from './numbers.ts';
import { isIdentity, isPlacebo } from './summary.ts';

const LEVEL = 0.05;

/** A protection beside noise of its budget under one attack. */
interface PlaceboComparison {
  /** Label of the attack. */
  readonly attack: string;
  /** Mean of what is left of the protection less what is left of the noise. */
  readonly difference: number;
  /** Sign-flip test over images, adjusted after Holm over the attacks. */
  readonly p: number;
  /** More is left than of noise, beyond chance. */
  readonly better: boolean;
}

/** What the placebo check found, attack by attack; undefined where the run has no noise of the protection's budget. */
export function placeboCheck(
  protection: Setting,
  analyses: readonly Analysis[],
): readonly PlaceboComparison[] | undefined {
  const budget = budgetOf(protection);
  if (isIdentity(protection) || isPlacebo(protection) || budget === undefined) return undefined;
  const compared = analyses
    .filter((each) => each.protection.label === protection.label && !isIdentity(each.attack))
    .flatMap((own) => {
      const placebo = analyses.find(
        (each) =>
          isPlacebo(each.protection) &&
          budgetOf(each.protection) === budget &&
          each.attack.label === own.attack.label,
      );
      return placebo === undefined ? [] : [{ attack: own.attack.label, by: differences(own, placebo) }];
    })
    .filter(({ by }) => by.length > 0);
  if (compared.length === 0) return undefined;
  const ps = holm(
    compared.map(({ by }, i) => signFlipP(by, seededRandom(deriveSeed(`placebo/${protection.label}/${i}`)))),
  );
  return compared.map(({ attack, by }, i) => {
    const difference = by.reduce((sum, value) => sum + value, 0) / by.length;
    return { attack, difference, p: ps[i]!, better: ps[i]! < LEVEL && difference > 0 };
  });
}

/** The check in one sentence. */
export function sayPlacebo(compared: readonly PlaceboComparison[]): string {
  const better = compared.filter((each) => each.better).length;
  const all = count(compared.length, 'attack');
  const least = formatNumber(Math.min(...compared.map(({ p }) => p)), 2);
  const test = `sign-flip test over images, Holm over ${all}, least p = ${least}`;
  return better === 0
    ? `Not shown to leave more than random noise of the same budget does, under any attack (${test}).`
    : `Leaves more than random noise of the same budget under ${better} of ${all} (${test}).`;
}

/** In 1/255; undefined where the protection is not bounded so. */
function budgetOf({ links }: Setting): number | undefined {
  const { level, eps } = links[0]?.params ?? {};
  if (typeof eps === 'number') return eps;
  return LEVEL_EPS_PX[level as keyof typeof LEVEL_EPS_PX];
}

/** What is left of the protection less what is left of the placebo, for each image that both have. */
function differences(own: Analysis, placebo: Analysis): number[] {
  const of = new Map(placebo.images.map((image, i) => [image, placebo.residual.survivingPerImage[i]!]));
  return own.images.flatMap((image, i) =>
    of.has(image) ? [own.residual.survivingPerImage[i]! - of.get(image)!] : [],
  );
}
