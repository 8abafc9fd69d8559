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
import { nearestMean } from '../stats/directions.ts';
import { defineMetric, type ImageRef } from './define.ts';

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
    const classes = new Map<string, Float32Array[]>();
    for (const picture of references) {
      if (picture.id === image.id || picture.artist === undefined) continue;
      const vectors = classes.get(picture.artist) ?? [];
      vectors.push(await embed(picture));
      classes.set(picture.artist, vectors);
    }
    if (classes.size < 2 || !classes.has(image.artist)) {
      throw fewArtists('style-accuracy', image.id, image.artist);
    }
    return nearestMean(await embed(image), classes) === image.artist ? 1 : 0;
  },
});
