/** @file Does a learn job: teaches the pictures of the store, and stores what the model makes then, and what it has learnt. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type MimicSpec, runMimic, type MimicContext } from '../../diffusion/mimic.ts';
import { adapterTensors } from '../../diffusion/lora-file.ts';
import type { OpenRole } from '../../diffusion/open.ts';
import type { Image } from '../../image/image.ts';
import { encodeSafetensors } from '../../onnx/safetensors.ts';
import { type CheckpointFile, checkpointTo, readCheckpoint } from '../../optim/checkpoint-file.ts';
import { seededRandom } from '../../random.ts';
import type { PluginServices, WorkerState } from '../execute.ts';
import {
  type ArtefactOutput,
  type JobContext,
  jobKey,
  type FineTuneJob,
  type FineTuneOutput,
} from '../job.ts';
import type { Store } from '../store.ts';

/**
 * Teaches and asks, and stores the pictures and the weights. A training that is interrupted, in whatever way, is gone on
 * with from its last checkpoint when the job is done again. @throws what training and sampling throw
 */
export async function fineTuneAndSample(
  job: FineTuneJob,
  context: JobContext,
  { pictures, store }: Pick<WorkerState, 'pictures' | 'store'>,
  { modelsOf, signal, onProgress }: PluginServices,
): Promise<FineTuneOutput> {
  const step = job.steps[0]!;
  const models = modelsOf(step);
  const open: OpenRole = (role) => models.open(role);
  const mimic = step.params as unknown as MimicSpec;
  const { inputs, references } = context.pictures ?? { inputs: [], references: [] };
  const training = inputs.map(({ caption = '', sha256 }) => ({
    caption,
    sha256,
    load: () => pictures.load(sha256),
  }));
  const prior: Image[] = [];
  for (const { sha256 } of references) prior.push(await pictures.load(sha256));
  const kept = await checkpointOf(job, mimic, store);
  const { images, losses, adapter } = await runMimic(mimic, training, {
    open,
    random: seededRandom(job.seed),
    prior,
    ...kept,
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

/** Checkpoints of a lesson: written twenty times, and small trainings not more often than is worth it. */
async function checkpointOf(
  job: FineTuneJob,
  { fineTuning }: MimicSpec,
  store: Store,
): Promise<Pick<MimicContext, 'resume' | 'checkpoint'>> {
  if (fineTuning === undefined) return {};
  const file = await openCheckpoint(store, jobKey(job));
  const checkpoint = checkpointTo(file, Math.max(25, Math.ceil(fineTuning.steps / 20)));
  // A damaged file is none: the training begins anew.
  const resume = await readCheckpoint(file).catch(() => undefined);
  return { resume, checkpoint };
}

/** The same, in a folder that is there. */
export async function openCheckpoint(store: Store, key: string): Promise<CheckpointFile> {
  const file = checkpointFile(store, key);
  await mkdir(dirname(file.path), { recursive: true });
  return file;
}

/** Where the training of a job is kept until the job is done. */
export const checkpointFile = (store: Store, key: string): CheckpointFile => ({
  path: join(store.dir, 'trainings', `${key}.safetensors`),
  training: key,
});
