/** @file Stage `train-attack`: an attack is trained on pairs of clean and protected images, before it meets those of the run. */
import type { TrainingPair } from '../../attacks/define.ts';
import { attacks } from '../../attacks/index.ts';
import { resolvePlugin } from '../../plugin/resolve.ts';
import { encodeVector, jobKey, type TrainAttackJob } from '../job.ts';
import { openCheckpoint, pluginContext, type Stage } from '../stage.ts';
import { readsOfSets } from './reads.ts';

export const trainAttackStage: Stage<TrainAttackJob> = {
  reads: readsOfSets,
  inputs: ({ inputs, references }) => [...inputs, ...references],
  work: ({ steps: [{ id }] }) => `train ${id}`,
  checkpoint: true,
  execute: async (job, context, { pictures, store }, services) => {
    const { inputs, references } = context.pictures!;
    const pairs: TrainingPair[] = [];
    for (const [i, { sha256 }] of references.entries()) {
      pairs.push({ clean: await pictures.load(sha256), protected: await pictures.load(inputs[i]!.sha256) });
    }
    const [step] = job.steps;
    const attack = resolvePlugin('attack', attacks, step.id);
    const training = await openCheckpoint(store, jobKey(job));
    const given = { ...pluginContext(job.seed, services), models: services.modelsOf(step), training };
    return encodeVector(await attack.training!.train(pairs, step.params, given));
  },
  pending: () => ({ vector: '' }),
};
