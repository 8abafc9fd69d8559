/** @file Does one job: reads its inputs from the store, calls the plug-in, and stores what came of it. */
import { applyChain } from '../attacks/chain.ts';
import type { TrainingPair } from '../attacks/define.ts';
import { chainGraph } from '../attacks/graph/chain.ts';
import { attacks } from '../attacks/index.ts';
import { readOrigin } from '../datasets/origin.ts';
import { decodeImage } from '../image/codec.ts';
import type { Image } from '../image/image.ts';
import { resize } from '../image/resample.ts';
import { notANumber, undeclaredRole } from '../messages/index.ts';
import type { ImageRef, Metric, MetricContext } from '../metrics/define.ts';
import { metrics } from '../metrics/index.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import type { ModelPool, RoleModels } from '../models/pool.ts';
import { vectorOf } from '../models/vectors.ts';
import { removeCheckpoint } from '../optim/checkpoint-file.ts';
import { formatChain } from '../plugin/call.ts';
import type { NamedTransformation, Note, Notes, PluginContext } from '../plugin/define.ts';
import { resolvePlugin } from '../plugin/resolve.ts';
import type { Budget } from '../protections/define.ts';
import { protections } from '../protections/index.ts';
import { seededRandom } from '../random.ts';
import {
  type ArtefactOutput,
  type AttackJob,
  decodeVector,
  type EmbedJob,
  embedJobs,
  type ImportJob,
  type Job,
  type JobContext,
  type JobRecord,
  type JobStep,
  jobKey,
  type MeasureJob,
  type ProtectJob,
  type TrainAttackJob,
  type ValueOutput,
  type VectorOutput,
} from './job.ts';
import type { Pictures } from './pictures.ts';
import { type PicturesOf, picturesFrom } from '../experiment/references.ts';
import { toJsonValue } from '../run/rows.ts';
import {
  assertSound,
  clipToBudget,
  type MeasuredBudget,
  type MeasuredLooks,
  measureBudget,
  measureLooks,
} from './safeguards.ts';
import type { Store } from './store.ts';
import { checkpointFile, openCheckpoint, fineTuneAndSample } from './stages/fine-tune.ts';

/** The store, and its pictures as this thread holds them. */
export interface WorkerState {
  readonly store: Store;
  readonly pictures: Pictures;
  readonly pool: ModelPool;
  /** Aborted where the executor is closed while a job is under way; plug-ins with long loops look at it. */
  readonly signal: AbortSignal;
}

/** From a step to what plays the roles that its plug-in needs. */
export type ModelsOf = (step: JobStep) => RoleModels;

/** What plug-ins are given beside pictures, parameters and a seed. */
export interface PluginServices extends Pick<PluginContext, 'signal' | 'onProgress'> {
  readonly modelsOf: ModelsOf;
  readonly picturesOf: PicturesOf;
  /** Attacks that learn: what each link learnt. */
  readonly trained?: readonly (Float32Array | undefined)[];
}

/** Finds models by the keys that steps name, and opens them on a pool. */
export function modelsFrom(pool: ModelPool, available: readonly ResolvedModel[]): ModelsOf {
  return ({ models = {} }) =>
    pool.of(
      Object.entries(models).flatMap(([role, keys]) =>
        keys
          .split('+')
          .flatMap((key) => available.find((model) => model.role === role && model.key === key) ?? []),
      ),
    );
}

/** Hears how much of a job is done, 0..1. */
export type OnFraction = (fraction: number) => void;

/** Executes a job and stores what it gave. @throws whatever the plug-in throws; nothing is stored then. */
export async function executeJob(
  job: Job,
  context: JobContext,
  state: WorkerState,
  onProgress?: OnFraction,
): Promise<JobRecord> {
  const started = performance.now();
  const output = await outputOf(job, context, state, onProgress);
  const ms = Math.round((performance.now() - started) * 100) / 100;
  const record: JobRecord = { key: jobKey(job), job, ms, output };
  await state.store.write(record);
  if (job.stage === 'fine-tune') await removeCheckpoint(checkpointFile(state.store, record.key));
  if (job.stage === 'train-attack') await removeCheckpoint(checkpointFile(state.store, record.key));
  return record;
}

async function outputOf(
  job: Job,
  context: JobContext,
  state: WorkerState,
  onProgress?: OnFraction,
): Promise<JobRecord['output']> {
  const { pictures, pool, signal } = state;
  const services: PluginServices = {
    modelsOf: modelsFrom(pool, context.models ?? []),
    picturesOf: picturesFrom(context.named ?? []),
    signal,
    ...(onProgress && { onProgress }),
  };
  switch (job.stage) {
    case 'import':
      return importPicture(job, context, pictures);
    case 'protect':
      return protectPicture(job, pictures, services);
    case 'train-attack':
      return trainAttack(job, context, state, services);
    case 'attack': {
      const trained = await trainedLinks(job, state.store);
      return pictures.save(
        await attackImage(await pictures.load(job.input), job.steps, job.seed, { ...services, trained }),
      );
    }
    case 'embed':
      return embedPicture(job, pictures, pool, context.models ?? []);
    case 'fine-tune':
      return fineTuneAndSample(job, context, state, services);
    case 'measure':
      return measurePictures(job, context, state, services);
  }
}

async function importPicture(
  job: ImportJob,
  context: JobContext,
  pictures: Pictures,
): Promise<ArtefactOutput> {
  const bytes = await readOrigin(context.origin!);
  return pictures.save(await decodeImage(bytes, { name: context.image, maxPixels: job.maxPixels }));
}

async function protectPicture(
  job: ProtectJob,
  pictures: Pictures,
  services: PluginServices,
): Promise<ArtefactOutput> {
  const step = job.steps[0]!;
  const clean = await pictures.load(job.input);
  const { image, budget, notes } = await protectImage(clean, step, job.seed, services);
  const output = { ...(await pictures.save(image)), ...notes };
  if (output.sha256 === job.input) return { ...output, linfPx: 0, psnr: null }; // the very file
  const saved = await pictures.reload(output.sha256);
  const { psnr, ...rest } = await measureSaved(step, clean, saved, budget, services);
  return { ...output, ...rest, psnr: Number.isFinite(psnr) ? psnr : null };
}

/** Measures a saved picture as decoded. @throws BUDGET where it left one of its budgets. */
export async function measureSaved(
  step: JobStep,
  clean: Image,
  saved: Image,
  budget: Budget,
  services: PluginServices,
): Promise<MeasuredBudget & MeasuredLooks> {
  const measured = measureBudget(step.id, clean, saved, budget);
  const seen =
    step.models?.perceptual === undefined ? undefined : await services.modelsOf(step).open('perceptual');
  return { ...measured, ...(await measureLooks(step.id, clean, saved, budget, seen)) };
}

/** Protects an image: what the plug-in made of it, rounded to 8 bits and clipped to the budget, and what it noted. */
export async function protectImage(
  clean: Image,
  step: JobStep,
  seed: number | null,
  services: PluginServices,
): Promise<{ image: Image; budget: Budget; notes: { readonly notes?: Notes } }> {
  const protection = resolvePlugin('protection', protections, step.id);
  const budget = protection.budget(step.params) ?? { epsPx: 0 };
  const noted = new Map<string, Note>();
  const raw = await protection.apply(clean, step.params, {
    ...pluginContext(seed, services),
    note: (name, value) => noted.set(name, value),
    models: services.modelsOf(step),
    pictures: services.picturesOf(step),
    transformations: transformationsFrom(step, services.modelsOf),
  });
  assertSound(step.id, clean, raw, false);
  const notes = noted.size === 0 ? {} : { notes: Object.fromEntries(noted) };
  return { image: clipToBudget(clean, raw, budget), budget, notes };
}

/** The chains that a step's parameters name, as graphs: one kind of plug-in hands them to another only through here. */
const transformationsFrom =
  ({ chains = {} }: JobStep, modelsOf: ModelsOf) =>
  (parameter: string): readonly NamedTransformation[] =>
    (chains[parameter] ?? []).map((steps) => {
      const links = steps.map((step) => ({
        attack: resolvePlugin('attack', attacks, step.id),
        params: step.params,
        models: modelsOf(step),
      }));
      const call = formatChain(links.map(({ attack, params }) => ({ plugin: attack, params })));
      const keys = steps.flatMap(({ models = {} }) => Object.values(models));
      return { label: [call, ...new Set(keys)].join(' '), at: (size) => chainGraph(links, size) };
    });

/** Attacks an image with a chain of one or more links. */
export async function attackImage(
  image: Image,
  steps: readonly JobStep[],
  seed: number | null,
  services: PluginServices,
): Promise<Image> {
  const links = steps.map((step, i) => {
    const trained = services.trained?.[i];
    return {
      attack: resolvePlugin('attack', attacks, step.id),
      params: step.params,
      models: services.modelsOf(step),
      ...(trained && { trained }),
    };
  });
  const attacked = await applyChain(links, image, pluginContext(seed, services));
  const resizes = links.some(({ attack }) => attack.resizes === true);
  assertSound(steps.map(({ id }) => id).join(' | '), image, attacked, resizes);
  return attacked;
}

/** Trains an attack on pairs of pictures. */
async function trainAttack(
  job: TrainAttackJob,
  context: JobContext,
  { pictures, store }: WorkerState,
  services: PluginServices,
): Promise<VectorOutput> {
  const { inputs, references } = context.pictures!;
  const pairs: TrainingPair[] = [];
  for (const [i, { sha256 }] of references.entries()) {
    pairs.push({ clean: await pictures.load(sha256), protected: await pictures.load(inputs[i]!.sha256) });
  }
  const { seed } = job;
  const [step] = job.steps;
  const attack = resolvePlugin('attack', attacks, step.id);
  const training = await openCheckpoint(store, jobKey(job));
  const given = { ...pluginContext(seed, services), models: services.modelsOf(step), training };
  return encodeVector(await attack.training!.train(pairs, step.params, given));
}

/** By link, what it learnt, from the store. */
async function trainedLinks(
  { trained = [] }: AttackJob,
  store: Store,
): Promise<(Float32Array | undefined)[]> {
  return Promise.all(
    trained.map(async (key) => {
      if (key === null) return undefined;
      const record = await store.find(key);
      return decodeVector((record!.output as VectorOutput).vector);
    }),
  );
}

async function embedPicture(
  { role, model, input }: EmbedJob,
  pictures: Pictures,
  pool: ModelPool,
  available: readonly ResolvedModel[],
): Promise<VectorOutput> {
  const resolved = available.filter((each) => each.role === role && each.key === model);
  return encodeVector(await vectorOf(await pool.of(resolved).open(role), await pictures.load(input)));
}

const encodeVector = ({ buffer, byteOffset, byteLength }: Float32Array): VectorOutput => ({
  vector: Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
});

async function measurePictures(
  job: MeasureJob,
  context: JobContext,
  state: WorkerState,
  services: PluginServices,
): Promise<ValueOutput> {
  const step = job.steps[0]!;
  const value = await measure(resolvePlugin('metric', metrics, step.id), job, context, state, services);
  if (Number.isNaN(value)) throw notANumber(step.id);
  return { value: toJsonValue(value) };
}

async function measure(
  metric: Metric,
  job: MeasureJob,
  context: JobContext,
  state: WorkerState,
  services: PluginServices,
): Promise<number> {
  const step = job.steps[0]!;
  const { params } = step;
  const given = {
    ...pluginContext(job.seed, services),
    models: services.modelsOf(step),
    vectorOf: vectorsOf(step, context, state),
  };
  const refs = (side: 'inputs' | 'references'): ImageRef[] =>
    context.pictures![side].map((picture) => state.pictures.ref(picture));
  const [inputs, references] = [refs('inputs'), refs('references')];
  switch (metric.kind) {
    case 'set':
      return metric.measure(inputs, references, params, given);
    case 'image-set':
      return metric.measure(inputs[0]!, references, params, given);
    case 'view':
      return metric.measure(inputs[0]!, references[0]!, params, given);
    case 'generated': {
      const { index, artist } = context.generated!;
      if (metric.judgeAll !== undefined) return metric.judgeAll(inputs, artist, references, params, given);
      const [control, ...rest] = references as [ImageRef, ...ImageRef[]];
      return metric.judge({ picture: inputs[0]!, control, index, artist }, rest, params, given);
    }
    case 'pair': {
      const reference = await references[0]!.load();
      return metric.measure(alignTo(reference, await inputs[0]!.load()), reference, params, given);
    }
  }
}

/** Vectors as the store holds them; one that is not there, or is damaged, is made on the spot. */
function vectorsOf(step: JobStep, context: JobContext, state: WorkerState): MetricContext['vectorOf'] {
  return async ({ id, sha256 }, role) => {
    const job = embedJobs(step, sha256).find((each) => each.role === role);
    if (job === undefined) throw undeclaredRole(role);
    const { models } = context;
    const record =
      (await state.store.find(jobKey(job))) ??
      (await executeJob(job, { image: id, ...(models && { models }) }, state));
    return decodeVector((record.output as VectorOutput).vector);
  };
}

/** Where an attack declares another size, a pair metric sees its result brought back by Pillow's Lanczos. */
function alignTo(reference: Image, image: Image): Image {
  if (image.width === reference.width && image.height === reference.height) return image;
  return resize(image, reference.width, reference.height, 'lanczos');
}

function pluginContext(seed: number | null, { signal, onProgress }: PluginServices): PluginContext {
  return { random: seededRandom(seed ?? 0), ...(signal && { signal }), ...(onProgress && { onProgress }) };
}
