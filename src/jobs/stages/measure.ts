/** @file Stage `measure`: one value of a metric. */
import type { JobStep } from '../../experiment/step.ts';
import { toJsonValue } from '../../files/json-number.ts';
import type { Image } from '../../image/image.ts';
import { atSize } from '../../image/resample.ts';
import { notANumber, undeclaredRole } from '../../messages/index.ts';
import type { ImageRef, Metric, MetricContext } from '../../metrics/define.ts';
import { metrics } from '../../metrics/index.ts';
import { kindOf } from '../../metrics/kinds/index.ts';
import { resolvePlugin } from '../../plugin/resolve.ts';
import {
  decodeVector,
  embedJobs,
  type JobContext,
  jobKey,
  type MeasureJob,
  type VectorOutput,
} from '../job.ts';
import { pluginContext, record, type Stage, servicesOf, type WorkerState } from '../stage.ts';
import { embedStage } from './embed.ts';
import { readsOfSets } from './reads.ts';

export const measureStage: Stage<MeasureJob> = {
  reads: readsOfSets,
  inputs: ({ inputs, references }) => [...inputs, ...references],
  work: ({ steps }) => `measure ${steps.map(({ id }) => id).join(' | ')}`,
  checkpoint: false,
  execute: async (job, context, state, services) => {
    const step = job.steps[0]!;
    const metric: Metric = resolvePlugin<Metric>('metric', metrics, step.id);
    const kind = kindOf(metric);
    const given = {
      ...pluginContext(job.seed, services),
      models: services.modelsOf(step),
      vectorOf: vectorsOf(step, context, state),
    };
    const refs = (side: 'inputs' | 'references'): ImageRef[] =>
      context.pictures![side].map((picture) => state.pictures.ref(picture));
    const references = refs('references');
    const inputs = kind.sees === 'pixels' ? refs('inputs').map(alignedTo(references[0]!)) : refs('inputs');
    const { sample } = context;
    const measured = { inputs, references, ...(sample && { sample }) };
    const value = await kind.measure(metric, measured, step.params, given);
    if (Number.isNaN(value)) throw notANumber(step.id);
    return { value: toJsonValue(value) };
  },
  pending: () => ({ value: 0 }),
};

/** Vectors as the store holds them; one that is not there, or is damaged, is made on the spot. */
function vectorsOf(step: JobStep, context: JobContext, state: WorkerState): MetricContext['vectorOf'] {
  return async ({ id, sha256 }, role) => {
    const job = embedJobs(step, sha256).find((each) => each.role === role);
    if (job === undefined) throw undeclaredRole(role);
    const { models } = context;
    const own: JobContext = { image: id, ...(models && { models }) };
    const made =
      (await state.store.find(jobKey(job))) ??
      (await record(job, state.store, () => embedStage.execute(job, own, state, servicesOf(own, state))));
    return decodeVector((made.output as VectorOutput).vector);
  };
}

/** If an attack declares another size, a metric of pixels sees its result brought back by Pillow's Lanczos. */
const alignedTo =
  (reference: ImageRef) =>
  (input: ImageRef): ImageRef => ({
    ...input,
    load: async (): Promise<Image> => atSize(await input.load(), await reference.load(), 'lanczos'),
  });
