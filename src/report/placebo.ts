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

/** One sentence on a protection beside its placebo; undefined where the run has none of its budget. */
export function besidePlacebo(protection: Setting, analyses: readonly Analysis[]): string | undefined {
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
      return placebo === undefined ? [] : [differences(own, placebo)];
    })
    .filter(({ length }) => length > 0);
  if (compared.length === 0) return undefined;
  const ps = holm(
    compared.map((each, i) => signFlipP(each, seededRandom(deriveSeed(`placebo/${protection.label}/${i}`)))),
  );
  const better = compared.filter((each, i) => ps[i]! < LEVEL && sum(each) > 0).length;
  const all = count(compared.length, 'attack');
  const test = `sign-flip test over images, Holm over ${all}, least p = ${formatNumber(Math.min(...ps), 2)}`;
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

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
