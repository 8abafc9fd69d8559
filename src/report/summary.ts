/** @file What the matrix says of each protection, in one plain sentence. */
import type { Setting } from '../harness/run-folder.ts';
import type { Analysis } from './analysis.ts';
import { count, formatEstimate, formatNumber, formatShare, listed } from './numbers.ts';
import type { Standing } from './standing.ts';

/** A setting that does nothing: the arm that others are compared with. */
export const isIdentity = ({ links }: Setting): boolean => links.every(({ id }) => id === 'identity');

/** The placebo: random noise of a protection's norm. */
export const isPlacebo = ({ links }: Setting): boolean => links.some(({ id }) => id === 'noise');

/** What became of a protection; `analyses` are its pairs under one effect. */
export function summarise(analyses: readonly Analysis[]): string {
  const attacked = analyses.filter(({ attack }) => !isIdentity(attack));
  const judged = attacked.filter(({ outcome }) => outcome !== 'failed' && outcome !== 'pending');
  if (attacked.length === 0) return 'No attack was made on it.';
  if (judged.length === 0) return 'No attack on it has been measured.';
  if (judged.every(({ outcome }) => outcome === 'no effect')) {
    return 'No effect to begin with: there is nothing for an attack to remove.';
  }
  const sentences = [
    clause(judged, 'holds', (n, names) => `holds against ${of(n, judged.length)}${names}`) ??
      `holds against none of ${count(judged.length, 'attack')}`,
    clause(judged, 'weakened', (n, names) => `is weakened by ${n}${names}`),
    clause(judged, 'broken', (n, names) => `is broken by ${n}${names}`),
    clause(judged, 'no effect', (n) => `shows no effect to begin with in ${n}`),
    clause(judged, 'inconclusive', (n) => `${n === 1 ? 'one is' : `${n} are`} inconclusive`),
  ].filter((sentence) => sentence !== undefined);
  return capitalised(`${sentences.join('; ')}.${worst(judged)}${missing(attacked.length - judged.length)}`);
}

const of = (n: number, all: number): string =>
  n === all ? (all === 1 ? 'the one attack' : `all ${all} attacks`) : `${n} of ${count(all, 'attack')}`;

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function clause(
  judged: readonly Analysis[],
  word: Analysis['outcome'],
  say: (n: number, names: string) => string,
): string | undefined {
  const names = judged.filter(({ outcome }) => outcome === word).map(({ names }) => names.attack);
  if (names.length === 0) return undefined;
  return say(names.length, names.length <= 4 ? ` (${listed(names)})` : '');
}

/** The attack that leaves least, by the upper end of R's interval: the least that can be claimed for the attacker. */
function worst(judged: readonly Analysis[]): string {
  const bounded = judged.filter(
    ({ outcome, residual: { ratio } }) => outcome !== 'no effect' && Number.isFinite(ratio.interval?.hi),
  );
  if (bounded.length < 2) return '';
  const least = bounded.reduce((a, b) =>
    a.residual.ratio.interval!.hi <= b.residual.ratio.interval!.hi ? a : b,
  );
  return ` Least is left by ${least.names.attack}: R = ${formatShare(least.residual.ratio.value)}.`;
}

const missing = (n: number): string => (n === 0 ? '' : ` ${count(n, 'attack')} could not be judged.`);

/** What all attacks together leave, and what breaking it costs; undefined where there is nothing to say. */
export function sayStanding({ of: { outcome }, worst, verdict, cheapest }: Standing): string | undefined {
  const sentences = [
    worst !== undefined && outcome !== 'no effect' && verdict?.word !== 'no effect'
      ? `With the worst attack for each image, R = ${formatEstimate(worst, formatShare)}.`
      : undefined,
    cheapest &&
      `The cheapest attack that breaks it is ${cheapest.attack} (${formatNumber(cheapest.price.msPerMegapixel)} ms for a megapixel).`,
  ].filter((sentence) => sentence !== undefined);
  return sentences.length === 0 ? undefined : sentences.join(' ');
}
