/**
 * @file What a kind of metric is to the harness: what one value stands for, which images it is measured on, and how. Every
 * question that depends on the kind is answered by its entry in `KINDS` (`index.ts`); nothing else asks for a kind's name.
 */
import type { RowArm } from '../arms.ts';
import type { ImageSet, Metric, MetricContext, PictureFacts } from '../define.ts';

/** What a cell measures at a time: an image, the whole set or a part of it, or a sample of a mimic. */
export interface Unit<Item = PictureFacts> {
  /** The name in rows: the image's id, `*`, `* without ...`, or artist and prompt. */
  readonly name: string;
  readonly items: readonly Item[];
  /** Each has a row. */
  readonly arms: readonly RowArm[];
  /** For samples of a mimic. */
  readonly sample?: Sample;
}

/** A sample of a mimic. */
export interface Sample {
  /** Its place among all samples of the mimic. */
  readonly index: number;
  /** Whose works the mimic was trained on; `*` for the whole data set. */
  readonly artist: string;
  /** Places of its controls among all samples of the mimic that is trained on clean images. */
  readonly controls: readonly number[];
}

/** What is handed to a metric. */
export interface Measured {
  readonly inputs: ImageSet;
  readonly references: ImageSet;
  readonly sample?: Sample;
}

/** A metric's own parameters, whatever they are. */
export type Parameters = Readonly<Record<string, unknown>>;

/** One kind of metric. */
export interface Kind<M extends Metric = Metric> {
  /** What one value stands for: an image, the set of an arm's images, or a sample of a mimic. */
  readonly value: 'image' | 'set' | 'sample';
  /** pixels: the metric compares images of one size. features: networks see the images, whatever their sizes. */
  readonly sees: 'pixels' | 'features';
  /** Whether an arm's own images are measured, or the samples of a mimic that was trained on them. */
  readonly inputs: 'arm' | 'mimic';
  /**
   * What inputs are measured against: their own clean images, all clean images, those that a mimic is not trained on; or
   * arms: the clean image under the attack of the arm, then the clean image, then the protected one.
   */
  readonly references: 'own' | 'all' | 'held-out' | 'arms';
  /** The fields that a setting of such a metric has for those who read a run. */
  fields(metric: M): { readonly floorFrom?: number };
  /** The units of a cell over the items of a data set. @throws USAGE if the parameters name an artist who is not there */
  units<Item extends PictureFacts>(items: readonly Item[], metric: M, params: Parameters): Unit<Item>[];
  /** One value. */
  measure(metric: M, measured: Measured, params: Parameters, context: MetricContext): Promise<number>;
}

/** One unit for each image, with all arms. */
export const unitsByImage = <Item extends PictureFacts>(
  items: readonly Item[],
  arms: readonly RowArm[],
): Unit<Item>[] => items.map((item) => ({ name: item.id, items: [item], arms }));
