/** @file Cosine between the embeddings of an image and of its clean version. With CLIP it is `clip-similarity`. */
import { z } from 'zod';
import { roleNeeds } from '../plugin/define.ts';
import { PREPARATION } from '../models/vectors.ts';
import { cosine } from '../stats/directions.ts';
import { defineMetric, type ViewMetric } from './define.ts';
import { CLIP_PINS } from './parts/zero-shot.ts';

const measure: ViewMetric['measure'] = async (image, reference, _params, { vectorOf }) =>
  cosine(await vectorOf(image, 'image-embedder'), await vectorOf(reference, 'image-embedder'));

const shared = {
  version: 1,
  kind: 'view',
  unit: '',
  smallestEffect: 0.01,
  higherIsBetter: true,
  params: z.strictObject({}),
  needs: () => roleNeeds('image-embedder'),
  random: false,
  measure,
} as const;

export const embeddingSimilarity = defineMetric({
  ...shared,
  id: 'embedding-similarity',
  label: 'Embedding similarity',
  summary: 'Cosine between the embeddings of an image and of its clean version; 1 for equal images.',
  reference: 'none: any embedder',
  protocol: `embedding-similarity@1: cosine of embeddings, one image a batch; ${PREPARATION['image-embedder']}`,
});

export const clipSimilarity = defineMetric({
  ...shared,
  id: 'clip-similarity',
  label: 'CLIP similarity',
  summary:
    "Cosine between OpenAI's CLIP embeddings of an image and of its clean version; 1 for equal images.",
  reference:
    'Radford et al., Learning Transferable Visual Models from Natural Language Supervision (ICML 2021)',
  protocol: `clip-similarity@1: cosine of projected image embeddings; ${PREPARATION['image-embedder']}`,
  pins: { 'image-embedder': CLIP_PINS['image-embedder'] },
});
