/** @file The interfaces of the three kinds of metric: image against image, image against a set, set against set. */
import type { z } from 'zod';
import type { Image } from '../image/image.ts';
import type { ParameterSchema, PluginBase, PluginContext } from '../plugin/define.ts';

/** A picture of a set, loaded when asked for, so that a set of any size fits in memory. */
export interface ImageRef {
  readonly id: string;
  /** Of the picture's content; what features are cached under. */
  readonly sha256: string;
  load(): Promise<Image>;
}

export type ImageSet = readonly ImageRef[];

interface MetricBase<S extends ParameterSchema> extends PluginBase<S> {
  /** As printed on axes: 'dB', '1/255', '' for a pure number. */
  readonly unit: string;
  readonly higherIsBetter: boolean;
  /** The exact protocol, with its version: what a paper would have to cite. */
  readonly protocol: string;
}

/** Compares an arm's image with the clean image of the same size. */
export interface PairMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'pair';
  measure(image: Image, reference: Image, params: z.infer<S>, context: PluginContext): Promise<number>;
}

/** Compares an arm's image with the set of clean images. */
export interface ImageSetMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'image-set';
  measure(image: ImageRef, references: ImageSet, params: z.infer<S>, context: PluginContext): Promise<number>;
}

/** Compares the set of an arm's images with the set of clean images. */
export interface SetMetric<S extends ParameterSchema = ParameterSchema> extends MetricBase<S> {
  readonly kind: 'set';
  measure(
    images: ImageSet,
    references: ImageSet,
    params: z.infer<S>,
    context: PluginContext,
  ): Promise<number>;
}

export type Metric<S extends ParameterSchema = ParameterSchema> =
  | PairMetric<S>
  | ImageSetMetric<S>
  | SetMetric<S>;

/** Types a metric by its own id, parameter schema and kind. */
export function defineMetric<S extends ParameterSchema, const Id extends string>(
  metric: PairMetric<S> & { readonly id: Id },
): PairMetric<S> & { readonly id: Id };
export function defineMetric<S extends ParameterSchema, const Id extends string>(
  metric: ImageSetMetric<S> & { readonly id: Id },
): ImageSetMetric<S> & { readonly id: Id };
export function defineMetric<S extends ParameterSchema, const Id extends string>(
  metric: SetMetric<S> & { readonly id: Id },
): SetMetric<S> & { readonly id: Id };
export function defineMetric(metric: Metric): Metric {
  return metric;
}
