/**
 * @file Is a picture still known for its artist's? The nearest class mean over the clean pictures:
 *
 *   artist(x) = argmax over artists a of cos(f(x), mean over pictures y of a of f(y) / |f(y)|)
 *
 * where the picture's own clean version is left out of the means, so that a picture cannot vouch for itself.
 */
import { z } from 'zod';
import { roleNeeds } from '../plugin/define.ts';
import { fewArtists, unknownArtist } from '../messages/index.ts';
import { PREPARATION } from '../models/vectors.ts';
import { defineMetric, type ImageRef, type ImageSet } from './define.ts';
import { cosine } from './parts/features.ts';

export const styleAccuracy = defineMetric({
  id: 'style-accuracy',
  version: 1,
  kind: 'image-set',
  label: 'Style accuracy',
  summary:
    "Is the picture nearest to its own artist's clean pictures? 1 or 0, so that the mean is an accuracy.",
  reference: 'Mensink et al., Distance-Based Image Classification (TPAMI 2013), nearest class mean',
  protocol:
    "style-accuracy@1: nearest class mean by cosine, classes are the data set's artists, means of clean embeddings of " +
    `length 1, own clean version left out, ties to the artist who comes first; ${PREPARATION['image-embedder']}`,
  unit: '',
  higherIsBetter: true,
  binary: true,
  params: z.strictObject({}),
  needs: () => roleNeeds('image-embedder'),
  random: false,
  measure: async (image, references, _params, { vectorOf }) => {
    const embed = (picture: ImageRef): Promise<Float32Array> => vectorOf(picture, 'image-embedder');
    if (image.artist === undefined) throw unknownArtist('style-accuracy', image.id);
    const others = references.filter(({ id }) => id !== image.id);
    const means = await classMeans(others, embed);
    if (means.size < 2 || !means.has(image.artist))
      throw fewArtists('style-accuracy', image.id, image.artist);
    const vector = await embed(image);
    let nearest = { artist: '', likeness: -Infinity };
    for (const [artist, mean] of means) {
      const likeness = cosine(vector, mean);
      if (likeness > nearest.likeness) nearest = { artist, likeness };
    }
    return nearest.artist === image.artist ? 1 : 0;
  },
});

/** The mean direction of each artist's pictures; a picture of no named artist is in none. */
async function classMeans(
  pictures: ImageSet,
  embed: (picture: ImageRef) => Promise<Float32Array>,
): Promise<Map<string, Float32Array>> {
  const means = new Map<string, Float32Array>();
  for (const picture of pictures) {
    if (picture.artist === undefined) continue;
    const vector = await embed(picture);
    const length = Math.hypot(...vector);
    const sum = means.get(picture.artist) ?? new Float32Array(vector.length);
    for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]! / length;
    means.set(picture.artist, sum); // a cosine does not ask for the length
  }
  return means;
}
