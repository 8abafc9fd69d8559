/** @file What the matrix says of each protection, in plain sentences: first whether it holds, then by what it is judged. */
import type { Setting } from '../run/run-folder.ts';
import type { Analysis } from './analysis.ts';
import { count, formatEstimate, formatNumber, formatShare, formatTime, listed } from './numbers.ts';
import type { Standing } from './standing.ts';

/** A setting that does nothing: the arm that others are compared with. */
export const isIdentity = ({ links }: Setting): boolean => links.every(({ id }) => id === 'identity');

/** The placebo: random noise of a protection's norm. */
export const isPlacebo = ({ links }: Setting): boolean => links.some(({ id }) => id === 'noise');

/** What became of a protection; `analyses` are its pairs under one effect. */
export function summarise(analyses: readonly Analysis[]): string {
  const attacked = analyses.filter(({ attack }) => !isIdentity(attack));
  const judged = attacked.filter(({ outcome }) => outcome !== 'failed' && outcome !== 'pending');
  if (attacked.length === 0) return unattacked(analyses);
  if (judged.length === 0) return 'No attack on it has been measured.';
  if (judged.every(({ outcome }) => outcome === 'no effect')) return withoutEffect(judged);
  return `${headline(judged)}${least(judged)}${missing(attacked.length - judged.length)}`;
}

/** Where no attack was made, the question is whether the protection does anything at all. */
function unattacked(analyses: readonly Analysis[]): string {
  const [plain] = analyses;
  if (plain?.outcome === 'no effect') return withoutEffect(analyses);
  const effect = plain?.residual.effect;
  if (effect?.interval === undefined) return 'No attack was made on it.';
  return `It has an effect: d[protected] − d[clean] = ${formatEstimate(effect)}. No attack was made on it.`;
}

function withoutEffect(judged: readonly Analysis[]): string {
  const { protection, residual, effect } = judged[0]!;
  if (isPlacebo(protection) && effect.metric.measures !== 'detectability')
    return 'The placebo: what random noise does is no effect of a protection.';
  if ((residual.effect.interval?.lo ?? 0) > 0)
    return 'No effect to begin with: random noise of the same size does as much.';
  const detectable = sayDetectable(judged);
  return judged[0]!.effect.metric.measures === 'mimicry'
    ? `No effect to begin with: a mimic that learns from it cannot be told from one that learns from clean pictures.${detectable}`
    : `No effect to begin with: there is nothing for an attack to remove.${detectable}`;
}

/** The smallest effect that would have shown; empty where that is not known. A share cannot differ by more than 1. */
export function sayDetectable(analyses: readonly Analysis[]): string {
  const shown = Math.max(...analyses.map(({ detectable }) => detectable).filter(Number.isFinite), 0);
  if (shown === 0) return '';
  return shown > 1 && analyses[0]!.effect.metric.binary
    ? ' These are too few to show any effect.'
    : ` An effect of ${formatNumber(shown)} or more would have shown.`;
}

/** The worst that befell it leads; what the other attacks did follows. */
function headline(judged: readonly Analysis[]): string {
  const all = judged.length;
  const of = (word: Analysis['outcome']): readonly Analysis[] =>
    judged.filter(({ outcome }) => outcome === word);
  const [broken, weakened, holds, open] = [of('broken'), of('weakened'), of('holds'), of('inconclusive')];
  if (holds.length === all) return `Holds against ${share(all, all)}.`;
  const lead =
    broken.length > 0
      ? `Does not hold: ${share(broken.length, all)} ${verb(broken, 'breaks', 'break')} it${named(broken)}`
      : weakened.length > 0
        ? `Holds in part: ${share(weakened.length, all)} ${verb(weakened, 'weakens', 'weaken')} it${named(weakened)}, none breaks it`
        : `Not settled: no attack is shown to weaken it`;
  const rest = [
    broken.length > 0 &&
      weakened.length > 0 &&
      `${weakened.length} more weaken${weakened.length === 1 ? 's' : ''} it${named(weakened)}`,
    holds.length > 0 && `it holds against ${holds.length}${named(holds)}`,
    of('no effect').length > 0 && `it shows no effect to begin with in ${of('no effect').length}`,
    open.length > 0 && `${open.length} ${verb(open, 'is', 'are')} inconclusive${toSettle(open)}`,
  ].filter((clause) => clause !== false);
  return `${[lead, ...rest].join('; ')}.`;
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

/** Four names at most: a sentence is no table. */
const named = (of: readonly Analysis[]): string =>
  of.length <= 4 ? ` (${listed(of.map(({ names }) => names.attack))})` : '';

/** How many more images would settle what is open. */
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

/** A number of images beyond which it says no more than "hopeless". */
const MANY = 9999;

/** The attack that leaves least, by the upper end of R's interval: the least that can be claimed for the attacker. */
export function strongest(analyses: readonly Analysis[]): Analysis | undefined {
  const bounded = analyses.filter(
    ({ attack, outcome, residual: { ratio } }) =>
      !isIdentity(attack) && outcome !== 'no effect' && Number.isFinite(ratio.interval?.hi),
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
  return ` Least is left by ${found.names.attack}: R = ${formatEstimate(ratio, formatShare)}, which is ${part} of the effect.`;
}

const missing = (n: number): string => (n === 0 ? '' : ` ${count(n, 'attack')} could not be judged.`);

/** What all attacks together leave, and what breaking it costs; undefined where there is nothing to say. */
export function sayStanding({ of: { outcome }, worst, verdict, cheapest }: Standing): string | undefined {
  const sentences = [
    worst !== undefined && outcome !== 'no effect' && verdict?.word !== 'no effect'
      ? `With the worst attack for each image, R = ${formatEstimate(worst, formatShare)}.`
      : undefined,
    cheapest &&
      `The cheapest attack that breaks it is ${cheapest.attack} (${formatTime(cheapest.price.msPerMegapixel)} for a megapixel).`,
  ].filter((sentence) => sentence !== undefined);
  return sentences.length === 0 ? undefined : sentences.join(' ');
}
