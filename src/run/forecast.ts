/**
 * @file How much of a run is left, while it runs. The jobs of each kind of work that are done say how long the others will
 * take. Times of earlier runs count until this run has its own.
 */
import type { WorkEstimate } from '../plan/estimate.ts';
import { type Job, jobKey } from '../jobs/job.ts';
import type { JobEvent } from '../jobs/session.ts';
import { workOf } from '../jobs/stages/index.ts';

export interface Forecast {
  /** A job has come to its end. */
  ended(event: JobEvent): void;
  /** A job has reached `fraction`, 0..1, at the time `at`, ms. @returns the ms that it still needs; undefined if it is too early to say */
  reached(job: Job, fraction: number, at: number): number | undefined;
  /** The share of all the work that is done, 0..1. */
  share(): number;
  /** Wall time that the rest will take, ms. */
  left(): number;
}

/** How many jobs of this run weigh as much as a time from an earlier run, as a counted time, or as a guess. */
const WEIGHT = { timed: 2, counted: 0.5, guessed: 0.05 };

/** What a job of unknown work is guessed to take before one of its kind has ended, ms. */
const GUESS = 200;

/** Once this share of a job is done, its pace counts as the pace of its kind. */
const TELLING = 0.05;

interface Kind {
  readonly guess: number;
  readonly weight: number;
  waiting: number;
  ended: number;
  ms: number;
}

/** A job under way. */
interface Going {
  readonly kind: Kind | undefined;
  /** When and how far on it was first heard of. */
  readonly from: { readonly at: number; readonly fraction: number };
  fraction: number;
  /** What it will have taken, at its pace. */
  whole: number | undefined;
}

/** The forecast of a run that is estimated so, on as many threads. */
export function forecastOf(work: readonly WorkEstimate[], workers: number): Forecast {
  const kinds = new Map(work.map((each) => [each.work, kindOf(each)]));
  const going = new Map<string, Going>();

  const mean = (kind: Kind): number => {
    const paces = [...going.values()].filter((job) => job.kind === kind && job.whole !== undefined);
    const seen = kind.ms + paces.reduce((sum, { whole }) => sum + whole!, 0);
    return (kind.weight * kind.guess + seen) / (kind.weight + kind.ended + paces.length);
  };
  const behind = ({ kind, fraction, whole }: Going): number =>
    kind === undefined ? 0 : fraction * (whole ?? mean(kind));
  const remaining = (): number => {
    let ms = 0;
    for (const kind of kinds.values()) ms += kind.waiting * mean(kind);
    for (const job of going.values()) ms -= behind(job);
    return Math.max(0, ms);
  };
  const spent = (): number => {
    let ms = 0;
    for (const kind of kinds.values()) ms += kind.ms;
    for (const job of going.values()) ms += behind(job);
    return ms;
  };

  return {
    ended: ({ job, outcome, ms }) => {
      going.delete(jobKey(job));
      const kind = kinds.get(workOf(job));
      if (kind === undefined || outcome === 'reused') return;
      kind.waiting = Math.max(0, kind.waiting - 1);
      kind.ended++;
      kind.ms += ms;
    },
    reached: (job, fraction, at) => {
      const key = jobKey(job);
      const { from } = going.get(key) ?? { from: { at, fraction } };
      const pace = (at - from.at) / (fraction - from.fraction);
      const whole = fraction - from.fraction >= TELLING ? pace : undefined;
      going.set(key, { kind: kinds.get(workOf(job)), from, fraction, whole });
      return whole && whole * (1 - fraction);
    },
    share: () => {
      const [before, after] = [spent(), remaining()];
      return before + after === 0 ? 1 : before / (before + after);
    },
    left: () => remaining() / workers,
  };
}

function kindOf({ ms, toRun, counted }: WorkEstimate): Kind {
  const known = ms !== null && toRun > 0;
  return {
    guess: known ? ms / toRun : GUESS,
    weight: !known ? WEIGHT.guessed : counted ? WEIGHT.counted : WEIGHT.timed,
    waiting: toRun,
    ended: 0,
    ms: 0,
  };
}
