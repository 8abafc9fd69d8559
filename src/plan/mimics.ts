/**
 * @file Measuring the samples of a mimic: which images it is trained on, the fine-tuning as a job that all metrics of that
 * mimic share, and the judgement of each sample.
 */
import type { DatasetItem } from '../datasets/dataset.ts';
import { MIMIC_VERSION, type MimicSpec, priorMimic, withoutFineTuning } from '../diffusion/mimic.ts';
import type { Cell } from '../experiment/setting.ts';
import { type JobStep, jobStep } from '../experiment/step.ts';
import { fromJsonValue } from '../files/json-number.ts';
import { keyOf } from '../files/keys.ts';
import {
  embedJobs,
  type FineTuneJob,
  type FineTuneOutput,
  type GetRecord,
  type MeasureJob,
  type SetPicture,
  setKey,
  type ValueOutput,
} from '../jobs/job.ts';
import { fineTuneSeed, jobSeed } from '../jobs/seeds.ts';
import { CraquelureError, fewerImagesThanBatch } from '../messages/index.ts';
import type { Arm, RowArm } from '../metrics/arms.ts';
import type { GeneratedMetric } from '../metrics/define.ts';
import { kindOf } from '../metrics/kinds/index.ts';
import type { ModelRole } from '../models/roles.ts';
import { isVectorRole } from '../models/vectors.ts';
import { picturesOf } from './arms.ts';
import type { Plan } from './plan.ts';
import { metricOf, type Unit, unitsOf } from './units.ts';

/** The artefacts of an arm. */
export type ArmPictures = (arm: Arm, items: readonly DatasetItem[]) => Promise<SetPicture[]>;

/** Whether a cell's metric judges the samples of mimics. */
export const usesMimics = ({ metric }: Pick<Cell, 'metric'>): boolean => kindOf(metric).inputs === 'mimic';

/** The metric of a cell that uses mimics, with its parameters and the mimic that they specify. */
export function mimicOf(cell: Pick<Cell, 'metric'>): {
  metric: GeneratedMetric;
  step: JobStep;
  mimic: MimicSpec;
} {
  const step = jobStep(cell.metric.links[0]!);
  const metric = metricOf(cell) as GeneratedMetric;
  return { metric, step, mimic: metric.mimic(step.params) };
}

/**
 * Mimics of a plan that will fail because there are too few images, in words: whoever reads them before the run need not
 * wait for the errors. @throws USAGE if a metric names an artist who is not there
 */
export function mimicRemarks({ items, cells }: Pick<Plan, 'items' | 'cells'>): string[] {
  const remarks = new Set<string>();
  for (const cell of cells.filter(usesMimics)) {
    const { metric, step, mimic } = mimicOf(cell);
    for (const unit of unitsOf({ items }, cell)) {
      const why = whyNotTrained(metric, step, mimic, unit.items);
      if (why !== undefined) remarks.add(`${metric.id} will fail: ${why}`);
    }
  }
  return [...remarks];
}

function whyNotTrained(
  metric: GeneratedMetric,
  { params }: JobStep,
  { fineTuning }: MimicSpec,
  items: readonly DatasetItem[],
): string | undefined {
  try {
    const { train, clean } = metric.split(items, params);
    const [count, batchSize] = [train.length + clean.length, fineTuning?.batchSize ?? 1];
    return count < batchSize ? fewerImagesThanBatch(count, batchSize).message : undefined;
  } catch (error) {
    if (error instanceof CraquelureError) return error.message;
    throw error;
  }
}

/** The job that makes a mimic. All mimics have the same draws: what they paint is compared in pairs. */
export function fineTuneJob(cell: Cell, mimic: MimicSpec, trainingSet: readonly SetPicture[]): FineTuneJob {
  const models = Object.entries(mimicOf(cell).step.models ?? {});
  return {
    stage: 'fine-tune',
    version: MIMIC_VERSION,
    mimic,
    models: Object.fromEntries(models.filter(([role]) => !isVectorRole(role as ModelRole))),
    seed: fineTuneSeed(cell.seed),
    input: mimic.fineTuning ? setKey(trainingSet) : '',
  };
}

/** The job of the mimic that is trained on an arm's version of a unit's images; arm `untuned`: of the model as it is. */
export async function fineTuneJobOf(
  cell: Cell,
  arm: RowArm,
  items: readonly DatasetItem[],
  armPictures: ArmPictures,
): Promise<{ job: FineTuneJob; trainingSet: readonly SetPicture[] }> {
  const { metric, step, mimic } = mimicOf(cell);
  if (arm === 'untuned' || arm === 'floor')
    return { job: fineTuneJob(cell, withoutFineTuning(mimic), []), trainingSet: [] };
  const trainingSet = await trainingSetOf(metric, step, arm, items, armPictures);
  return { job: fineTuneJob(cell, mimic, trainingSet), trainingSet };
}

/** The class images of prior preservation: samples of the model as it is, which all arms share. */
async function priorPictures(plan: Plan, cell: Cell, get: GetRecord): Promise<readonly SetPicture[]> {
  const prior = priorMimic(mimicOf(cell).mimic);
  if (prior === undefined) return [];
  const prompt = prior.prompts[0]!;
  const { output } = await get(fineTuneJob(cell, prior, []), { image: prompt, models: plan.models });
  return (output as FineTuneOutput).pictures.map(({ sha256 }) => ({ id: prompt, sha256 }));
}

/** The training set in the order of the data set, with the captions that it is trained under. */
async function trainingSetOf(
  metric: GeneratedMetric,
  { params }: JobStep,
  arm: Arm,
  items: readonly DatasetItem[],
  armPictures: ArmPictures,
): Promise<SetPicture[]> {
  const { train, clean } = metric.split(items, params);
  const places = [...train, ...clean].sort((a, b) => a - b);
  const trainingSet: SetPicture[] = [];
  for (const place of places) {
    const [picture] = await armPictures(clean.includes(place) ? 'clean' : arm, [items[place]!]);
    trainingSet.push({ ...picture!, caption: metric.caption(items[place]!, params) });
  }
  return trainingSet;
}

/** The judgement of one sample of a mimic, or of all its samples. */
export async function mimicValue(
  plan: Plan,
  cell: Cell,
  arm: RowArm,
  unit: Unit,
  get: GetRecord,
): Promise<{ value: number; ms: number; n: number }> {
  const { metric, step } = mimicOf(cell);
  const { index, artist, controls: places } = unit.sample!;
  const { models } = plan;
  const armPictures: ArmPictures = (of, items) => picturesOf(plan, cell, of, items, get);
  const samplesOf = async (of: RowArm): Promise<SetPicture[]> => {
    const { job, trainingSet } = await fineTuneJobOf(cell, of, unit.items, armPictures);
    const references = trainingSet.length === 0 ? [] : await priorPictures(plan, cell, get);
    const record = await get(job, { image: artist, models, pictures: { inputs: trainingSet, references } });
    const { pictures } = record.output as FineTuneOutput;
    return pictures.map(({ sha256 }) => ({ id: unit.name, artist, sha256 }));
  };
  const samples = await samplesOf(arm);
  const inputs = metric.judgeAll === undefined ? [samples[index]!] : samples;
  const samplesOfClean = places.length === 0 ? [] : await samplesOf('clean');
  const controls = places.map((place) => samplesOfClean[place]!);
  const { train, clean } = metric.split(unit.items, step.params);
  const seen = new Set([...train, ...clean].map((place) => unit.items[place]!.id));
  const heldOut = await armPictures(
    'clean',
    plan.items.filter(({ id }) => !seen.has(id)),
  );
  const shown = [...inputs, ...controls, ...heldOut].flatMap(({ sha256 }) => embedJobs(step, sha256));
  await Promise.all(shown.map((job) => get(job, { image: unit.name, models })));
  const against = { controls: setKey(controls), references: setKey(heldOut), index, artist };
  const job: MeasureJob = {
    stage: 'measure',
    kind: cell.metric.kind,
    steps: [step],
    seed: metric.random ? jobSeed(cell.seed, 'measure', [step], keyOf({ artist, index })) : null,
    inputs: [metric.judgeAll === undefined ? inputs[0]!.sha256 : setKey(inputs)],
    references: [keyOf(against)],
  };
  const pictures = { inputs, references: [...controls, ...heldOut] };
  const { output, ms } = await get(job, { image: unit.name, models, pictures, sample: unit.sample! });
  return { value: fromJsonValue((output as ValueOutput).value)!, ms, n: inputs.length };
}
