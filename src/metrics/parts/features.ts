/** @file Sets of images as sets of features, for distances between sets. */
import { tooFewForSet } from '../../messages/index.ts';
import type { VectorRole } from '../../models/vectors.ts';
import { checkComparable, type FeatureSet, featureSet } from '../../stats/sets/features.ts';
import type { ImageSet, MetricContext } from '../define.ts';

/**
 * The vectors of two sets of the same size. `metric` and the side name them in errors.
 * @throws USAGE if there are fewer than two, unequal numbers, NaN, or no spread
 */
export async function featurePair(
  metric: string,
  images: ImageSet,
  references: ImageSet,
  role: VectorRole,
  context: MetricContext,
): Promise<readonly [FeatureSet, FeatureSet]> {
  if (images.length < 2) throw tooFewForSet(metric, images.length);
  const a = await featuresOf(`${metric}: the images`, images, role, context);
  const b = await featuresOf(`${metric}: the clean images`, references, role, context);
  checkComparable(a, b);
  return [a, b];
}

/** The vectors of one set. @throws USAGE if there are fewer than two, NaN, or no spread */
export async function featuresOf(
  name: string,
  set: ImageSet,
  role: VectorRole,
  { vectorOf }: MetricContext,
): Promise<FeatureSet> {
  const rows: Float32Array[] = [];
  for (const picture of set) rows.push(await vectorOf(picture, role));
  const d = rows[0]?.length ?? 0;
  const data = new Float64Array(rows.length * d);
  for (const [i, row] of rows.entries()) data.set(row, i * d);
  return featureSet(name, [rows.length, d], data);
}
