/**
 * @file Every protection compared with a baseline, image by image: whether an attack leaves more of it than of the baseline
 * (default: the placebo, else no protection).
 */
import { unknownName } from '../../messages/index.ts';
import { deriveSeed, seededRandom } from '../../random.ts';
import { benjaminiHochberg, holm, type PairedTest, pairedTest } from '../../stats/paired.ts';
import { mcnemarP } from '../../stats/rates.ts';
import type { Estimate, Inference } from '../../stats/inference.ts';
import type { Analysis, Answers, Effect } from '../answers.ts';
import { groupBy } from '../../stats/group.ts';
import { isJudged } from '../outcome.ts';
import { isBaseline, isPlacebo } from '../roles.ts';

/** One protection under one attack, minus the baseline under the same attack. */
export interface Comparison {
  readonly own: Analysis;
  readonly baseline: Analysis;
  /** Images that both have. */
  readonly n: number;
  /** Mean difference of d[attack(protected)] - d[attack(clean)]. */
  readonly difference: Estimate;
  readonly test: PairedTest['test'] | 'McNemar';
  readonly p: number;
  /** Over all comparisons of the effect. */
  readonly adjusted: number;
  /** The smallest difference that these images would have shown (5 %, power 80 %). */
  readonly detectable: number;
}

/** All comparisons under one effect; none if there is nothing to compare with. @throws USAGE for an unknown baseline */
export function againstBaseline(answers: Answers, effect: Effect): Comparison[] {
  const { comparisons, infer } = answers;
  const own = answers.pairs.filter((pair) => pair.effect === effect && isJudged(pair));
  const baseline = baselineOf(own, comparisons.baseline);
  const found = own.flatMap((each) => {
    const other = own.find(
      ({ protection, attack }) => protection.label === baseline && attack.label === each.attack.label,
    );
    if (other === undefined || each.protection.label === baseline) return [];
    const shared = each.images.filter((image) => other.images.includes(image));
    if (shared.length === 0) return [];
    const differences = shared.map((image) => leftOf(each, image) - leftOf(other, image));
    const inference = infer(shared);
    return [
      {
        own: each,
        baseline: other,
        n: shared.length,
        difference: inference.mean(differences),
        ...testOf(each, other, shared, differences, inference),
        detectable: inference.detectable(differences),
      },
    ];
  });
  const ps = found.map(({ p }) => p);
  const adjusted = comparisons.adjust === 'benjamini-hochberg' ? benjaminiHochberg(ps) : holm(ps);
  return found.map((each, i) => ({ ...each, adjusted: adjusted[i]! }));
}

/** The label of the baseline. */
function baselineOf(own: readonly Analysis[], wanted: string | undefined): string | undefined {
  const protections = [...groupBy(own, ({ protection }) => protection.label).values()].map(
    ([first]) => first!.protection,
  );
  if (wanted === undefined) return (protections.find(isPlacebo) ?? protections.find(isBaseline))?.label;
  const found =
    protections.find(({ label }) => label === wanted) ??
    protections.find(({ links }) => links[0]?.id === wanted);
  const labels = protections.map(({ label }) => label);
  if (found === undefined && labels.length > 0)
    throw unknownName('protection of this run', wanted, labels, { code: 'USAGE' });
  return found?.label;
}

const leftOf = ({ images, residual }: Analysis, image: string): number =>
  residual.survivingPerImage[images.indexOf(image)]!;

/** Exact if the attacked protected images are hits or misses, and independent; otherwise over what was replicated. */
function testOf(
  own: Analysis,
  baseline: Analysis,
  images: readonly string[],
  differences: readonly number[],
  inference: Inference,
): Pick<Comparison, 'test' | 'p'> {
  const outcomes = (of: Analysis): number[] =>
    images.map((image) => of.values.get(image)![ATTACKED_PROTECTED]!);
  if (own.effect.metric.binary && !inference.clustered) {
    const [a, b] = [outcomes(own), outcomes(baseline)];
    const only = (x: readonly number[], y: readonly number[]): number =>
      x.filter((value, i) => value === 1 && y[i] === 0).length;
    return { test: 'McNemar', p: mcnemarP(only(a, b), only(b, a)) };
  }
  const key = `baseline/${own.protection.label}/${own.attack.label}/${own.effect.metric.label}`;
  return pairedTest(inference, differences, seededRandom(deriveSeed(key)));
}

/** Its place in ARMS. */
const ATTACKED_PROTECTED = 3;
