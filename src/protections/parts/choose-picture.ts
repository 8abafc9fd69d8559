/**
 * @file Choosing an image by embedding: a style image for a cloak, an anchor for a poison.
 *
 * Distances are cosine distances by the model in the role `image-embedder`. Without an embedder the choice is random.
 */
import type { Image } from '../../image/image.ts';
import { emptyConcept } from '../../messages/index.ts';
import { vectorOf } from '../../models/vectors.ts';
import { type NamedPicture, openRole, type PluginContext } from '../../plugin/define.ts';
import { meanDirection, unitVector } from '../../stats/directions.ts';

/**
 * An image in a style between the 50th and the 75th percentile of all styles, by the distance of the style's mean direction
 * from `image` (Shan et al. 2023, Glaze, section 5.2). The images of one artist are one style.
 */
export async function pictureOfDistantStyle(
  image: Image,
  pictures: readonly NamedPicture[],
  context: PluginContext,
): Promise<Image> {
  const random = context.random.fork('style');
  const artists = [...new Set(pictures.map(artistOf))];
  const styles = artists.map((artist) => pictures.filter((each) => artistOf(each) === artist));
  const near = await distancesFrom(image, styles, context);
  const order = near === undefined ? styles : ordered(styles, near);
  const chosen = random.pick(near === undefined ? order : middleOf(order));
  const picture = random.pick(chosen);
  context.note?.('style', {
    ...described(picture),
    ...(near && { distance: near[styles.indexOf(chosen)]!, rank: order.indexOf(chosen) + 1 }),
    styles: styles.length,
  });
  return picture.load();
}

/** The image among `pictures`, those of a concept, that is furthest from `image`. */
export async function pictureOfConcept(
  image: Image,
  pictures: readonly NamedPicture[],
  context: PluginContext,
): Promise<Image> {
  const near = await distancesFrom(
    image,
    pictures.map((each) => [each]),
    context,
  );
  const random = context.random.fork('anchor');
  const chosen = near === undefined ? random.pick(pictures) : ordered(pictures, near).at(-1)!;
  context.note?.('anchor', {
    ...described(chosen),
    ...(near && { distance: near[pictures.indexOf(chosen)]! }),
    pictures: pictures.length,
  });
  return chosen.load();
}

/** The images whose captions or names contain a word. @throws USAGE if there are none */
export function picturesNaming(word: string, pictures: readonly NamedPicture[]): readonly NamedPicture[] {
  const named = pictures.filter(({ caption = '', id }) =>
    `${caption} ${id}`.toLowerCase().includes(word.toLowerCase()),
  );
  if (named.length === 0) throw emptyConcept(word, pictures.length);
  return named;
}

/**
 * Whether an image is nearer to the mean direction of a concept's images than to that of the others. True without an
 * embedder, or if there are no others.
 */
export async function looksLike(
  image: Image,
  word: string,
  pictures: readonly NamedPicture[],
  context: PluginContext,
): Promise<boolean> {
  const named = picturesNaming(word, pictures);
  const others = pictures.filter((each) => !named.includes(each));
  if (others.length === 0) return true;
  const near = await distancesFrom(image, [named, others], context);
  if (near === undefined) return true;
  const [distance, fromOthers] = near as [number, number];
  context.note?.('source', { word, distance, fromOthers, poisoned: distance <= fromOthers ? 'yes' : 'no' });
  return distance <= fromOthers;
}

/** An image as notes name it. */
const described = ({ id, sha256, artist, caption }: NamedPicture): Readonly<Record<string, string>> => ({
  id,
  sha256,
  ...(artist && { artist }),
  ...(caption && { caption }),
});

const artistOf = ({ artist, id }: NamedPicture): string => artist ?? id;

/** The items from 50 % up to 75 % of a list, at least one. */
function middleOf<T>(list: readonly T[]): readonly T[] {
  const from = Math.min(Math.floor(list.length * 0.5), list.length - 1);
  return list.slice(from, Math.max(from + 1, Math.floor(list.length * 0.75)));
}

const ordered = <T>(list: readonly T[], by: readonly number[]): T[] =>
  list
    .map((item, i) => ({ item, at: by[i]! }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

/** Cosine distances of each group's mean direction from an image; undefined without an embedder. */
async function distancesFrom(
  image: Image,
  groups: readonly (readonly NamedPicture[])[],
  context: PluginContext,
): Promise<number[] | undefined> {
  if (context.models?.has('image-embedder') !== true) return undefined;
  const embedder = await openRole(context, 'image-embedder');
  const own = unit(await vectorOf(embedder, image));
  const distances: number[] = [];
  for (const group of groups) {
    const units: Float32Array[] = [];
    for (const picture of group) {
      context.signal?.throwIfAborted();
      units.push(unit(await vectorOf(embedder, await picture.load())));
    }
    distances.push(1 - unit(meanDirection(units)).reduce((dot, v, i) => dot + v * own[i]!, 0));
  }
  return distances;
}

/** In single precision: the last digits of the distances that are noted depend on it. */
const unit = (vector: Float32Array): Float32Array => Float32Array.from(unitVector(vector));
