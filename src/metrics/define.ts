/**
 * @file The interfaces of the five kinds of metric: image against image, what a network sees in one against what it sees
 * in the other, image against a set, set against set, and what a model generates that has learnt a set.
 */
import type { z } from 'zod';
import type { MimicSpec } from '../diffusion/mimic.ts';
import type { Image } from '../image/image.ts';
import type { VectorRole } from '../models/vectors.ts';
import type { ParameterSchema, PluginBase, PluginContext } from '../plugin/define.ts';

/** What a data set knows about a picture. */
export interface PictureFacts {
  /** The picture's id; the same for all its arms. */
  readonly id: string;
  readonly artist?: string;
  readonly title?: string;
  /** What it shows, as a prompt would say it. */
  readonly caption?: string;
  /** Its style, such as 'Impressionism'. */
  readonly genre?: string;
}

/** A picture of a set, loaded when asked for, so that a set of any size fits in memory. */
export interface ImageRef extends PictureFacts {
  /** Of the picture's content; what vectors are kept under. */
  readonly sha256: string;
  load(): Promise<Image>;
}

export type ImageSet = readonly ImageRef[];

/** What metrics over embeddings and sets are given beside what every plug-in is. */
export interface MetricContext extends PluginContext {
  /**
   * What the network in a role sees in a picture (`models/vectors.ts`): computed once for each picture and model, and
   * shared by all cells. @throws MODEL where the metric does not need that role
   */
  vectorOf(picture: ImageRef, role: VectorRole): Promise<Float32Array>;
}

interface MetricBase<S extends ParameterSchema> extends PluginBase<S> {
  /** As printed on axes: 'dB', '1/255', '' for a pure number. */
  readonly unit: string;
  readonly higherIsBetter: boolean;
  /**
   * What an effect by this metric is about. fidelity: how far a picture is moved, which says nothing of a mimic;
   * mimicry: what a mimic that was trained on the pictures makes; detectability: whether a protection gives itself away.
   * Absent: what a network sees in the picture.
   */
  readonly measures?: 'fidelity' | 'mimicry' | 'detectability';
  /** True where an image is a hit (1) or a miss (0), so that a mean is a rate. */
  readonly binary?: true;
  /** The exact protocol, with its version: what a paper would have to cite. */
  readonly protocol: string;
}

/** Compares an arm's image with the clean image of the same size. */
export interface PairMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'pair';
  measure(image: Image, reference: Image, params: z.infer<S>, context: PluginContext): Promise<number>;
}

/** Compares what a network sees in an arm's image with what it sees in the clean one, whatever their sizes. */
export interface ViewMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'view';
  measure(image: ImageRef, reference: ImageRef, params: z.infer<S>, context: MetricContext): Promise<number>;
}

/** Compares an arm's image with the set of clean images; the one with its id is its own clean version. */
export interface ImageSetMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'image-set';
  measure(image: ImageRef, references: ImageSet, params: z.infer<S>, context: MetricContext): Promise<number>;
}

/** Compares the set of an arm's images with the set of clean images. */
export interface SetMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'set';
  /**
   * Where clean against clean says how much of a value is noise: the least number of images that half a set must have.
   * The harness then measures random halves of the clean set against each other.
   */
  readonly floorFrom?: number;
  measure(
    images: ImageSet,
    references: ImageSet,
    params: z.infer<S>,
    context: MetricContext,
  ): Promise<number>;
}

/** Which pictures of a unit are learnt, by their places in it. */
export interface Split {
  /** Learnt as the arm has them. */
  readonly train: readonly number[];
  /** Learnt clean in every arm: a mimic who has found some unprotected ones. */
  readonly clean: readonly number[];
}

/** A picture that a model has generated, and what stands beside it. */
export interface Generated {
  readonly picture: ImageRef;
  /** Of the same prompt and the same draws, by the model that has learnt the clean pictures. */
  readonly control: ImageRef;
  /** Its place among the pictures that the lesson asks for. */
  readonly index: number;
  /** Whose works the model has learnt; empty where it has learnt all. */
  readonly artist: string;
}

/**
 * Judges pictures that a model generates once it has learnt an arm's images. Metrics with equal lessons share their
 * training: it is a job of its own, done once for each arm, whatever is measured of it.
 */
export type GeneratedMetric<S extends ParameterSchema = ParameterSchema> = MimicMetric<S> &
  (SampleJudge<S> | SampleSetJudge<S>);

/** What is learnt and what is asked for. */
interface MimicMetric<S extends ParameterSchema> extends MetricBase<S> {
  readonly kind: 'generated';
  /** Whose works a model learns: each artist's apart, or the whole data set. */
  readonly trainsOn: 'artist' | 'all';
  /** Of the artists, those whose works are learnt; undefined: all of them. The others' works judge all the same. */
  artists?(params: z.infer<S>): readonly string[] | undefined;
  mimic(params: z.infer<S>): MimicSpec;
  /** @throws DATASET where too few pictures are left to learn, or to judge by. */
  split(pictures: readonly PictureFacts[], params: z.infer<S>): Split;
  /** What a picture is captioned when it is learnt. */
  caption(picture: PictureFacts, params: z.infer<S>): string;
}

/** Judges each generated picture. */
interface SampleJudge<S extends ParameterSchema> {
  /** Whether the picture in that place is judged; all are unless told. */
  judged?(index: number, params: z.infer<S>): boolean;
  /** `references`: every clean picture of the data set that is not learnt. */
  judge(
    generated: Generated,
    references: ImageSet,
    params: z.infer<S>,
    context: MetricContext,
  ): Promise<number>;
  readonly judgeAll?: never;
}

/** Judges all that a model has generated as one set: a value for each model. */
interface SampleSetJudge<S extends ParameterSchema> {
  judgeAll(
    pictures: ImageSet,
    artist: string,
    references: ImageSet,
    params: z.infer<S>,
    context: MetricContext,
  ): Promise<number>;
  readonly judge?: never;
  readonly judged?: never;
}

export type Metric<S extends ParameterSchema = ParameterSchema> =
  | GeneratedMetric<S>
  | PairMetric<S>
  | ViewMetric<S>
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
