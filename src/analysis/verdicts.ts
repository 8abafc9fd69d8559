/** @file `verdicts.json`: the answers of a run for other programs, one entry a pair of protection and attack. */
import { ARMS } from '../run/rows.ts';
import type { Interval } from '../stats/bootstrap.ts';
import type { Estimate } from '../stats/residual.ts';
import type { Analysis, Answers } from './analysis.ts';
import type { Comparison } from './baseline.ts';
import type { Findings } from './findings.ts';
import type { Standing } from './standing.ts';

/** The document, ready for `JSON.stringify`. Infinities are the strings "inf" and "-inf"; what is missing is null. */
export function verdictsDocument(
  run: string,
  { effects, pairs, thresholds, bootstrap, comparisons: { adjust = 'holm' } }: Answers,
  findings: Findings,
) {
  return {
    schemaVersion: 1,
    run,
    primaryEffect: effects[0]?.metric.label ?? null,
    effects: effects.map(({ metric, symbol }) => ({
      metric: metric.label,
      d: symbol,
      protocol: metric.protocol,
    })),
    thresholds,
    interval: { confidence: 0.95, smallSampleWidening: true, ...bootstrap },
    pairs: pairs.map(pairEntry),
    protections: findings.standings.map(standingEntry),
    prices: Object.fromEntries(
      [...findings.prices].map(([attack, price]) => [
        attack,
        {
          msPerMegapixel: number(price.msPerMegapixel),
          qualityLost: number(price.qualityLost),
          learningMs: number(price.learningMs),
          networks: price.networks,
        },
      ]),
    ),
    quality: findings.quality?.metric.label ?? null,
    comparisons: { adjust, pairs: findings.comparisons.map(comparisonEntry) },
    agreement: findings.agreements.map(({ cheap, mimicry, pairs: n, rho }) => ({
      cheap: cheap.metric.label,
      mimicry: mimicry.metric.label,
      pairs: n,
      spearman: estimate(rho),
    })),
  };
}

function standingEntry({ of, worst, verdict, attacks, cheapest }: Standing) {
  return {
    protection: of.protection.label,
    metric: of.effect.metric.label,
    attacks,
    worstPerImage: worst === undefined ? null : { residual: estimate(worst), outcome: verdict!.word },
    cheapestBreak:
      cheapest === undefined
        ? null
        : { attack: cheapest.attack, msPerMegapixel: number(cheapest.price.msPerMegapixel) },
  };
}

function comparisonEntry({ own, baseline, n, difference, test, p, adjusted, detectable }: Comparison) {
  return {
    protection: own.protection.label,
    baseline: baseline.protection.label,
    attack: own.attack.label,
    metric: own.effect.metric.label,
    n,
    difference: estimate(difference),
    test,
    p,
    adjusted,
    minimumDetectable: number(detectable),
  };
}

function pairEntry(analysis: Analysis) {
  const { protection, attack, effect, cells, arms, images, excluded, errors, residual, verdict, outcome } =
    analysis;
  const { detectable, floor, beside } = analysis;
  return {
    protection: protection.label,
    attack: attack.label,
    metric: effect.metric.label,
    cells: cells.map(({ id }) => id),
    seeds: cells.map(({ seed }) => seed),
    outcome,
    reason: verdict.reason,
    open: verdict.open,
    moreImages: verdict.moreImages ?? null,
    n: residual.n,
    excluded,
    errors,
    arms: Object.fromEntries(
      ARMS.map((arm) => [arm, { ...estimate(arms[arm].mean), infinite: arms[arm].infinite }]),
    ),
    effect: estimate(residual.effect),
    minimumDetectableEffect: number(detectable),
    noiseFloor: floor === undefined ? null : number(floor),
    surviving: estimate(residual.surviving),
    residual: estimate(residual.ratio),
    besidePlacebo: beside === undefined ? null : { placebo: beside.placebo, excess: estimate(beside.excess) },
    // The parts of a set have no R of their own.
    perImage:
      effect.metric.kind === 'set'
        ? {}
        : Object.fromEntries(images.map((image, i) => [image, number(residual.perImage[i]!)])),
  };
}

const estimate = ({ value, interval }: Estimate) => ({ value: number(value), interval: pair(interval) });

const pair = (interval: Interval | undefined) =>
  interval === undefined ? null : [number(interval.lo), number(interval.hi)];

const number = (value: number): number | string | null => {
  if (Number.isNaN(value)) return null;
  return Number.isFinite(value) ? value : value > 0 ? 'inf' : '-inf';
};
