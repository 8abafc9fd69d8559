/** @file Stage `embed`: what a network sees in an image, as the vector that metrics of features share. */
import { vectorOf } from '../../models/vectors.ts';
import { type EmbedJob, encodeVector } from '../job.ts';
import type { Stage } from '../stage.ts';

export const embedStage: Stage<EmbedJob> = {
  reads: ({ input }) => [input],
  inputs: ({ input }) => [input],
  work: ({ role, model }) => `embed ${role} ${model.slice(0, 8)}`,
  checkpoint: false,
  execute: async ({ role, model, input }, { models = [] }, { pictures, pool }) => {
    const resolved = models.filter((each) => each.role === role && each.key === model);
    return encodeVector(await vectorOf(await pool.of(resolved).open(role), await pictures.load(input)));
  },
  pending: () => ({ vector: '' }),
};
