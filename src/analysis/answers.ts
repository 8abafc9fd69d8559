/**
 * @file The types of an analysis; nothing here computes. `Answers` holds all of a run: its effects and one `Analysis` for
 * each cell, and for each pair of protection and attack over all seeds. `Findings` (findings.ts) follow from `Answers`.
 */
import type { Arm } from '../metrics/arms.ts';
import type { CellRecord } from '../run/run-folder.ts';
import type { MetricSetting, Setting } from '../experiment/setting.ts';
import type { Estimate, Inference } from '../stats/inference.ts';
import type { Residual } from '../stats/residual.ts';
import type { Thresholds, Verdict, VerdictWord } from '../stats/verdict.ts';

/** t: Student's interval of a mean, Fieller's of a ratio; bca, percentile: bootstraps. */
export type IntervalMethod = 't' | 'bca' | 'percentile';

export interface AnalysisOptions {
  /** The metric that is the primary effect, by label or id (default: the metric with the first rank `primary`). */
  readonly effect?: string | undefined;
  readonly thresholds?: Thresholds | undefined;
  /** The smallest primary effect that matters, in the unit of d. */
  readonly smallestEffect?: number | undefined;
  /** What is replicated: images (and trainings), or artists with all that is theirs (default: image). */
  readonly cluster?: 'image' | 'artist' | undefined;
  /** How intervals are computed: Student's t and Fieller's set, or a bootstrap (default: t). */
  readonly interval?: IntervalMethod | undefined;
  /** The protection that the others are compared with, by label or id (default: the placebo, else the baseline). */
  readonly baseline?: string | undefined;
  /** How the p values of several comparisons are adjusted (default: holm). */
  readonly adjust?: 'holm' | 'benjamini-hochberg' | undefined;
  readonly draws?: number | undefined;
  readonly seed?: number | undefined;
}

/** A metric as an effect: d, larger if the image is further from clean. */
export interface Effect {
  readonly metric: MetricSetting;
  /** The formula, as printed on axes: `1 − SSIM`. */
  readonly symbol: string;
  /** d of a measured value. Finite if the value is, and 0 for the PSNR of equal images. */
  readonly of: (value: number) => number;
}

/** The values of one image, or another unit, in each arm (order of ARMS); NaN if it was not measured. */
export type ArmValues = Float64Array;

/** The values of an arm by a metric, in the metric's own unit. */
export interface ArmMean {
  /** Over the finite values; infinite if all are. NaN without any. */
  readonly mean: Estimate;
  /** How many values are infinite, such as the PSNR of equal images; they are not in the mean. */
  readonly infinite: number;
  readonly n: number;
}

/** The effect of a protection minus the effect of its placebo. */
export interface PlaceboContrast {
  /** Label of the placebo. */
  readonly placebo: string;
  /** Mean of d[protected] - d[clean] minus the same of the placebo, over the images that both have. */
  readonly excess: Estimate;
  /** The share of this excess that the attack leaves: R net of what noise would leave. */
  readonly residual: Estimate;
}

/** A verdict, or why there is none. */
export type Outcome = VerdictWord | 'failed' | 'pending';

/** One cell, or one pair of protection and attack over all its seeds. */
export interface Analysis {
  readonly protection: Setting;
  readonly attack: Setting;
  /** Printed names of the two (names.ts). */
  readonly names: { readonly protection: string; readonly attack: string };
  readonly effect: Effect;
  readonly cells: readonly CellRecord[];
  readonly arms: Readonly<Record<Arm, ArmMean>>;
  /** The values of each image in the metric's unit, averaged over seeds. */
  readonly values: ReadonlyMap<string, ArmValues>;
  /** Ids of the images behind the residual, in the order of `residual.perImage`; for a set metric its parts (sets.ts). */
  readonly images: readonly string[];
  /** Images left out of the residual: an arm has no value, or an infinite effect. */
  readonly excluded: number;
  readonly residual: Residual;
  readonly verdict: Verdict;
  readonly outcome: Outcome;
  readonly errors: number;
  /** The smallest effect that these images would have shown (5 %, power 80 %), by their own spread; NaN below two. */
  readonly detectable: number;
  /** Absent if the run has no placebo of the protection's size. */
  readonly placebo?: PlaceboContrast;
  /** The smallest effect of interest, in the unit of d; undefined if nobody said what is too small to matter. */
  readonly smallest?: number;
  /** Mimicry: d of the base model minus d of the clean mimic, which is all that a protection can take. */
  readonly range?: number;
  /** Samples of mimics: true if each artist has one training, so that all that is said holds for this training alone. */
  readonly oneTraining?: true;
  /** Set metrics: d between random halves of the clean set, which is due to chance alone. */
  readonly floor?: number;
}

/** An analysis before its verdict. */
export type Measured = Omit<Analysis, 'placebo' | 'verdict' | 'outcome'> & {
  /** How many images the values are over. */
  readonly count: number;
};

/** What can be said of numbers over these units (replication.ts). */
export type InferenceFor = (units: readonly string[]) => Inference;

/** Everything that the report prints, computed. */
export interface Answers {
  /** Primary first. */
  readonly effects: readonly Effect[];
  readonly cells: readonly Analysis[];
  /** Seeds pooled; the same objects as `cells` if there is one seed. */
  readonly pairs: readonly Analysis[];
  readonly thresholds: Thresholds;
  readonly inference: {
    readonly method: IntervalMethod;
    readonly cluster: 'image' | 'artist';
    /** Bootstraps only. */
    readonly draws: number;
    readonly seed: number;
  };
  /** The options for comparisons between protections. */
  readonly comparisons: Pick<AnalysisOptions, 'baseline' | 'adjust'>;
  /** How every interval of the run is computed. */
  readonly infer: InferenceFor;
}
