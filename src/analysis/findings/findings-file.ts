import { csvText } from '../../files/csv.ts';
import { printsResidual } from '../outcome.ts';
/**
 * @file `findings.json` and `findings.csv`: everything that the report says, for programs. The document holds one entry for
 * each protection and effect with the sentences of report and terminal, and one for each pair of protection and attack with
 * all its numbers. docs/reference/results.md describes every field.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Papa from 'papaparse';
import { ARMS } from '../../metrics/arms.ts';
import { toJsonValue } from '../../files/json-number.ts';
import { RUN_FILES } from '../../run/names.ts';
import { notARun } from '../../messages/index.ts';
import { kindOf } from '../../metrics/kinds/index.ts';
import type { Interval } from '../../stats/bootstrap.ts';
import type { Estimate } from '../../stats/inference.ts';
import type { Analysis, Answers, Effect } from '../answers.ts';
import type { Comparison } from './baseline.ts';
import type { Findings } from './findings.ts';
import { leadingGains } from './mimic-gain.ts';
import type { Price } from './price.ts';
import { attacksByOutcome, isLeading, type ProtectionSummary } from './protection-summary.ts';

/** A number as JSON and CSV hold it: null if there is none, "inf" or "-inf" if it is infinite. */
type Value = number | string | null;

/** An estimate as JSON holds it. */
interface JsonEstimate {
  readonly value: Value;
  readonly interval: readonly Value[] | null;
}

/** Raised if a field changes its name or meaning. */
const SCHEMA_VERSION = 2;

/** `findings.json`, as far as this program reads it back. */
export interface FindingsDocument {
  readonly schemaVersion: number;
  readonly protections: readonly {
    readonly name: string;
    readonly role: ProtectionSummary['role'];
    readonly metric: string;
    readonly symbol: string;
    readonly leading: boolean;
    readonly sentence: string;
    readonly againstPlacebo: string | null;
  }[];
  readonly mimicGains: readonly { readonly leading: boolean; readonly sentence: string }[];
}

/** `findings.json`, ready for `JSON.stringify`. */
export function findingsDocument(run: string, answers: Answers, findings: Findings) {
  const { effects, thresholds, inference, comparisons } = answers;
  return {
    schemaVersion: SCHEMA_VERSION,
    run,
    primaryEffect: effects[0]?.metric.label ?? null,
    effects: effects.map(({ metric, symbol }) => ({
      metric: metric.label,
      symbol,
      measures: metric.measures ?? null,
      protocol: metric.protocol,
    })),
    thresholds,
    interval: { confidence: 0.95, ...inference },
    protections: findings.summaries.map((summary) => protectionEntry(summary, effects[0]!)),
    mimicGains: mimicGainEntries(findings),
    quality: findings.quality?.metric.label ?? null,
    prices: Object.fromEntries([...findings.prices].map(([attack, price]) => [attack, priceEntry(price)])),
    comparisons: {
      adjust: comparisons.adjust ?? 'holm',
      pairs: findings.comparisons.map(comparisonEntry),
    },
    agreements: findings.agreements.map(({ cheap, mimicry, pairs, rho }) => ({
      cheap: cheap.metric.label,
      mimicry: mimicry.metric.label,
      pairs,
      spearman: estimate(rho),
    })),
    pairs: pairEntries(answers, findings),
  };
}

/** `findings.csv`: the pairs of `findings.json`, one a line (RFC 4180); a missing value is empty. */
export function findingsCsv(answers: Answers, findings: Findings): string {
  return `${Papa.unparse(pairEntries(answers, findings).map(csvRow), { newline: '\n' })}\n`;
}

/** Reads a run's `findings.json` back. @throws STORE if there is none */
export async function readFindings(dir: string): Promise<FindingsDocument> {
  try {
    return JSON.parse(await readFile(join(dir, RUN_FILES.findings), 'utf8')) as FindingsDocument;
  } catch (error) {
    throw notARun(dir, RUN_FILES.findings, error);
  }
}

/** Whether the folder has a `findings.json` as this version writes it. */
export const hasFindings = async (dir: string): Promise<boolean> =>
  (await readFindings(dir).catch(() => undefined))?.schemaVersion === SCHEMA_VERSION;

function protectionEntry(summary: ProtectionSummary, primary: Effect) {
  const { protection, name, effect, role, sentence, together, againstPlacebo, measured } = summary;
  return {
    protection: protection.label,
    name,
    role,
    metric: effect.metric.label,
    symbol: effect.symbol,
    measures: effect.metric.measures ?? null,
    leading: isLeading(summary, primary),
    sentence,
    together: together ?? null,
    againstPlacebo: againstPlacebo ?? null,
    measured: measured ?? null,
    attacks: attacksByOutcome(summary),
    effect: estimate(summary.size),
    minimumDetectableEffect: number(summary.detectable),
    moreImages: summary.moreImages ?? null,
    ...attackEntries(summary),
    placebo: placeboEntry(summary),
  };
}

/** The attacks that say most about a protection. */
function attackEntries({ strongest, worstCase }: ProtectionSummary) {
  const { residual, verdict, attacks, cheapestBreak } = worstCase ?? {};
  return {
    worstAttack:
      strongest === undefined
        ? null
        : {
            attack: strongest.names.attack,
            verdict: strongest.outcome,
            residual: estimate(strongest.residual.ratio),
          },
    worstAttackElsewhere:
      residual === undefined
        ? null
        : { verdict: verdict!.word, residual: estimate(residual), attacks: attacks! },
    cheapestBreak:
      cheapestBreak === undefined
        ? null
        : { attack: cheapestBreak.attack, msPerMegapixel: number(cheapestBreak.price.msPerMegapixel) },
  };
}

const placeboEntry = ({ placeboTests: tests }: ProtectionSummary) =>
  tests === undefined
    ? null
    : {
        betterThanPlacebo: tests.filter(({ better }) => better).map(({ attack }) => attack),
        attacks: tests.length,
        leastP: Math.min(...tests.map(({ p }) => p)),
      };

function mimicGainEntries({ mimicGains }: Findings) {
  const leading = leadingGains(mimicGains);
  return mimicGains.map((each) => ({
    artist: each.artist,
    metric: each.effect.metric.label,
    leading: leading.includes(each),
    gained: each.gained,
    before: number(each.before),
    after: number(each.after),
    gain: estimate(each.gain),
    n: each.n,
    sentence: each.sentence,
  }));
}

const priceEntry = ({ msPerMegapixel, qualityLost, trainingMs, networks }: Price) => ({
  msPerMegapixel: number(msPerMegapixel),
  qualityLost: number(qualityLost),
  trainingMs: number(trainingMs),
  networks,
});

const comparisonEntry = ({ own, baseline, n, difference, test, p, adjusted, detectable }: Comparison) => ({
  protection: own.protection.label,
  baseline: baseline.protection.label,
  attack: own.attack.label,
  metric: own.effect.metric.label,
  n,
  difference: estimate(difference),
  test,
  p,
  adjusted,
  minimumDetectableDifference: number(detectable),
});

const pairEntries = (answers: Answers, { summaries, prices }: Findings) =>
  summaries.flatMap((summary) =>
    summary.pairs.map((pair) => ({
      ...pairEntry(pair, summary, answers, prices.get(pair.attack.label)),
      ...details(pair),
    })),
  );

/** What `findings.csv` holds, too. */
function pairEntry(
  pair: Analysis,
  { strongest, worstCase, placeboTests }: ProtectionSummary,
  { effects }: Answers,
  price: Price | undefined,
) {
  const { residual, verdict, outcome, names } = pair;
  const test = placeboTests?.find(({ attack }) => attack === pair.attack.label);
  return {
    protection: pair.protection.label,
    attack: pair.attack.label,
    metric: pair.effect.metric.label,
    primary: pair.effect === effects[0],
    verdict: outcome,
    reason: verdict.reason,
    n: residual.n,
    residual: estimate(printsResidual(pair) ? residual.ratio : NONE),
    effect: estimate(residual.effect),
    surviving: estimate(residual.surviving),
    minimumDetectableEffect: number(pair.detectable),
    smallestEffect: number(pair.smallest ?? Number.NaN),
    moreImages: verdict.moreImages ?? null,
    worstAttack: pair === strongest,
    cheapestBreak: outcome === 'broken' && worstCase?.cheapestBreak?.attack === names.attack,
    msPerMegapixel: number(price?.msPerMegapixel ?? Number.NaN),
    qualityLost: number(price?.qualityLost ?? Number.NaN),
    betterThanPlacebo: test?.better ?? null,
    placeboDifference: number(test?.difference ?? Number.NaN),
    placeboP: number(test?.p ?? Number.NaN),
    errors: pair.errors,
  };
}

const NONE: Estimate = { value: Number.NaN, interval: undefined };

/** What only `findings.json` holds. */
function details(pair: Analysis) {
  const { cells, arms, images, excluded, residual, verdict, effect, floor, placebo, range, oneTraining } =
    pair;
  return {
    range: range === undefined ? null : number(range),
    oneTraining: oneTraining ?? false,
    cells: cells.map(({ id }) => id),
    seeds: cells.map(({ seed }) => seed),
    open: verdict.open,
    excluded,
    // R also if there is no effect, when `residual` is null.
    quotient: estimate(residual.ratio),
    noiseFloor: floor === undefined ? null : number(floor),
    placeboContrast:
      placebo === undefined
        ? null
        : {
            placebo: placebo.placebo,
            excess: estimate(placebo.excess),
            residual: estimate(placebo.residual),
          },
    arms: Object.fromEntries(
      ARMS.map((arm) => [arm, { ...estimate(arms[arm].mean), infinite: arms[arm].infinite }]),
    ),
    // The parts of a set have no R of their own.
    perImage:
      kindOf(effect.metric).value === 'set'
        ? {}
        : Object.fromEntries(images.map((image, i) => [image, number(residual.perImage[i]!)])),
  };
}

type PairEntry = ReturnType<typeof pairEntry>;

/** An entry as a line: an estimate fills three columns, such as `residual`, `residualLo`, `residualHi`. */
const csvRow = (entry: PairEntry) => ({
  protection: csvText(entry.protection),
  attack: csvText(entry.attack),
  metric: csvText(entry.metric),
  primary: entry.primary,
  verdict: entry.verdict,
  reason: entry.reason,
  n: entry.n,
  ...columns('residual', entry.residual),
  ...columns('effect', entry.effect),
  ...columns('surviving', entry.surviving),
  minimumDetectableEffect: entry.minimumDetectableEffect,
  smallestEffect: entry.smallestEffect,
  moreImages: entry.moreImages,
  worstAttack: entry.worstAttack,
  cheapestBreak: entry.cheapestBreak,
  msPerMegapixel: entry.msPerMegapixel,
  qualityLost: entry.qualityLost,
  betterThanPlacebo: entry.betterThanPlacebo,
  placeboDifference: entry.placeboDifference,
  placeboP: entry.placeboP,
  errors: entry.errors,
});

const columns = (name: string, { value, interval }: JsonEstimate): Readonly<Record<string, Value>> => ({
  [name]: value,
  [`${name}Lo`]: interval?.[0] ?? null,
  [`${name}Hi`]: interval?.[1] ?? null,
});

const estimate = ({ value, interval }: Estimate): JsonEstimate => ({
  value: number(value),
  interval: ends(interval),
});

const ends = (interval: Interval | undefined): readonly Value[] | null =>
  interval === undefined ? null : [number(interval.lo), number(interval.hi)];

const number = (value: number): Value => (Number.isNaN(value) ? null : toJsonValue(value));
