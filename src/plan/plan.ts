/** @file The plan of a run: the cells of an experiment over the items of its data set. Nothing is computed yet. */
import type { Dataset, DatasetItem } from '../datasets/dataset.ts';
import type { ResolvedPictures } from '../experiment/references.ts';
import type { Cell, SettingLink } from '../experiment/setting.ts';
import { keyOf } from '../files/keys.ts';
import { attacks } from '../attacks/index.ts';
import { tooFewTrainingImages } from '../messages/index.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import { resolvePlugin } from '../plugin/resolve.ts';

/** Everything that a run needs to know. */
export interface Plan {
  /** Name of the experiment and first 8 digits of the hash. */
  readonly run: string;
  /** Hash over cells and data set: runs with an equal plan have equal rows. */
  readonly hash: string;
  readonly cells: readonly Cell[];
  readonly items: readonly DatasetItem[];
  /** The models of all roles that the cells' plug-ins need. */
  readonly models: readonly ResolvedModel[];
  /** The images that parameters name. */
  readonly pictures: readonly ResolvedPictures[];
  readonly maxPixels: number;
}

/** An image before it is imported: from the data set, or from an attack's training set. */
export type SourcePicture = Pick<DatasetItem, 'id' | 'sha256' | 'origin'>;

/**
 * Plans cells over a data set; `limit` takes the first images only. @throws DATASET if the training set of an attack is too
 * small
 */
export function makePlan(
  name: string,
  cells: readonly Cell[],
  dataset: Dataset,
  {
    limit = Infinity,
    maxPixels,
    models = [],
    pictures = [],
  }: {
    limit?: number | undefined;
    maxPixels: number;
    models?: readonly ResolvedModel[];
    pictures?: readonly ResolvedPictures[];
  },
): Plan {
  const items = dataset.items.slice(0, limit);
  for (const link of cells.flatMap(({ attack }) => attack.links)) trainingSetOf({ items, pictures }, link);
  const hash = keyOf({
    cells: cells.map(({ id }) => id),
    items: items.map(({ id, sha256 }) => ({ id, sha256 })),
    maxPixels,
  });
  return { run: `${name}-${hash.slice(0, 8)}`, hash, cells, items, models, pictures, maxPixels };
}

/**
 * The images that an attack is trained on, none of them attacked in this run; undefined if it needs no training.
 * @throws DATASET if there are too few
 */
export function trainingSetOf(
  { items, pictures }: Pick<Plan, 'items' | 'pictures'>,
  link: SettingLink,
): readonly SourcePicture[] | undefined {
  const { training } = resolvePlugin('attack', attacks, link.id);
  if (training === undefined) return undefined;
  const attacked = new Set(items.map(({ sha256 }) => sha256));
  const wanted = training.pairs(link.params);
  const named = pictures.find(({ key }) => key === link.pictures?.training)!;
  const others = named.items.filter(({ sha256 }) => !attacked.has(sha256)).slice(0, wanted);
  if (others.length < wanted) throw tooFewTrainingImages(link.id, wanted, others.length);
  return others;
}
