/**
 * @file What a stage is to those who run jobs: which images it reads, how it is executed, whether it keeps a checkpoint, and
 * what `plan` can say of it beforehand. Every question that depends on the stage is answered by its entry in `STAGES`
 * (`stages/index.ts`); nothing else asks for a stage's name.
 */
import { dirname, join } from 'node:path';
import { type ModelsOf, modelsFrom } from '../experiment/bindings.ts';
import { type PicturesOf, picturesFrom } from '../experiment/references.ts';
import type { ModelPool } from '../models/pool.ts';
import type { CheckpointFile } from '../optim/checkpoint-file.ts';
import type { PluginContext } from '../plugin/define.ts';
import { seededRandom } from '../random.ts';
import {
  type ArtefactOutput,
  type Job,
  type JobContext,
  type JobOutput,
  type JobRecord,
  jobKey,
} from './job.ts';
import type { Pictures } from './pictures.ts';
import type { Cost, NetworkCosts } from './stages/training-cost.ts';
import type { Store } from './store.ts';
import { makeFolder } from '../files/folders.ts';

/** What a thread keeps from job to job. */
export interface WorkerState {
  readonly store: Store;
  /** The store's images as this thread holds them. */
  readonly pictures: Pictures;
  readonly pool: ModelPool;
  /** Aborted if the executor is closed while a job is under way; plug-ins with long loops look at it. */
  readonly signal: AbortSignal;
}

/** What plug-ins are given, beyond images, parameters and a seed. */
export interface PluginServices extends Pick<PluginContext, 'signal' | 'onProgress'> {
  readonly modelsOf: ModelsOf;
  readonly picturesOf: PicturesOf;
  /** By link of a chain: the weights of a trained attack. */
  readonly trained?: readonly (Float32Array | undefined)[];
}

/** Hears how much of a job is done, 0..1. */
export type OnFraction = (fraction: number) => void;

/** One stage. */
export interface Stage<J extends Job = Job> {
  /** Hashes of the artefacts that it reads, or what stands for them while some are not made yet. */
  reads(job: J, context: JobContext): readonly string[];
  /** What its key names as inputs: known before the images are. */
  inputs(job: J): readonly string[];
  /** The kind of work, as its time depends on it: `attack jpeg | rescale`. */
  work(job: J): string;
  /** True if a training writes checkpoints, from which an interrupted job continues; they go when the job is done. */
  readonly checkpoint: boolean;
  /** Whether a stored result still belongs to what lies outside the store. @throws as `execute` would today */
  confirm?(job: J, context: JobContext): Promise<void>;
  /** @throws whatever the plug-in throws */
  execute(job: J, context: JobContext, state: WorkerState, services: PluginServices): Promise<JobOutput>;
  /** Stands for the output while the job is not done; `picture` makes an artefact that does not exist yet. */
  pending(job: J, picture: (name: string) => ArtefactOutput): JobOutput;
  /** What a training costs, counted from the shapes of its networks; undefined if it cannot be counted. */
  cost?(job: J, costs: NetworkCosts): Promise<Cost | undefined>;
}

/** The services of a job for the plug-ins that it calls. */
export const servicesOf = (
  { models = [], named = [] }: JobContext,
  { pool, signal }: Pick<WorkerState, 'pool' | 'signal'>,
  onProgress?: OnFraction,
): PluginServices => ({
  modelsOf: modelsFrom(pool, models),
  picturesOf: picturesFrom(named),
  signal,
  ...(onProgress && { onProgress }),
});

/** The context that every plug-in has. */
export const pluginContext = (
  seed: number | null,
  { signal, onProgress }: Pick<PluginServices, 'signal' | 'onProgress'>,
): PluginContext => ({
  random: seededRandom(seed ?? 0),
  ...(signal && { signal }),
  ...(onProgress && { onProgress }),
});

/** Times a job's work and stores what it gave. Nothing is stored if the work fails. */
export async function record(
  job: Job,
  store: Pick<Store, 'write'>,
  work: () => Promise<JobOutput>,
): Promise<JobRecord> {
  const started = performance.now();
  const output = await work();
  const ms = Math.round((performance.now() - started) * 100) / 100;
  const made: JobRecord = { key: jobKey(job), job, ms, output };
  await store.write(made);
  return made;
}

/** Where the training of a job is kept until the job is done. */
export const checkpointFile = (store: Pick<Store, 'dir'>, key: string): CheckpointFile => ({
  path: join(store.dir, 'trainings', `${key}.safetensors`),
  training: key,
});

/** The same, in a folder that is there. */
export async function openCheckpoint(store: Pick<Store, 'dir'>, key: string): Promise<CheckpointFile> {
  const file = checkpointFile(store, key);
  await makeFolder(dirname(file.path));
  return file;
}
