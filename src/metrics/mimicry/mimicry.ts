/**
 * @file Style mimicry: a model is fine-tuned on an artist's images as an arm has them, and prompted for images "by" that
 * artist. Each generated image is judged by the artist's held-out clean images (Hönig et al. 2025, section 4, with a network
 * instead of their raters). This is what all metrics of mimicry share: they judge the same images in different ways.
 */
import { z } from 'zod';
import { ROLE_GROUPS } from '../../models/roles.ts';
import { roleNeeds } from '../../plugin/define.ts';
import { tooFewArtists, tooFewForClean, tooFewToTrain } from '../../messages/index.ts';
import { PREPARATION } from '../../models/vectors.ts';
import { cosine, meanDirection, nearestMean, unitVector } from '../../stats/directions.ts';
import type { Split, GeneratedMetric, ImageSet, MetricContext, PictureFacts } from '../define.ts';
import { mimicFormerNames, mimicParameters, mimicWith } from './parameters.ts';

/** The subjects of the prompts: some occur in the training images, some do not. */
const SUBJECTS = [
  'a mountain',
  'a castle',
  'a boat on the sea',
  'a vase of flowers',
  'a tree in a field',
  'a city street',
  'a house by a lake',
  'a portrait of a woman',
];

export const mimicryParameters = z.strictObject({
  ...mimicParameters,
  artists: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('artists to mimic; images of the others still serve as references (default: all artists)'),
  heldOut: z
    .int()
    .min(1)
    .max(1000)
    .default(3)
    .describe('number of held-out images per artist, the last ones: references that are not trained on'),
  trainImages: z
    .int()
    .min(0)
    .default(0)
    .describe('number of training images per artist, the first ones; 0: all except the held-out images'),
  cleanImages: z
    .int()
    .min(0)
    .default(0)
    .describe('number of training images that are unprotected and unattacked in every arm'),
  captions: z
    .enum(['template', 'manifest'])
    .default('template')
    .describe("training captions: template ('a painting by <token>'), or manifest ('<caption> by <token>')"),
  subjects: z
    .array(z.string().min(1))
    .min(1)
    .default(SUBJECTS)
    .describe("subjects of the prompts 'a painting of <subject> by <token>'"),
});

type MimicryParameters = z.infer<typeof mimicryParameters>;

/** The fields that all metrics of mimicry share. */
export const mimicry = {
  kind: 'generated',
  measures: 'mimicry',
  version: 1,
  trainsOn: 'artist',
  unit: '',
  params: mimicryParameters,
  formerNames: { ...mimicFormerNames, trainImages: 'learnt', cleanImages: 'clean' },
  needs: () => roleNeeds(...ROLE_GROUPS.diffusion, 'image-embedder'),
  random: true,
  reference:
    'Hönig et al., Adversarial Perturbations Cannot Reliably Protect Artists From Generative AI (ICLR 2025), section 4',
  artists: ({ artists }: MimicryParameters) => artists,
  mimic: (params: MimicryParameters) =>
    mimicWith(
      params,
      params.subjects.map((subject) => `a painting of ${subject} by ${params.token}`),
    ),
  split: (pictures: readonly PictureFacts[], params: MimicryParameters): Split => {
    const { heldOut, trainImages, cleanImages } = params;
    const left = pictures.length - heldOut;
    if (left < 1) throw tooFewToTrain(pictures[0]?.artist ?? '', pictures.length, heldOut);
    const count = trainImages === 0 ? left : Math.min(left, trainImages);
    if (cleanImages > count) throw tooFewForClean(pictures[0]?.artist ?? '', count, cleanImages);
    const places = Array.from({ length: count }, (_, place) => place);
    return { clean: places.slice(0, cleanImages), train: places.slice(cleanImages) };
  },
  caption: ({ caption }: PictureFacts, { captions, token }: MimicryParameters): string =>
    captions === 'manifest' && caption !== undefined ? `${caption} by ${token}` : `a painting by ${token}`,
} as const satisfies Partial<GeneratedMetric<typeof mimicryParameters>>;

/** The beginning of all their protocols. */
export const mimicryProtocol = (id: string, judged: string, version = 1): string =>
  `${id}@${version}: fine-tuning on an artist's images except the held-out ones, prompts 'a painting of <subject> by <token>', the ` +
  `same random numbers in all arms; ${judged}; ${PREPARATION['image-embedder']}`;

/** The embedding of each image. */
export async function vectorsOf(
  images: ImageSet,
  { vectorOf }: Pick<MetricContext, 'vectorOf'>,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (const image of images) vectors.push(await vectorOf(image, 'image-embedder'));
  return vectors;
}

/** How similar an image is to an artist's held-out images: the cosine with their mean direction. */
export async function likeness(
  image: ImageSet[number],
  artist: string,
  references: ImageSet,
  context: MetricContext,
): Promise<number> {
  const heldOut = await vectorsOf(
    references.filter((each) => (each.artist ?? '') === artist),
    context,
  );
  return cosine(await context.vectorOf(image, 'image-embedder'), meanDirection(heldOut.map(unitVector)));
}

/** Whether the nearest class mean of an image is that of class `own`. @throws DATASET if there are fewer than two classes */
export async function isNearest(
  image: ImageSet[number],
  own: string,
  classes: ReadonlyMap<string, ImageSet>,
  context: MetricContext,
  id: string,
): Promise<boolean> {
  if (classes.size < 2) throw tooFewArtists(id, image.id, own);
  const vectors = new Map<string, Float32Array[]>();
  for (const [name, images] of classes) vectors.set(name, await vectorsOf(images, context));
  return nearestMean(await context.vectorOf(image, 'image-embedder'), vectors) === own;
}
