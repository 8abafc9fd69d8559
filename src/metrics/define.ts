/**
 * @file The interfaces of the six kinds of metric: image against image, embedding against embedding, image against the clean
 * image under the same attack, image against set, set against set, and the images that a model generates after fine-tuning.
 */
import type { z } from 'zod';
import type { MimicSpec } from '../diffusion/mimic.ts';
import type { Image } from '../image/image.ts';
import type { VectorRole } from '../models/vectors.ts';
import type { ParameterSchema, PluginBase, PluginContext } from '../plugin/define.ts';

/** What a data set knows about an image. */
export interface PictureFacts {
  /** The id of the image; the same for all its arms. */
  readonly id: string;
  readonly artist?: string;
  readonly title?: string;
  /** What it shows, in the words of a prompt. */
  readonly caption?: string;
  /** Its style, such as 'Impressionism'. */
  readonly genre?: string;
}

/** An image of a set, loaded on demand, so that a set of any size fits in memory. */
export interface ImageRef extends PictureFacts {
  /** The hash of the pixels; embeddings are cached under it. */
  readonly sha256: string;
  load(): Promise<Image>;
}

export type ImageSet = readonly ImageRef[];

/** The context of metrics over embeddings and sets, in addition to that of every plug-in. */
export interface MetricContext extends PluginContext {
  /**
   * The vector that the network in a role gives for an image (`models/vectors.ts`): computed once for each image and model,
   * and shared by all cells. @throws MODEL if the metric does not need that role
   */
  vectorOf(picture: ImageRef, role: VectorRole): Promise<Float32Array>;
}

/**
 * How a value v becomes an effect, which is larger if the image is further from clean. value: v; complement: 1 - v;
 * amplitude: 10^(-v/20), for levels in dB, which are infinite for equal images.
 */
export type EffectForm = 'value' | 'complement' | 'amplitude';

interface MetricBase<S extends ParameterSchema> extends PluginBase<S> {
  /** As printed on axes: 'dB', '1/255', '' for a pure number. */
  readonly unit: string;
  readonly higherIsBetter: boolean;
  /** How a value becomes an effect (default: complement if higher is better, else value). */
  readonly effect?: EffectForm;
  /** Its rank as the primary effect of a report that names none: the lowest stands first, metrics without a rank last. */
  readonly primary?: number;
  /** Its rank as the measure of the quality that an attack costs, among metrics of fidelity; likewise. */
  readonly quality?: number;
  /**
   * Whether values with these parameters compare the same places of images, so that they say nothing about an attack that
   * moves pixels (default: true for metrics of pixels, else false).
   */
  aligned?(params: z.infer<S>): boolean;
  /** A metric of quality: the d beyond which little is left of an image. */
  readonly ruined?: number;
  /**
   * The smallest effect d that matters; a smaller one counts as none. Absent: nobody knows what is too small to matter, and
   * the absence of an effect cannot be shown. For mimicry it follows from the gain of the mimic.
   */
  readonly smallestEffect?: number;
  /**
   * What an effect by this metric is about. fidelity: how far an image is moved, which says nothing about a mimic; mimicry:
   * the images of a mimic that was trained on the set; detectability: whether a protection can be detected. Absent: how a
   * network sees the image.
   */
  readonly measures?: 'fidelity' | 'mimicry' | 'detectability';
  /** True if an image is a hit (1) or a miss (0), so that a mean is a rate. */
  readonly binary?: true;
  /** The exact protocol with its version, as a paper would have to cite it. */
  readonly protocol: string;
}

/** Compares an arm's image with the clean image of the same size. */
export interface PairMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'pair';
  measure(image: Image, reference: Image, params: z.infer<S>, context: PluginContext): Promise<number>;
}

/** Compares a network's view of an arm's image with its view of the clean image, whatever their sizes. */
export interface ViewMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'view';
  measure(image: ImageRef, reference: ImageRef, params: z.infer<S>, context: MetricContext): Promise<number>;
}

/** The images that a displacement rests on, apart from the arm's own. */
export interface DisplacementReferences {
  /** The clean image, under the attack of the arm. */
  readonly control: ImageRef;
  readonly clean: ImageRef;
  /** The protected image before any attack. */
  readonly protected: ImageRef;
}

/**
 * Measures how far a protection moves an image: the distance from the clean image under the same attack, in a vector space.
 * The harness gives 0 for equal files.
 */
export interface DisplacementMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'displacement';
  measure(
    image: ImageRef,
    references: DisplacementReferences,
    params: z.infer<S>,
    context: MetricContext,
  ): Promise<number>;
}

/** Compares an arm's image with the set of clean images. The one with the same id is its own clean version. */
export interface ImageSetMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'image-set';
  measure(image: ImageRef, references: ImageSet, params: z.infer<S>, context: MetricContext): Promise<number>;
}

/** Compares the set of an arm's images with the set of clean images. */
export interface SetMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'set';
  /**
   * Set if clean against clean tells how much of a value is noise: the smallest number of images in half a set. The harness
   * then measures random halves of the clean set against each other.
   */
  readonly floorFrom?: number;
  measure(
    images: ImageSet,
    references: ImageSet,
    params: z.infer<S>,
    context: MetricContext,
  ): Promise<number>;
}

/** The training images of a mimic, by their places in the set. */
export interface Split {
  /** Trained on as the arm has them. */
  readonly train: readonly number[];
  /** Trained on as clean images in every arm: a mimic that has found some unprotected ones. */
  readonly clean: readonly number[];
}

/** An image that a mimic has generated, and its control. */
export interface Generated {
  readonly picture: ImageRef;
  /**
   * By the mimic trained on the clean images. counterpart: the image from the same prompt and random numbers; other-draws: the
   * images of the same prompt from other random numbers, or of all prompts if each prompt has only one image.
   */
  readonly controls: ImageSet;
  /** Its place among the images that the mimic generates. */
  readonly index: number;
  /** The mimicked artist; empty if the mimic was trained on all images. */
  readonly artist: string;
}

/**
 * Judges the images of a mimic: a model that was fine-tuned on an arm's images. Metrics with equal mimics share them: a
 * fine-tuning is a job of its own, done once for each arm.
 */
export type GeneratedMetric<S extends ParameterSchema = ParameterSchema> = MimicMetric<S> &
  (SampleJudge<S> | SampleSetJudge<S>);

/** What a mimic is trained on and prompted for. */
interface MimicMetric<S extends ParameterSchema> extends MetricBase<S> {
  readonly kind: 'generated';
  /** The training set of a mimic: the images of one artist, or of the whole data set. */
  readonly trainsOn: 'artist' | 'all';
  /** The artists to mimic (default: all). Images of the others still serve as references. */
  artists?(params: z.infer<S>): readonly string[] | undefined;
  mimic(params: z.infer<S>): MimicSpec;
  /** @throws DATASET if too few images are left to train on, or as references */
  split(pictures: readonly PictureFacts[], params: z.infer<S>): Split;
  /** The training caption of an image. */
  caption(picture: PictureFacts, params: z.infer<S>): string;
}

/** Judges each generated image. */
interface SampleJudge<S extends ParameterSchema> {
  /** The images of the mimic trained on the clean images that an image is judged against (default: none). */
  readonly controls?: 'counterpart' | 'other-draws';
  /** Whether the image in that place is judged (default: all are). */
  judged?(index: number, params: z.infer<S>): boolean;
  /** `references`: the clean images of the data set that are not trained on. */
  judge(
    generated: Generated,
    references: ImageSet,
    params: z.infer<S>,
    context: MetricContext,
  ): Promise<number>;
  readonly judgeAll?: never;
}

/** Judges all images of a mimic as one set: one value for each mimic. */
interface SampleSetJudge<S extends ParameterSchema> {
  judgeAll(
    pictures: ImageSet,
    artist: string,
    references: ImageSet,
    params: z.infer<S>,
    context: MetricContext,
  ): Promise<number>;
  readonly judge?: never;
  readonly controls?: never;
  readonly judged?: never;
}

export type Metric<S extends ParameterSchema = ParameterSchema> =
  | GeneratedMetric<S>
  | PairMetric<S>
  | ViewMetric<S>
  | DisplacementMetric<S>
  | ImageSetMetric<S>
  | SetMetric<S>;

/** Types a metric by its own id, parameter schema and kind. */
export function defineMetric<S extends ParameterSchema, const Id extends string>(
  metric: PairMetric<S> & { readonly id: Id },
): PairMetric<S> & { readonly id: Id };
export function defineMetric<S extends ParameterSchema, const Id extends string>(
  metric: ViewMetric<S> & { readonly id: Id },
): ViewMetric<S> & { readonly id: Id };
export function defineMetric<S extends ParameterSchema, const Id extends string>(
  metric: DisplacementMetric<S> & { readonly id: Id },
): DisplacementMetric<S> & { readonly id: Id };
export function defineMetric<S extends ParameterSchema, const Id extends string>(
  metric: ImageSetMetric<S> & { readonly id: Id },
): ImageSetMetric<S> & { readonly id: Id };
export function defineMetric<S extends ParameterSchema, const Id extends string>(
  metric: GeneratedMetric<S> & { readonly id: Id },
): GeneratedMetric<S> & { readonly id: Id };
export function defineMetric<S extends ParameterSchema, const Id extends string>(
  metric: SetMetric<S> & { readonly id: Id },
): SetMetric<S> & { readonly id: Id };
export function defineMetric(metric: Metric): Metric {
  return metric;
}

/** What a run records of a metric, so that it can be analysed without the plug-in. */
export function analysisFields(metric: Pick<Metric, 'higherIsBetter'> & Partial<Metric>) {
  const { effect, higherIsBetter, primary, quality, ruined, smallestEffect } = metric;
  const form: EffectForm = effect ?? (higherIsBetter ? 'complement' : 'value');
  return {
    effect: form,
    ...(primary !== undefined && { primary }),
    ...(quality !== undefined && { quality }),
    ...(ruined !== undefined && { ruined }),
    ...(smallestEffect !== undefined && { smallestEffect }),
    ...('controls' in metric && metric.controls !== undefined && { againstControl: true as const }),
  };
}
