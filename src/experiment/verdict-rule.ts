/** @file How an experiment wants its verdicts read off. */

/** Thresholds of the verdict on R, and the metric that is the primary effect. */
export interface VerdictRule {
  readonly holds: number;
  readonly broken: number;
  /** Label or id of one of the metrics. */
  readonly effect?: string | undefined;
  /** R above this is amplified. */
  readonly amplified?: number | undefined;
  /** An effect below this counts as none: in the unit of d, for the primary effect. */
  readonly smallestEffect?: number | undefined;
  /** How intervals are computed. */
  readonly interval?: 't' | 'bca' | 'percentile' | undefined;
  /** What is replicated: images (and trainings), or artists with all that is theirs. */
  readonly cluster?: 'image' | 'artist' | undefined;
  /** Label or id of the protection that the others are compared with. */
  readonly baseline?: string | undefined;
  /** How p values of many comparisons are adjusted. */
  readonly adjust?: 'holm' | 'benjamini-hochberg' | undefined;
}
