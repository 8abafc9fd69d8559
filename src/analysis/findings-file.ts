/**
 * @file `findings.json` and `findings.csv`: what the report concludes, for programs. One entry a protection and effect with
 * the sentences that the report and the terminal print, and one row a pair of protection and attack. docs/results.md
 * describes every field.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Papa from 'papaparse';
import { toJsonValue } from '../run/rows.ts';
import { RUN_FILES } from '../run/run-folder.ts';
import { notARun } from '../messages/index.ts';
import type { Interval } from '../stats/bootstrap.ts';
import type { Estimate } from '../stats/residual.ts';
import type { Analysis, Answers } from './analysis.ts';
import { attacksByOutcome, type Brief, isLeading } from './brief.ts';
import type { Findings } from './findings.ts';
import { leadingLearnings } from './learning.ts';

/** A number as JSON and CSV hold it: null where there is none, "inf" where it is infinite. */
type Value = number | string | null;

/** `findings.json`, as far as this program reads it back. */
export interface FindingsDocument {
  readonly protections: readonly {
    readonly name: string;
    readonly role: Brief['role'];
    readonly metric: string;
    readonly effect: string;
    readonly leading: boolean;
    readonly sentence: string;
    readonly besideNoise: string | null;
  }[];
  readonly learnings: readonly { readonly leading: boolean; readonly sentence: string }[];
}

/** `findings.json`, ready for `JSON.stringify`. */
export function findingsDocument(run: string, answers: Answers, findings: Findings) {
  const { effects, thresholds } = answers;
  return {
    schemaVersion: 1,
    run,
    primaryEffect: effects[0]?.metric.label ?? null,
    thresholds,
    confidence: 0.95,
    protections: findings.briefs.map((brief) => protectionEntry(brief, effects[0]!)),
    learnings: learningEntries(findings),
    pairs: pairEntries(answers, findings),
  };
}

/** `findings.csv`: the pairs of `findings.json`, one a line (RFC 4180); a missing value is empty. */
export function findingsCsv(answers: Answers, findings: Findings): string {
  return `${Papa.unparse(pairEntries(answers, findings), { newline: '\n' })}\n`;
}

/** Reads a run's `findings.json` back. @throws STORE where there is none */
export async function readFindings(dir: string): Promise<FindingsDocument> {
  try {
    return JSON.parse(await readFile(join(dir, RUN_FILES.findings), 'utf8')) as FindingsDocument;
  } catch (error) {
    throw notARun(dir, RUN_FILES.findings, error);
  }
}

function protectionEntry(brief: Brief, primary: Brief['effect']) {
  const {
    protection,
    name,
    effect,
    role,
    sentence,
    together,
    besideNoise,
    measured,
    standing,
    strongest,
    placebo,
  } = brief;
  const { worst, verdict, cheapest } = standing ?? {};
  return {
    protection: protection.label,
    name,
    role,
    metric: effect.metric.label,
    effect: effect.symbol,
    measures: effect.metric.measures ?? null,
    leading: isLeading(brief, primary),
    sentence,
    together: together ?? null,
    besideNoise: besideNoise ?? null,
    measured: measured ?? null,
    attacks: attacksByOutcome(brief),
    size: estimate(brief.size),
    minimumDetectableEffect: number(brief.detectable),
    moreImages: brief.moreImages ?? null,
    worstAttack:
      strongest === undefined
        ? null
        : {
            attack: strongest.names.attack,
            verdict: strongest.outcome,
            residual: estimate(strongest.residual.ratio),
          },
    worstAttackPerImage: worst === undefined ? null : { verdict: verdict!.word, residual: estimate(worst) },
    cheapestBreak:
      cheapest === undefined
        ? null
        : { attack: cheapest.attack, msPerMegapixel: number(cheapest.price.msPerMegapixel) },
    placebo:
      placebo === undefined
        ? null
        : {
            betterThanNoise: placebo.filter(({ better }) => better).map(({ attack }) => attack),
            attacks: placebo.length,
            leastP: Math.min(...placebo.map(({ p }) => p)),
          },
  };
}

function learningEntries({ learnings }: Findings) {
  const leading = leadingLearnings(learnings);
  return learnings.map((learning) => ({
    artist: learning.artist,
    metric: learning.effect.metric.label,
    leading: leading.includes(learning),
    learnt: learning.learnt,
    before: number(learning.before),
    after: number(learning.after),
    gain: estimate(learning.gain),
    n: learning.n,
    sentence: learning.sentence,
  }));
}

const pairEntries = (answers: Answers, { briefs, prices }: Findings) =>
  briefs.flatMap((brief) =>
    brief.pairs.map((pair) => pairEntry(pair, brief, answers, prices.get(pair.attack.label))),
  );

/** Flat, so that it is a line of a table as well. */
function pairEntry(
  pair: Analysis,
  { strongest, standing, placebo }: Brief,
  { effects }: Answers,
  price: { msPerMegapixel: number; qualityLost: number } | undefined,
) {
  const { residual, verdict, outcome, names } = pair;
  const beside = placebo?.find(({ attack }) => attack === pair.attack.label);
  // Without an effect to begin with, R is a quotient by chance.
  const hasRatio = outcome !== 'no effect' && residual.n > 0;
  return {
    protection: pair.protection.label,
    attack: pair.attack.label,
    metric: pair.effect.metric.label,
    primary: pair.effect === effects[0],
    verdict: outcome,
    reason: verdict.reason,
    n: residual.n,
    ...spread('residual', hasRatio ? residual.ratio : NONE),
    ...spread('effect', residual.effect),
    ...spread('surviving', residual.surviving),
    minimumDetectableEffect: number(pair.detectable),
    moreImages: verdict.moreImages ?? null,
    worstAttack: pair === strongest,
    cheapestBreak: outcome === 'broken' && standing?.cheapest?.attack === names.attack,
    msPerMegapixel: number(price?.msPerMegapixel ?? Number.NaN),
    qualityLost: number(price?.qualityLost ?? Number.NaN),
    moreThanNoise: beside?.better ?? null,
    noiseDifference: number(beside?.difference ?? Number.NaN),
    noiseP: number(beside?.p ?? Number.NaN),
    errors: pair.errors,
  };
}

const NONE: Estimate = { value: Number.NaN, interval: undefined };

/** An estimate in three columns. */
const spread = <Name extends string>(
  name: Name,
  { value, interval }: Estimate,
): Record<Name | `${Name}Lo` | `${Name}Hi`, Value> =>
  ({
    [name]: number(value),
    [`${name}Lo`]: number(interval?.lo ?? Number.NaN),
    [`${name}Hi`]: number(interval?.hi ?? Number.NaN),
  }) as Record<Name | `${Name}Lo` | `${Name}Hi`, Value>;

const estimate = ({ value, interval }: Estimate) => ({ value: number(value), interval: ends(interval) });

const ends = (interval: Interval | undefined): Value[] | null =>
  interval === undefined ? null : [number(interval.lo), number(interval.hi)];

const number = (value: number): Value => (Number.isNaN(value) ? null : toJsonValue(value));
