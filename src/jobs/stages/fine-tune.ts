/** @file Stage `fine-tune`: a model is trained on the store's images, and its samples and weights are stored. */
import { type MimicContext, type MimicSpec, runMimic, sampleCount } from '../../diffusion/mimic.ts';
import { adapterTensors } from '../../diffusion/lora-file.ts';
import type { OpenRole } from '../../diffusion/open.ts';
import type { Image } from '../../image/image.ts';
import { encodeSafetensors } from '../../onnx/safetensors.ts';
import { checkpointTo, readCheckpoint } from '../../optim/checkpoint-file.ts';
import { seededRandom } from '../../random.ts';
import {
  type ArtefactOutput,
  type FineTuneJob,
  type FineTuneOutput,
  type JobContext,
  jobKey,
} from '../job.ts';
import { openCheckpoint, type PluginServices, type Stage, type WorkerState } from '../stage.ts';
import type { Store } from '../store.ts';
import { readsOfSets } from './reads.ts';
import { trainingCost } from './training-cost.ts';

export const fineTuneStage: Stage<FineTuneJob> = {
  reads: (job, context) => (context.pictures === undefined ? [] : readsOfSets(job, context)),
  inputs: ({ input }) => [input],
  work: ({ mimic, models }) => {
    const unet = (models.unet ?? '').slice(0, 8);
    const { fineTuning } = mimic;
    if (fineTuning === undefined) return `sample ${sampleCount(mimic)} images, ${unet}`;
    return `fine-tune ${fineTuning.method}, ${fineTuning.steps} steps, ${unet}`;
  },
  checkpoint: true,
  execute: fineTuneAndSample,
  pending: ({ mimic }, picture) => {
    const pictures = Array.from({ length: sampleCount(mimic) }, (_, i) => picture(`.${i}`));
    return { pictures, losses: [], weights: null };
  },
  cost: trainingCost,
};

/**
 * Trains and samples, and stores images and weights. A training that was interrupted, in whatever way, continues from its
 * last checkpoint when the job is done again. @throws what training and sampling throw
 */
async function fineTuneAndSample(
  job: FineTuneJob,
  context: JobContext,
  { pictures, store }: Pick<WorkerState, 'pictures' | 'store'>,
  { modelsOf, signal, onProgress }: PluginServices,
): Promise<FineTuneOutput> {
  const models = modelsOf(job);
  const open: OpenRole = (role) => models.open(role);
  const { inputs, references } = context.pictures ?? { inputs: [], references: [] };
  const trainingSet = inputs.map(({ caption = '', sha256 }) => ({
    caption,
    sha256,
    load: () => pictures.load(sha256),
  }));
  const prior: Image[] = [];
  for (const { sha256 } of references) prior.push(await pictures.load(sha256));
  const { images, losses, adapter } = await runMimic(job.mimic, trainingSet, {
    open,
    random: seededRandom(job.seed),
    prior,
    ...(await checkpointOf(job, job.mimic, store)),
    signal,
    onProgress,
  });
  const saved: ArtefactOutput[] = [];
  for (const image of images) saved.push(await pictures.save(image));
  if (adapter === undefined) return { pictures: saved, losses, weights: null };
  const { graph } = await open('unet');
  const bytes = encodeSafetensors(adapterTensors(adapter, 'diffusers', graph), { format: 'pt' });
  const sha256 = await store.writeBlob(bytes, 'safetensors');
  return { pictures: saved, losses, weights: { sha256, bytes: bytes.length } };
}

/** Checkpoints of a training: twenty in all, but small trainings write fewer. */
async function checkpointOf(
  job: FineTuneJob,
  { fineTuning }: MimicSpec,
  store: Store,
): Promise<Pick<MimicContext, 'resume' | 'checkpoint'>> {
  if (fineTuning === undefined) return {};
  const file = await openCheckpoint(store, jobKey(job));
  const checkpoint = checkpointTo(file, Math.max(25, Math.ceil(fineTuning.steps / 20)));
  // A damaged file counts as none: the training starts again.
  const resume = await readCheckpoint(file).catch(() => undefined);
  return { resume, checkpoint };
}
