/**
 * @file Distances between the set of a mimic's images and the artist's held-out images: one value for each mimic. With few
 * images they are mostly bias, which is the same for all arms.
 */
import type { FeatureSet } from '../../stats/sets/features.ts';
import { frechetDistance } from '../../stats/sets/frechet.ts';
import { kernelDistance } from '../../stats/sets/mmd.ts';
import { defineMetric, type ImageSet, type MetricContext } from '../define.ts';
import { featuresOf } from '../parts/features.ts';
import { mimicry, mimicryProtocol } from './mimicry.ts';

export const mimicryFrechet = defineMetric({
  ...mimicry,
  id: 'lora-mimicry-frechet',
  label: 'Mimicry: Fréchet distance',
  summary:
    "Fréchet distance between a mimic's images and the artist's held-out images; mostly bias for few images.",
  protocol: mimicryProtocol(
    'lora-mimicry-frechet',
    'squared Fréchet distance of two Gaussians, all images of a mimic against the held-out images',
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
    "Kernel distance (as KID) between a mimic's images and the artist's held-out images, on any embedder.",
  protocol: mimicryProtocol(
    'lora-mimicry-kernel',
    'squared MMD, U form, k = (x.y / d + 1)^3, all images of a mimic against the held-out images',
  ),
  higherIsBetter: false,
  random: false,
  judgeAll: async (pictures, artist, references, _params, context) =>
    kernelDistance(...(await featureSets('lora-mimicry-kernel', pictures, artist, references, context))),
});

/** The embeddings of a mimic's images, and of the artist's held-out images. */
async function featureSets(
  id: string,
  pictures: ImageSet,
  artist: string,
  references: ImageSet,
  context: MetricContext,
): Promise<[FeatureSet, FeatureSet]> {
  const heldOut = references.filter((each) => (each.artist ?? '') === artist);
  return [
    await featuresOf(`${id}: the generated images`, pictures, 'image-embedder', context),
    await featuresOf(`${id}: the held-out images`, heldOut, 'image-embedder', context),
  ];
}
