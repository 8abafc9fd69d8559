/** @file How an experiment wants its verdicts read off. */

/** Thresholds of the verdict on R, and the metric that is the primary effect. */
export interface VerdictRule {
  readonly holds: number;
  readonly broken: number;
  /** Label or id of one of the metrics. */
  readonly effect?: string | undefined;
  /** How intervals are drawn. */
  readonly interval?: 'bca' | 'percentile' | undefined;
  /** What is drawn: images, or artists with all their images. */
  readonly cluster?: 'image' | 'artist' | undefined;
  /** Label or id of the protection that the others are compared with. */
  readonly baseline?: string | undefined;
  /** How p values of many comparisons are adjusted. */
  readonly adjust?: 'holm' | 'benjamini-hochberg' | undefined;
}
