/**
 * @file A protection beside its placebo, random noise of the same size, image by image: has it more of an effect before any
 * attack, d[protected] - d[clean], and is more of it left by each, d[attack(protected)] - d[attack(clean)]?
 */
import type { RunImage, Setting } from '../run/run-folder.ts';
import { LEVEL_EPS_PX } from '../protections/parts/budget.ts';
import { deriveSeed, seededRandom } from '../random.ts';
import { type Interval, type Statistic, weightedMean } from '../stats/bootstrap.ts';
import { holm, signFlipP } from '../stats/paired.ts';
import type { Estimate } from '../stats/residual.ts';
import type { Analysis } from './analysis.ts';
import { groupBy } from '../stats/group.ts';
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

/** What the placebo check found, attack by attack; undefined where the run has no noise of the protection's size. */
export function placeboCheck(
  protection: Setting,
  analyses: readonly Analysis[],
): readonly PlaceboComparison[] | undefined {
  if (isPlacebo(protection)) return undefined;
  const compared = analyses
    .filter((each) => each.protection.label === protection.label && !isIdentity(each.attack))
    .flatMap((own) => {
      const placebo = analyses.find(
        (each) => each.protection.label === own.beside?.placebo && each.attack.label === own.attack.label,
      );
      return placebo === undefined
        ? []
        : [{ attack: own.attack.label, by: differences(own, placebo, 'survivingPerImage').by }];
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

/** A cell or pair beside noise of its size. */
export interface Beside {
  /** Label of the placebo. */
  readonly placebo: string;
  /** d[protected] - d[clean], less the same of the placebo, over the images that both have. */
  readonly excess: Estimate;
}

/** What a placebo is looked for among: all cells, or all pairs, of a run. */
type Candidates = readonly Omit<Analysis, 'beside' | 'verdict' | 'outcome'>[];

/** Each analysis beside the placebo of its protection's size, under the same attack, metric and seeds. */
export function besidePlacebos(
  analyses: Candidates,
  images: readonly RunImage[],
  interval: (images: readonly string[], statistic: Statistic) => Interval | undefined,
): (Beside | undefined)[] {
  const placeboOf = matchedPlacebos(analyses, images);
  const seedsOf = ({ cells }: Candidates[number]): string => cells.map(({ seed }) => seed).join();
  const nameOf = (label: string, { attack, effect, ...rest }: Candidates[number]): string =>
    JSON.stringify([label, attack.label, effect.metric.label, seedsOf({ attack, effect, ...rest })]);
  const byName = new Map(analyses.map((each) => [nameOf(each.protection.label, each), each]));
  return analyses.map((own) => {
    const label = placeboOf.get(own.protection.label);
    const placebo = label === undefined ? undefined : byName.get(nameOf(label, own));
    if (placebo === undefined || placebo === own) return undefined;
    const { shared, by } = differences(own, placebo, 'effectPerImage');
    const mean: Statistic = (weights) => weightedMean(by, weights);
    const value = mean(new Uint8Array(by.length).fill(1));
    return { placebo: placebo.protection.label, excess: { value, interval: interval(shared, mean) } };
  });
}

/** Norms of noise that is not of the same budget may differ so much from the protection's own. */
const NEAR = 1.1;

/**
 * The placebo of each protection, by label: noise of its L-infinity budget, else the noise whose root mean square on the
 * saved files is nearest to its own, within a tenth.
 */
function matchedPlacebos(analyses: Candidates, images: readonly RunImage[]): ReadonlyMap<string, string> {
  const settings = [...new Map(analyses.map(({ protection }) => [protection.label, protection])).values()];
  const norms = measuredNorms(images);
  const matched = new Map<string, string>();
  for (const own of settings.filter((each) => !isIdentity(each) && !isPlacebo(each))) {
    const budget = budgetOf(own);
    const apart = (placebo: Setting): number => {
      if (budget !== undefined) return budgetOf(placebo) === budget ? 0 : Infinity;
      const ratio = (norms.get(own.label) ?? Number.NaN) / (norms.get(placebo.label) ?? Number.NaN);
      return Math.max(ratio, 1 / ratio) <= NEAR ? Math.abs(Math.log(ratio)) : Infinity;
    };
    const nearest = settings
      .filter(isPlacebo)
      .map((placebo) => ({ label: placebo.label, apart: apart(placebo) }))
      .filter((placebo) => placebo.apart < Infinity)
      .sort((a, b) => a.apart - b.apart)[0];
    if (nearest !== undefined) matched.set(own.label, nearest.label);
  }
  return matched;
}

/** By protection: mean over images of the root mean square distance to the clean picture, as a share of the range. */
function measuredNorms(images: readonly RunImage[]): ReadonlyMap<string, number> {
  const measured = images.filter(
    ({ arm, protection, psnr }) => arm === 'protected' && protection !== null && Number.isFinite(psnr),
  );
  const groups = groupBy(measured, ({ protection }) => protection!);
  return new Map(
    [...groups].map(([label, own]) => [
      label,
      own.reduce((sum, { psnr }) => sum + 10 ** (-psnr! / 20), 0) / own.length,
    ]),
  );
}

/** In 1/255; undefined where the protection is not bounded so. */
function budgetOf({ links }: Setting): number | undefined {
  const { level, eps } = links[0]?.params ?? {};
  if (typeof eps === 'number') return eps;
  return LEVEL_EPS_PX[level as keyof typeof LEVEL_EPS_PX];
}

/** A protection's numbers less its placebo's, for each image that both have. */
function differences(
  own: Candidates[number],
  placebo: Candidates[number],
  numbers: 'effectPerImage' | 'survivingPerImage',
): { readonly shared: readonly string[]; readonly by: readonly number[] } {
  const of = new Map(placebo.images.map((image, i) => [image, placebo.residual[numbers][i]!]));
  const shared = own.images.filter((image) => of.has(image));
  const mine = new Map(own.images.map((image, i) => [image, own.residual[numbers][i]!]));
  return { shared, by: shared.map((image) => mine.get(image)! - of.get(image)!) };
}
