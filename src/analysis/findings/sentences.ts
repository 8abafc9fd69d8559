/** @file The findings on a protection as plain sentences: first whether it holds, then what that rests on. */
import type { Analysis } from '../answers.ts';
import { count, formatEstimate, formatNumber, formatShare, formatTime, listed } from '../numbers.ts';
import type { PlaceboTest } from '../placebo.ts';
import { printsResidual } from '../outcome.ts';
import { isBaseline, isPlacebo } from '../roles.ts';
import type { WorstCase } from './worst-case.ts';

/** Whether a protection holds; `analyses` are its pairs under one effect. */
export function summarise(analyses: readonly Analysis[]): string {
  const attacked = analyses.filter(({ attack }) => !isBaseline(attack));
  const judged = attacked.filter(({ outcome }) => outcome !== 'failed' && outcome !== 'pending');
  if (attacked.length === 0) return unattacked(analyses);
  if (judged.length === 0) return 'No attack on it has been measured.';
  if (judged.every(({ outcome }) => outcome === 'no effect')) return withoutEffect(judged);
  if (judged.every(isUndecided)) return undecided(judged);
  const range = ofRange(judged[0]!);
  return `${headline(judged)}${range}${least(judged)}${missing(attacked.length - judged.length)}${scope(judged[0]!)}`;
}

/** Without an attack, the question is whether the protection has an effect at all. */
function unattacked(analyses: readonly Analysis[]): string {
  const [plain] = analyses;
  if (plain?.outcome === 'no effect') return withoutEffect(analyses);
  if (plain !== undefined && isUndecided(plain)) return undecided(analyses);
  const effect = plain?.residual.effect;
  if (effect?.interval === undefined) return 'No attack was made on it.';
  return `It has an effect: d[protected] − d[clean] = ${formatEstimate(effect)}.${ofRange(plain!)} No attack was made on it.${scope(plain!)}`;
}

/** Whether an effect before any attack is neither shown nor excluded. */
const isUndecided = ({ outcome, verdict: { open }, residual: { effect } }: Analysis): boolean =>
  outcome === 'inconclusive' && open.length === 0 && effect.interval !== undefined;

function undecided(judged: readonly Analysis[]): string {
  const [first] = judged as [Analysis];
  const { effect } = first.residual;
  const more = toSettle(judged.slice(0, 1));
  return `Undecided: ${lowered(first.verdict.reason)} d[protected] − d[clean] = ${formatEstimate(effect)}.${sayDetectable(judged)}${more === '' ? '' : ` It is open${more}.`}${scope(first)}`;
}

const lowered = (sentence: string): string => `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;

function withoutEffect(judged: readonly Analysis[]): string {
  const { protection, residual, effect, smallest, verdict } = judged[0]!;
  if (isPlacebo(protection) && effect.metric.measures !== 'detectability')
    return 'This is the placebo: what random noise does is not counted as an effect of a protection.';
  const size = `d[protected] − d[clean] = ${formatEstimate(residual.effect)}`;
  const limit =
    smallest === undefined ? '' : `, and the smallest effect of interest is ${formatNumber(smallest)}`;
  const meaning =
    effect.metric.measures === 'mimicry'
      ? 'A mimic trained on these images does as well as one trained on clean images.'
      : 'There is nothing for an attack to remove.';
  return `No effect: ${lowered(verdict.reason)} ${size}${limit}. ${meaning}${scope(judged[0]!)}`;
}

/** How much of all that it could take the protection takes; empty if the range was not measured. */
function ofRange({ range, residual: { effect } }: Analysis): string {
  if (range === undefined) return '';
  return ` Before any attack it takes ${Math.round((100 * effect.value) / range)} % of what the mimic gains from clean images.`;
}

/** What was not replicated. */
const scope = ({ oneTraining }: Analysis): string =>
  oneTraining === true ? ' Each arm was trained once, so this holds for these trainings alone.' : '';

/** The smallest effect that these images would have shown; empty if it is not known. A share cannot differ by more than 1. */
export function sayDetectable(analyses: readonly Analysis[]): string {
  const shown = Math.max(...analyses.map(({ detectable }) => detectable).filter(Number.isFinite), 0);
  if (shown === 0) return '';
  return shown > 1 && analyses[0]!.effect.metric.binary
    ? ' There are too few images to show any effect.'
    : ` An effect of ${formatNumber(shown)} or more would have been shown.`;
}

/** The worst verdict comes first; the other verdicts follow. */
function headline(judged: readonly Analysis[]): string {
  const all = judged.length;
  const of = (word: Analysis['outcome']): readonly Analysis[] =>
    judged.filter(({ outcome }) => outcome === word);
  const [broken, weakened, open] = [of('broken'), of('weakened'), of('inconclusive')];
  const [holds, amplified, destroyed] = [of('holds'), of('amplified'), of('destroyed')];
  const without = of('no effect');
  if (holds.length === all) return `Holds against ${share(all, all)}.`;
  const lead =
    broken.length > 0
      ? `Does not hold: ${share(broken.length, all)} ${verb(broken, 'breaks', 'break')} it${named(broken)}.`
      : weakened.length > 0
        ? `Holds in part: ${share(weakened.length, all)} ${verb(weakened, 'weakens', 'weaken')} it${named(weakened)}, and none is shown to break it.`
        : 'Not settled: no attack is shown to weaken it.';
  const rest = [
    broken.length > 0 &&
      weakened.length > 0 &&
      `${count(weakened.length, 'more attack')} ${verb(weakened, 'weakens', 'weaken')} it${named(weakened)}.`,
    holds.length > 0 && `It holds against ${count(holds.length, 'attack')}${named(holds)}.`,
    amplified.length > 0 &&
      `${count(amplified.length, 'attack')} ${verb(amplified, 'makes', 'make')} the effect larger${named(amplified)}.`,
    destroyed.length > 0 &&
      `${count(destroyed.length, 'attack')} ${verb(destroyed, 'destroys', 'destroy')} the image${named(destroyed)}, which breaks nothing.`,
    without.length > 0 && `No effect is shown with ${count(without.length, 'attack')}.`,
    open.length > 0 &&
      `${count(open.length, 'attack')} ${verb(open, 'is', 'are')} inconclusive${toSettle(open)}.`,
  ].filter((sentence) => sentence !== false);
  return [lead, ...rest].join(' ');
}

const share = (n: number, all: number): string =>
  all === 1
    ? 'the one attack'
    : n === all
      ? all === 2
        ? 'both attacks'
        : `all ${all} attacks`
      : `${n} of ${count(all, 'attack')}`;

const verb = (of: readonly unknown[], one: string, many: string): string => (of.length === 1 ? one : many);

/** At most four names, so that the sentence stays short. */
const named = (of: readonly Analysis[]): string =>
  of.length <= 4 ? ` (${listed(of.map(({ names }) => names.attack))})` : '';

/** How many more images would settle the inconclusive pairs. */
function toSettle(open: readonly Analysis[]): string {
  const needed = open.flatMap(({ verdict: { moreImages } }) => moreImages ?? []);
  if (needed.length === 0) return '';
  const most = Math.max(...needed);
  const images =
    most > MANY
      ? `more than ${MANY.toLocaleString('en-US')} further images`
      : `about ${count(Number(most.toPrecision(2)), 'more image')}`;
  const which = needed.length < open.length ? `${needed.length} of them` : open.length === 1 ? 'it' : 'them';
  return ` (${images} would settle ${which})`;
}

/** A larger number of images says only that there is no hope to settle it. */
const MANY = 9999;

/** The attack that leaves least, by the upper end of R's interval: the least that can be claimed for the attacker. */
export function strongest(analyses: readonly Analysis[]): Analysis | undefined {
  const bounded = analyses.filter(
    (pair) =>
      !isBaseline(pair.attack) && printsResidual(pair) && Number.isFinite(pair.residual.ratio.interval?.hi),
  );
  return bounded.length === 0
    ? undefined
    : bounded.reduce((a, b) => (a.residual.ratio.interval!.hi <= b.residual.ratio.interval!.hi ? a : b));
}

function least(judged: readonly Analysis[]): string {
  const found = strongest(judged);
  if (found === undefined) return '';
  const { ratio } = found.residual;
  const part = ratio.value < 0.005 ? 'none' : `${Math.round(100 * ratio.value)} %`;
  return ` The attack that leaves least is ${found.names.attack}: R = ${formatEstimate(ratio, formatShare)}, which is ${part} of the effect.`;
}

const missing = (n: number): string => (n === 0 ? '' : ` ${count(n, 'attack')} could not be judged.`);

/** What all attacks together leave, and what it costs to break the protection; undefined if there is nothing to say. */
export function sayWorstCase({ pair, residual, verdict, cheapestBreak }: WorstCase): string | undefined {
  const sentences = [
    residual?.interval !== undefined && pair.outcome !== 'no effect' && verdict?.word !== 'no effect'
      ? `Under the attack that leaves least of the other images, R = ${formatEstimate(residual, formatShare)}.`
      : undefined,
    cheapestBreak &&
      `The cheapest attack that breaks it is ${cheapestBreak.attack} (${formatTime(cheapestBreak.price.msPerMegapixel)} per megapixel).`,
  ].filter((sentence) => sentence !== undefined);
  return sentences.length === 0 ? undefined : sentences.join(' ');
}

/** The comparison with the placebo under every attack. */
export function sayPlacebo(tests: readonly PlaceboTest[]): string {
  const better = tests.filter((each) => each.better).length;
  const all = count(tests.length, 'attack');
  const leastP = formatNumber(Math.min(...tests.map(({ p }) => p)), 2);
  const name =
    tests[0]?.test === 't' ? "Student's t over artists or trainings" : 'sign-flip test over images';
  const test = `${name}, Holm over ${all}, least p = ${leastP}`;
  return better === 0
    ? `No attack is shown to leave more of it than of random noise of the same budget (${test}).`
    : `${better} of ${all} ${better === 1 ? 'leaves' : 'leave'} more of it than of random noise of the same budget (${test}).`;
}
