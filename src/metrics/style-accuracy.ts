/**
 * @file Whether an image is still recognised as its artist's, by the nearest class mean over the clean images:
 *
 *   artist(x) = argmax over artists a of cos(f(x), mean over images y of a of f(y) / |f(y)|)
 *
 * The clean version of the image itself is left out of the means, so that no image is its own reference.
 */
import { z } from 'zod';
import { roleNeeds } from '../plugin/define.ts';
import { tooFewArtists, unknownArtist } from '../messages/index.ts';
import { PREPARATION } from '../models/vectors.ts';
import { nearestMean } from '../stats/directions.ts';
import { defineMetric, type ImageRef } from './define.ts';

export const styleAccuracy = defineMetric({
  id: 'style-accuracy',
  version: 1,
  kind: 'image-set',
  label: 'Style accuracy',
  summary:
    'Whether the image is nearest to the clean images of its own artist: 1 or 0, so the mean is an accuracy.',
  reference: 'Mensink et al., Distance-Based Image Classification (TPAMI 2013), nearest class mean',
  protocol:
    "style-accuracy@1: nearest class mean by cosine, classes are the data set's artists, means of clean embeddings of " +
    `length 1, own clean version left out, ties to the first artist; ${PREPARATION['image-embedder']}`,
  unit: '',
  higherIsBetter: true,
  binary: true,
  smallestEffect: 0.1,
  params: z.strictObject({}),
  needs: () => roleNeeds('image-embedder'),
  random: false,
  measure: async (image, references, _params, { vectorOf }) => {
    const embed = (each: ImageRef): Promise<Float32Array> => vectorOf(each, 'image-embedder');
    if (image.artist === undefined) throw unknownArtist('style-accuracy', image.id);
    const classes = new Map<string, Float32Array[]>();
    for (const picture of references) {
      if (picture.id === image.id || picture.artist === undefined) continue;
      const vectors = classes.get(picture.artist) ?? [];
      vectors.push(await embed(picture));
      classes.set(picture.artist, vectors);
    }
    if (classes.size < 2 || !classes.has(image.artist)) {
      throw tooFewArtists('style-accuracy', image.id, image.artist);
    }
    return nearestMean(await embed(image), classes) === image.artist ? 1 : 0;
  },
});
