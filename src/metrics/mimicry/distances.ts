/**
 * @file Distances between all that a mimic paints and the artist's held-out pictures: one value for each model. Few
 * paintings make them mostly bias; between arms of one lesson the bias is the same.
 */
import type { FeatureSet } from '../../stats/features.ts';
import { frechetDistance } from '../../stats/frechet.ts';
import { kernelDistance } from '../../stats/mmd.ts';
import { defineMetric, type ImageSet, type MetricContext } from '../define.ts';
import { featuresOf } from '../parts/features.ts';
import { mimicry, mimicryProtocol } from './mimicry.ts';

export const mimicryFrechet = defineMetric({
  ...mimicry,
  id: 'lora-mimicry-frechet',
  label: 'Mimicry: Fréchet distance',
  summary:
    "Fréchet distance between a mimic's pictures and the artist's held-out ones; mostly bias for few pictures.",
  protocol: mimicryProtocol(
    'lora-mimicry-frechet',
    "squared Fréchet distance of two Gaussians, all of a model's pictures against the held-out ones",
  ),
  higherIsBetter: false,
  random: false,
  judgeAll: async (pictures, artist, references, _params, context) =>
    frechetDistance(...(await featureSets('lora-mimicry-frechet', pictures, artist, references, context))),
});

export const mimicryKernel = defineMetric({
  ...mimicry,
  id: 'lora-mimicry-kernel',
  label: 'Mimicry: kernel distance',
  summary:
    "KID's kernel between a mimic's pictures and the artist's held-out ones, on the features of any embedder.",
  protocol: mimicryProtocol(
    'lora-mimicry-kernel',
    "squared MMD, U form, k = (x.y / d + 1)^3, all of a model's pictures against the held-out ones",
  ),
  higherIsBetter: false,
  random: false,
  judgeAll: async (pictures, artist, references, _params, context) =>
    kernelDistance(...(await featureSets('lora-mimicry-kernel', pictures, artist, references, context))),
});

/** What the embedder sees in a model's pictures, and in those of the artist that it has not learnt. */
async function featureSets(
  id: string,
  pictures: ImageSet,
  artist: string,
  references: ImageSet,
  context: MetricContext,
): Promise<[FeatureSet, FeatureSet]> {
  const heldOut = references.filter((each) => (each.artist ?? '') === artist);
  return [
    await featuresOf(`${id}: the generated pictures`, pictures, 'image-embedder', context),
    await featuresOf(`${id}: the held-out pictures`, heldOut, 'image-embedder', context),
  ];
}
