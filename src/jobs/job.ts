/**
 * @file Units of work as plain JSON: stage, plug-ins with parameters, seed, inputs by hash. A job can be sent to a
 * thread, written to a file or queued elsewhere; the artefact store is the only state that executors share.
 */
import type { PictureOrigin } from '../datasets/origin.ts';
import type { MimicSpec } from '../diffusion/mimic.ts';
import type { Metric, PictureFacts } from '../metrics/define.ts';
import type { Sample } from '../metrics/kinds/index.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import type { ModelRole } from '../models/roles.ts';
import { isVectorRole, VECTORS_VERSION, type VectorRole } from '../models/vectors.ts';
import type { Notes } from '../plugin/define.ts';
import { keyOf } from '../files/keys.ts';
import type { ResolvedPictures } from '../experiment/references.ts';
import type { JobStep } from '../experiment/step.ts';

/** Decodes a picture of the data set into the program's own form: an 8-bit sRGB PNG. */
export interface ImportJob {
  readonly stage: 'import';
  readonly version: number;
  /** sha256 of the source file. */
  readonly source: string;
  readonly maxPixels: number;
}

/** Protects one picture. */
export interface ProtectJob {
  readonly stage: 'protect';
  readonly steps: readonly JobStep[];
  /** null if no step draws random numbers, so that all seeds share the artefact. */
  readonly seed: number | null;
  /** sha256 of the clean artefact. */
  readonly input: string;
}

/** Trains an attack on pairs of the protection that it attacks: other pictures than those it is applied to. */
export interface TrainAttackJob {
  readonly stage: 'train-attack';
  readonly steps: readonly [JobStep];
  readonly seed: number;
  /** The protected pictures: `setKey`. */
  readonly inputs: readonly [string];
  /** Their clean versions, in the same order. */
  readonly references: readonly [string];
}

/** Attacks one picture, with a chain of one or more links. */
export interface AttackJob {
  readonly stage: 'attack';
  readonly steps: readonly JobStep[];
  readonly seed: number | null;
  readonly input: string;
  /** By link: the key of the job that trained it; null for a link without training. Absent if no link is trained. */
  readonly trained?: readonly (string | null)[];
}

/** Shows one picture to a network: the vector that metrics over embeddings and sets share. */
export interface EmbedJob {
  readonly stage: 'embed';
  readonly version: number;
  readonly role: VectorRole;
  /** Key of the model. */
  readonly model: string;
  /** sha256 of the artefact. */
  readonly input: string;
}

/** Fine-tunes a diffusion model on images, and samples from it; without `fineTuning` samples from the model as it is. */
export interface FineTuneJob {
  readonly stage: 'fine-tune';
  readonly version: number;
  readonly mimic: MimicSpec;
  /** By role: the key of the model. */
  readonly models: Readonly<Record<string, string>>;
  readonly seed: number;
  /** `setKey` of the training set, captions included; empty if nothing is trained. */
  readonly input: string;
}

/** Measures pictures against clean ones: one value. */
export interface MeasureJob {
  readonly stage: 'measure';
  readonly kind: Metric['kind'];
  readonly steps: readonly JobStep[];
  readonly seed: number | null;
  /** What is measured: sha256 of the artefact, or `setKey` of a set. */
  readonly inputs: readonly [string];
  /** What it is measured against: the clean artefact, or the set of them. */
  readonly references: readonly [string];
}

export type Job = ImportJob | ProtectJob | TrainAttackJob | AttackJob | EmbedJob | FineTuneJob | MeasureJob;

/** A picture of a set, and what the data set knows about it. */
export interface SetPicture extends PictureFacts {
  /** Hash of the artefact. */
  readonly sha256: string;
}

/** What the data set says of a picture, with one of its versions. */
export const setPicture = (
  { id, artist, title, caption, genre }: PictureFacts,
  sha256: string,
): SetPicture => ({
  id,
  sha256,
  ...(artist && { artist }),
  ...(title && { title }),
  ...(caption && { caption }),
  ...(genre && { genre }),
});

/** Stands for a whole set in a job, so that a thousand jobs over a thousand pictures do not hold a million hashes. */
export const setKey = (pictures: readonly SetPicture[]): string => keyOf(pictures);

/** What a job needs in addition to its identity; not part of the key. */
export interface JobContext {
  /** Where an import job finds the source picture. */
  readonly origin?: PictureOrigin;
  /** Where a thread finds the models that the steps name by their keys. */
  readonly models?: readonly ResolvedModel[];
  /** Where it finds the pictures that parameters name by their keys. */
  readonly named?: readonly ResolvedPictures[];
  /** Names for messages: the picture's id. */
  readonly image: string;
  /** Jobs that train or measure: the pictures behind `input`, or `inputs` and `references`. */
  readonly pictures?: { readonly inputs: readonly SetPicture[]; readonly references: readonly SetPicture[] };
  /** Jobs that measure a sample of a mimic: which one it is. */
  readonly sample?: Sample;
}

/** What a job gives. */
export type JobOutput = ArtefactOutput | VectorOutput | FineTuneOutput | ValueOutput;

/** What executing a job gave; stored under the job's key. */
export interface JobRecord {
  readonly key: string;
  readonly job: Job;
  /** Wall time of the work itself, decoding and encoding included. */
  readonly ms: number;
  readonly output: JobOutput;
}

/** What a fine-tuned model gave. */
export interface FineTuneOutput {
  readonly pictures: readonly ArtefactOutput[];
  /** The loss of every training step. */
  readonly losses: readonly number[];
  /** The LoRA pairs, or whatever was trained, as safetensors; null if nothing was. */
  readonly weights: { readonly sha256: string; readonly bytes: number } | null;
}

/** What a network saw in a picture, or the weights of a trained attack. */
export interface VectorOutput {
  /** float32, little-endian, in base64. */
  readonly vector: string;
}

/** Numbers as a `VectorOutput`. */
export const encodeVector = ({ buffer, byteOffset, byteLength }: Float32Array): VectorOutput => ({
  vector: Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
});

/** The numbers of a `VectorOutput`. */
export function decodeVector(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** A picture in the store. */
export interface ArtefactOutput {
  readonly sha256: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** Protect jobs: distances between the saved file and the clean artefact. */
  readonly linfPx?: number;
  readonly psnr?: number | null;
  readonly ssim?: number;
  /** In the distance of the model in the role `perceptual`, where the protection has one. */
  readonly perceptual?: number;
  /** Protect jobs: what the protection chose and reached. */
  readonly notes?: Notes;
}

/** A measurement, as `toJsonValue` writes it: infinite values are the strings "inf" and "-inf". */
export interface ValueOutput {
  readonly value: number | string | null;
}

/** The pictures that a job has put into the store. */
export function artefactsIn({ output }: JobRecord): readonly ArtefactOutput[] {
  if ('pictures' in output) return output.pictures;
  return 'sha256' in output ? [output] : [];
}

/** Raise when decoding can give other pixels. */
export const IMPORT_VERSION = 1;

/** Raise when the form of imported artefacts, or what every stage does around a plug-in, changes. */
export const STORE_VERSION = 4;

/** The jobs that show a picture to the networks of a step. */
export const embedJobs = ({ models = {} }: JobStep, input: string): EmbedJob[] =>
  (Object.entries(models) as [ModelRole, string][]).flatMap(([role, model]) =>
    isVectorRole(role) ? [{ stage: 'embed', version: VECTORS_VERSION, role, model, input }] : [],
  );

/** The key under which a job's record is stored. */
export const jobKey = (job: Job): string => keyOf({ store: STORE_VERSION, ...job });

/** Turns a job into its record, by looking it up or by doing it. */
export type GetRecord = (job: Job, context: JobContext) => Promise<JobRecord>;
