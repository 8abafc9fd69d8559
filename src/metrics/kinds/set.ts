/** @file The set of an arm's images against the set of clean images: one value for all of them. */
import { groupBy } from '../../stats/group.ts';
import { ARMS, type RowArm } from '../arms.ts';
import type { PictureFacts, SetMetric } from '../define.ts';
import type { Kind, Unit } from './kind.ts';

export const set: Kind<SetMetric> = {
  value: 'set',
  sees: 'features',
  inputs: 'arm',
  references: 'own',
  fields: ({ floorFrom }) => (floorFrom === undefined ? {} : { floorFrom }),
  units: (items, { floorFrom = Infinity }) => {
    const arms: readonly RowArm[] = Math.floor(items.length / 2) >= floorFrom ? [...ARMS, 'floor'] : ARMS;
    return [{ name: '*', items, arms }, ...unitsWithout(items, floorFrom)];
  },
  measure: (metric, { inputs, references }, params, context) =>
    metric.measure(inputs, references, params, context),
};

/** Units that are the data set without some of its images have names that begin so. */
export const WITHOUT = '* without ';
/** Units without an artist have names that begin so. */
export const WITHOUT_ARTIST = `${WITHOUT}the artist `;

/** Parts that are left out one by one, at most. An interval from 31 degrees of freedom is 4 % wider than from all. */
const PARTS = 32;

/**
 * The data set without one of its images, for each image (or without every 32nd, if there are many); and without one of its
 * artists, for each artist with several images. How a set metric's value changes tells how far chance moves it (jackknife).
 * The interval is made in `analysis/sets.ts`, from images or artists as the verdict asks.
 */
function unitsWithout<Item extends PictureFacts>(items: readonly Item[], least: number): Unit<Item>[] {
  const pictures = new Map(items.map((item) => [item.id, [item]]));
  const byPicture = unitsWithoutEach(items, pictures, { least, prefix: WITHOUT });
  if (!nests(items)) return byPicture;
  return [
    ...byPicture,
    ...unitsWithoutEach(items, groupBy(items, clusterOf), { least, prefix: WITHOUT_ARTIST }),
  ];
}

/** The artist; the image itself if nobody says who made it. */
export const clusterOf = ({ id, artist }: Pick<PictureFacts, 'id' | 'artist'>): string => artist ?? id;

/** Whether pictures nest in artists: one artist has several. */
export const nests = (items: readonly Pick<PictureFacts, 'id' | 'artist'>[]): boolean =>
  new Set(items.map(clusterOf)).size < items.length;

/** No units if there is only one group, or if too few images would be left without one. */
function unitsWithoutEach<Item extends PictureFacts>(
  items: readonly Item[],
  groups: ReadonlyMap<string, readonly Item[]>,
  { least, prefix }: { readonly least: number; readonly prefix: string },
): Unit<Item>[] {
  const parts = Math.min(groups.size, PARTS);
  const names = [...groups.keys()];
  const partOf = new Map([...groups.values()].flatMap((own, i) => own.map(({ id }) => [id, i % parts])));
  const units = Array.from({ length: parts }, (_, part) => ({
    name: prefix + (parts === names.length ? names[part]! : `part ${part + 1} of ${parts}`),
    items: items.filter(({ id }) => partOf.get(id) !== part),
    arms: ARMS,
  }));
  return parts < 2 || units.some((unit) => unit.items.length < least) ? [] : units;
}
