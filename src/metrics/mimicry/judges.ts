/** @file Judgements of a mimic's images: success against an unprotected mimic, similarity, nearest artist, noise. */
import type { Image } from '../../image/image.ts';
import { defineMetric, type ImageSet } from '../define.ts';
import { isNearest, likeness, mimicry, mimicryProtocol } from './mimicry.ts';

export const loraMimicry = defineMetric({
  ...mimicry,
  id: 'lora-mimicry',
  version: 2,
  primary: 2,
  label: 'Mimicry success',
  summary:
    'Probability that a generated image is closer to the artist than one by the mimic of clean images; 0.5: the protection is useless.',
  reference:
    'Hönig et al. (ICLR 2025), section 4, with a network as rater; Mann and Whitney (Annals of Mathematical Statistics 18, 1947)',
  protocol: mimicryProtocol(
    'lora-mimicry',
    "share of the images of the same prompt and other random numbers, by the mimic trained on clean images, whose cosine with the held-out images' mean direction is lower, ties one half; images of all other prompts if each prompt has one image; 0.5 in the clean arm by definition",
    2,
  ),
  higherIsBetter: true,
  random: false,
  controls: 'other-draws',
  judge: async ({ picture, controls, artist }, references, _params, context) => {
    const mine = await likeness(picture, artist, references, context);
    let wins = 0;
    for (const control of controls) {
      const theirs = await likeness(control, artist, references, context);
      wins += mine > theirs ? 1 : mine === theirs ? 0.5 : 0;
    }
    return wins / controls.length;
  },
});

export const mimicrySimilarity = defineMetric({
  ...mimicry,
  id: 'lora-mimicry-similarity',
  primary: 1,
  label: 'Mimicry: style similarity',
  summary: "Similarity of a mimic's images to the artist's held-out images.",
  protocol: mimicryProtocol('lora-mimicry-similarity', "cosine with the held-out images' mean direction"),
  higherIsBetter: true,
  random: false,
  judge: ({ picture, artist }, references, _params, context) =>
    likeness(picture, artist, references, context),
});

export const mimicryAccuracy = defineMetric({
  ...mimicry,
  id: 'lora-mimicry-accuracy',
  primary: 3,
  label: 'Mimicry: style accuracy',
  summary:
    "Whether a mimic's image is nearer to the artist than to any other artist of the data set: 1 or 0.",
  protocol: mimicryProtocol(
    'lora-mimicry-accuracy',
    "nearest class mean by cosine; classes are the data set's artists, the mimicked one by the held-out images",
  ),
  higherIsBetter: true,
  binary: true,
  random: false,
  judge: async ({ picture, artist }, references, _params, context) => {
    const classes = byArtist(references);
    return Number(await isNearest(picture, artist, classes, context, 'lora-mimicry-accuracy'));
  },
});

export const mimicryNoise = defineMetric({
  ...mimicry,
  id: 'lora-mimicry-noise',
  label: 'Mimicry: noise',
  summary: "Noise in a mimic's images: the trace that protections leave in them, whatever the style.",
  reference: 'Immerkær, Fast Noise Variance Estimation (Computer Vision and Image Understanding 64, 1996)',
  protocol: `${mimicryProtocol('lora-mimicry-noise', 'standard deviation of the noise in luma, by Immerkær')}`,
  unit: '1/255',
  higherIsBetter: false,
  random: false,
  judge: async ({ picture }) => noiseOf(await picture.load()),
});

export const mimicryQualityDrop = defineMetric({
  ...mimicry,
  id: 'lora-mimicry-quality-drop',
  label: 'Mimicry: quality drop',
  summary:
    "Noise of a mimic's image minus that of its counterpart by a mimic trained on clean images; 0: no loss.",
  reference: 'Immerkær, Fast Noise Variance Estimation (Computer Vision and Image Understanding 64, 1996)',
  protocol: mimicryProtocol(
    'lora-mimicry-quality-drop',
    "standard deviation of the noise in luma, by Immerkær, minus that of the clean model's image from the same random numbers",
  ),
  unit: '1/255',
  higherIsBetter: false,
  random: false,
  controls: 'counterpart',
  judge: async ({ picture, controls }) => noiseOf(await picture.load()) - noiseOf(await controls[0]!.load()),
});

function byArtist(pictures: ImageSet): ReadonlyMap<string, ImageSet> {
  const named = pictures.filter(({ artist }) => artist !== undefined);
  const names = [...new Set(named.map(({ artist }) => artist!))];
  return new Map(names.map((name) => [name, named.filter(({ artist }) => artist === name)]));
}

/**
 * sigma = sqrt(pi / 2) / (6 (w - 2) (h - 2)) sum |luma * N|, N the difference of two Laplacians: blind to flat and linear
 * parts of an image.
 */
function noiseOf({ width, height, data }: Image): number {
  const luma = new Float32Array(width * height);
  for (let i = 0; i < luma.length; i++)
    luma[i] = 255 * (0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!);
  let sum = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      const corners =
        luma[i - width - 1]! + luma[i - width + 1]! + luma[i + width - 1]! + luma[i + width + 1]!;
      const sides = luma[i - width]! + luma[i + width]! + luma[i - 1]! + luma[i + 1]!;
      sum += Math.abs(corners - 2 * sides + 4 * luma[i]!);
    }
  }
  return (Math.sqrt(Math.PI / 2) * sum) / (6 * (width - 2) * (height - 2));
}
