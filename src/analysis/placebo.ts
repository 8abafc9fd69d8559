/**
 * @file A protection compared with its placebo, random noise of the same size, image by image: whether it has a larger effect
 * before any attack, d[protected] - d[clean], and whether each attack leaves more of it, d[attack(protected)] - d[attack(clean)].
 */
import type { RunImage } from '../run/run-folder.ts';
import type { Setting } from '../experiment/setting.ts';
import { deriveSeed, seededRandom } from '../random.ts';
import { mean } from '../stats/mean.ts';
import { holm, type PairedTest, pairedTest } from '../stats/paired.ts';
import type { Analysis, InferenceFor, Measured, PlaceboContrast } from './answers.ts';
import { groupBy } from '../stats/group.ts';
import { isJudged } from './outcome.ts';
import { isBaseline, isPlacebo } from './roles.ts';

const LEVEL = 0.05;

/** A protection and its placebo under one attack. */
export interface PlaceboTest {
  /** Label of the attack. */
  readonly attack: string;
  /** Mean of what is left of the protection minus what is left of the placebo. */
  readonly difference: number;
  readonly test: PairedTest['test'];
  /** Adjusted after Holm over the attacks. */
  readonly p: number;
  /** More is left of it than of the placebo, beyond chance. */
  readonly better: boolean;
}

/** The comparison with the placebo, attack by attack; undefined if the run has no placebo of the protection's size. */
export function placeboTests(
  protection: Setting,
  analyses: readonly Analysis[],
  infer: InferenceFor,
): readonly PlaceboTest[] | undefined {
  if (isPlacebo(protection)) return undefined;
  const compared = analyses
    .filter(
      (each) => each.protection.label === protection.label && !isBaseline(each.attack) && isJudged(each),
    )
    .flatMap((own) => {
      const placebo = analyses.find(
        (each) => each.protection.label === own.placebo?.placebo && each.attack.label === own.attack.label,
      );
      return placebo === undefined
        ? []
        : [{ attack: own.attack.label, ...differences(own, placebo, 'survivingPerImage') }];
    })
    .filter(({ by }) => by.length > 0);
  if (compared.length === 0) return undefined;
  const tests = compared.map(({ shared, by }, i) =>
    pairedTest(infer(shared), by, seededRandom(deriveSeed(`placebo/${protection.label}/${i}`))),
  );
  const ps = holm(tests.map(({ p }) => p));
  return compared.map(({ attack, by }, i) => {
    const difference = mean(by);
    const better = ps[i]! < LEVEL && difference > 0;
    return { attack, difference, test: tests[i]!.test, p: ps[i]!, better };
  });
}

/** Each analysis minus the placebo of its protection's size, under the same attack, metric and seeds. */
export function placeboContrasts(
  analyses: readonly Measured[],
  images: readonly RunImage[],
  infer: InferenceFor,
): (PlaceboContrast | undefined)[] {
  const placeboOf = matchedPlacebos(analyses, images);
  const nameOf = (label: string, { attack, effect, cells }: Measured): string =>
    JSON.stringify([label, attack.label, effect.metric.label, ...cells.map(({ seed }) => seed)]);
  const byName = new Map(analyses.map((each) => [nameOf(each.protection.label, each), each]));
  return analyses.map((own) => {
    const label = placeboOf.get(own.protection.label);
    const placebo = label === undefined ? undefined : byName.get(nameOf(label, own));
    if (placebo === undefined || placebo === own) return undefined;
    const effect = differences(own, placebo, 'effectPerImage');
    const left = differences(own, placebo, 'survivingPerImage');
    const inference = infer(effect.shared);
    return {
      placebo: placebo.protection.label,
      excess: inference.mean(effect.by),
      residual: inference.ratio(left.by, effect.by),
    };
  });
}

/** How much the norm of a placebo of another budget may differ from the protection's own, as a ratio. */
const NEAR = 1.1;

/**
 * The placebo of each protection, by label: the one with its L-infinity budget. For a protection without one, it is the
 * placebo whose root mean square on the saved files is nearest to its own, within a tenth.
 */
function matchedPlacebos(
  analyses: readonly Measured[],
  images: readonly RunImage[],
): ReadonlyMap<string, string> {
  const settings = [...new Map(analyses.map(({ protection }) => [protection.label, protection])).values()];
  const norms = measuredNorms(images);
  const matched = new Map<string, string>();
  for (const own of settings.filter((each) => !isBaseline(each) && !isPlacebo(each))) {
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

/** By protection: mean over images of the root mean square distance to the clean image, as a share of the range. */
function measuredNorms(images: readonly RunImage[]): ReadonlyMap<string, number> {
  const measured = images.filter(
    ({ arm, protection, psnr }) => arm === 'protected' && protection !== null && Number.isFinite(psnr),
  );
  const groups = groupBy(measured, ({ protection }) => protection!);
  return new Map(
    [...groups].map(([label, own]) => [label, mean(own.map(({ psnr }) => 10 ** (-psnr! / 20)))]),
  );
}

/** The L-infinity budget, in 1/255; undefined if the protection has none. */
const budgetOf = ({ links }: Setting): number | undefined => links[0]?.budget?.epsPx;

/** The numbers of a protection minus those of its placebo, for each image that both have. */
function differences(
  own: Pick<Analysis, 'images' | 'residual'>,
  placebo: Pick<Analysis, 'images' | 'residual'>,
  numbers: 'effectPerImage' | 'survivingPerImage',
): { readonly shared: readonly string[]; readonly by: readonly number[] } {
  const of = new Map(placebo.images.map((image, i) => [image, placebo.residual[numbers][i]!]));
  const shared = own.images.filter((image) => of.has(image));
  const mine = new Map(own.images.map((image, i) => [image, own.residual[numbers][i]!]));
  return { shared, by: shared.map((image) => mine.get(image)! - of.get(image)!) };
}
