/**
 * @file Style mimicry: a model learns an artist's pictures as an arm has them, paints what it is asked for "by" that artist,
 * and each painting is judged by the artist's held-out clean pictures (Hönig et al. 2025, section 4, with a network in
 * place of their raters). The four metrics here ask different questions about the same paintings.
 */
import { z } from 'zod';
import { ROLE_GROUPS } from '../../models/roles.ts';
import { roleNeeds } from '../../plugin/define.ts';
import { fewArtists, tooFewForClean, tooFewToLearn } from '../../messages/index.ts';
import { PREPARATION } from '../../models/vectors.ts';
import { cosine, meanDirection, nearestMean, unitVector } from '../../stats/directions.ts';
import type { Split, GeneratedMetric, ImageSet, MetricContext, PictureFacts } from '../define.ts';
import { mimicFormerNames, mimicParameters, mimicWith } from './parameters.ts';

/** What the model is asked for: subjects that its pictures have and subjects that they lack. */
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
    .describe(
      "whose pictures are learnt; every artist's unless told. Pictures of the others judge all the same",
    ),
  heldOut: z
    .int()
    .min(1)
    .max(1000)
    .default(3)
    .describe("how many of an artist's pictures, the last ones, are not learnt but judge what is generated"),
  trainImages: z
    .int()
    .min(0)
    .default(0)
    .describe('how many of the others are learnt, the first ones; 0: all of them'),
  cleanImages: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'how many of those are learnt unprotected and unattacked in every arm: what a mimic found elsewhere',
    ),
  captions: z
    .enum(['template', 'manifest'])
    .default('template')
    .describe("what pictures are learnt under: 'a painting by <token>', or their caption and 'by <token>'"),
  subjects: z
    .array(z.string().min(1))
    .min(1)
    .default(SUBJECTS)
    .describe("what is asked for: 'a painting of <subject> by <token>'"),
});

type MimicryParameters = z.infer<typeof mimicryParameters>;

/** What all metrics of mimicry have in common. */
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
    if (left < 1) throw tooFewToLearn(pictures[0]?.artist ?? '', pictures.length, heldOut);
    const count = trainImages === 0 ? left : Math.min(left, trainImages);
    if (cleanImages > count) throw tooFewForClean(pictures[0]?.artist ?? '', count, cleanImages);
    const places = Array.from({ length: count }, (_, place) => place);
    return { clean: places.slice(0, cleanImages), train: places.slice(cleanImages) };
  },
  caption: ({ caption }: PictureFacts, { captions, token }: MimicryParameters): string =>
    captions === 'manifest' && caption !== undefined ? `${caption} by ${token}` : `a painting by ${token}`,
} as const satisfies Partial<GeneratedMetric<typeof mimicryParameters>>;

/** The protocol that all of them begin with. */
export const mimicryProtocol = (id: string, judged: string): string =>
  `${id}@1: fine-tuning on an artist's pictures but the held-out ones, prompts 'a painting of <subject> by <token>', draws ` +
  `shared by all arms; ${judged}; ${PREPARATION['image-embedder']}`;

/** What the embedder sees in each image. */
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
  if (classes.size < 2) throw fewArtists(id, image.id, own);
  const vectors = new Map<string, Float32Array[]>();
  for (const [name, images] of classes) vectors.set(name, await vectorsOf(images, context));
  return nearestMean(await context.vectorOf(image, 'image-embedder'), vectors) === own;
}
