/**
 * @file Measuring what a model generates after it has learnt an arm's images: which pictures it learns, the lesson as a job
 * that all metrics of that lesson share, and the judgement of each picture that it makes.
 */
import type { DatasetItem } from '../datasets/dataset.ts';
import {
  MIMIC_VERSION,
  type MimicSpec,
  sampleCount,
  priorMimic,
  withoutFineTuning,
} from '../diffusion/mimic.ts';
import { CraquelureError, fewerPicturesThanBatch, unknownName } from '../messages/index.ts';
import type { GeneratedMetric, Metric } from '../metrics/define.ts';
import { metrics } from '../metrics/index.ts';
import { isVectorRole } from '../models/vectors.ts';
import type { ModelRole } from '../models/roles.ts';
import { resolvePlugin } from '../plugin/resolve.ts';
import type { Cell } from '../experiment/cells.ts';
import {
  embedJobs,
  type JobStep,
  jobStep,
  type FineTuneJob,
  type FineTuneOutput,
  type MeasureJob,
  type SetPicture,
  setKey,
  type ValueOutput,
} from '../jobs/job.ts';
import { fineTuneSeed, jobSeed } from '../jobs/seeds.ts';
import { keyOf } from '../files/keys.ts';
import type { GetRecord, Plan, Unit } from './plan.ts';
import { type Arm, ARMS, fromJsonValue, type RowArm } from '../run/rows.ts';

/** The artefacts of an arm. */
export type ArmPictures = (arm: Arm, items: readonly DatasetItem[]) => Promise<SetPicture[]>;

/** The metric behind a cell of generated pictures, with its parameters and lesson. */
export function mimicOf({ metric }: Pick<Cell, 'metric'>): {
  metric: GeneratedMetric;
  step: JobStep;
  mimic: MimicSpec;
} {
  const step = jobStep(metric.links[0]!);
  const found = resolvePlugin<Metric>('metric', metrics, step.id) as GeneratedMetric;
  return { metric: found, step, mimic: found.mimic(step.params) };
}

/**
 * One unit for each picture that each model is asked for and that is judged; for metrics of whole sets, one for each model.
 * @throws USAGE where the metric is to learn an artist who is not there
 */
export function mimicUnits(items: readonly DatasetItem[], cell: Pick<Cell, 'metric'>): Unit[] {
  const { metric, step, mimic } = mimicOf(cell);
  const arms = [...ARMS, 'untuned'] as const;
  return artistsOf(metric, step, items).flatMap((artist): Unit[] => {
    const own = metric.trainsOn === 'all' ? items : items.filter((item) => (item.artist ?? '') === artist);
    if (metric.judgeAll !== undefined)
      return [{ name: `${artist}: all`, items: own, arms, generated: { index: 0, artist } }];
    const indices = Array.from({ length: sampleCount(mimic) }, (_, index) => index);
    const judged = indices.filter((index) => metric.judged?.(index, step.params) ?? true);
    return judged.map((index): Unit => {
      const prompt = mimic.prompts[Math.floor(index / mimic.imagesPerPrompt)]!;
      const name = `${artist}: ${prompt} #${(index % mimic.imagesPerPrompt) + 1}`;
      return { name, items: own, arms, generated: { index, artist } };
    });
  });
}

/**
 * Lessons of a plan that will fail for want of pictures, in words: whoever reads them before the run need not wait for the
 * errors. @throws USAGE where a metric is to learn an artist who is not there
 */
export function mimicRemarks({ items, cells }: Pick<Plan, 'items' | 'cells'>): string[] {
  const remarks = new Set<string>();
  for (const cell of cells) {
    if (cell.metric.kind !== 'generated') continue;
    const { metric, step, mimic } = mimicOf(cell);
    for (const unit of mimicUnits(items, cell)) {
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
    const [pictures, batch] = [train.length + clean.length, fineTuning?.batchSize ?? 1];
    return pictures < batch ? fewerPicturesThanBatch(pictures, batch).message : undefined;
  } catch (error) {
    if (error instanceof CraquelureError) return error.message;
    throw error;
  }
}

/** Whose works are learnt, each by a model of his own; `*`: all of them by one. */
function artistsOf(metric: GeneratedMetric, step: JobStep, items: readonly DatasetItem[]): readonly string[] {
  if (metric.trainsOn === 'all') return ['*'];
  const there = [...new Set(items.map(({ artist = '' }) => artist))];
  const wanted = metric.artists?.(step.params) ?? there;
  const unknown = wanted.find((name) => !there.includes(name));
  if (unknown !== undefined) throw unknownName('artist', unknown, there, { code: 'USAGE' });
  return wanted;
}

/** The job of a lesson over pictures. Draws are the same for all lessons: what they paint is compared in pairs. */
export function fineTuneJob(cell: Cell, mimic: MimicSpec, training: readonly SetPicture[]): FineTuneJob {
  const models = Object.entries(mimicOf(cell).step.models ?? {});
  const step: JobStep = {
    id: 'mimic',
    version: MIMIC_VERSION,
    params: mimic as unknown as JobStep['params'],
    models: Object.fromEntries(models.filter(([role]) => !isVectorRole(role as ModelRole))),
  };
  return {
    stage: 'fine-tune',
    steps: [step],
    seed: fineTuneSeed(cell.seed),
    input: mimic.fineTuning ? setKey(training) : '',
  };
}

/** What a model has made that has learnt an arm's version of a unit's pictures. */
export async function fineTuneJobOf(
  cell: Cell,
  arm: RowArm,
  items: readonly DatasetItem[],
  picturesOf: ArmPictures,
): Promise<{ job: FineTuneJob; training: readonly SetPicture[] }> {
  const { metric, step, mimic } = mimicOf(cell);
  if (arm === 'untuned' || arm === 'floor')
    return { job: fineTuneJob(cell, withoutFineTuning(mimic), []), training: [] };
  const training = await trainingSetOf(metric, step, arm, items, picturesOf);
  return { job: fineTuneJob(cell, mimic, training), training };
}

/** What the untaught model paints for prior preservation: a lesson that all arms share. */
async function priorPictures(plan: Plan, cell: Cell, get: GetRecord): Promise<readonly SetPicture[]> {
  const prior = priorMimic(mimicOf(cell).mimic);
  if (prior === undefined) return [];
  const { output } = await get(fineTuneJob(cell, prior, []), {
    image: prior.prompts[0]!,
    models: plan.models,
  });
  return (output as FineTuneOutput).pictures.map(({ sha256 }) => ({ id: prior.prompts[0]!, sha256 }));
}

/** The pictures of a lesson in the order of the data set, with the captions that they are taught under. */
async function trainingSetOf(
  metric: GeneratedMetric,
  { params }: JobStep,
  arm: Arm,
  items: readonly DatasetItem[],
  picturesOf: ArmPictures,
): Promise<SetPicture[]> {
  const { train, clean } = metric.split(items, params);
  const places = [...train, ...clean].sort((a, b) => a - b);
  const training: SetPicture[] = [];
  for (const place of places) {
    const [picture] = await picturesOf(clean.includes(place) ? 'clean' : arm, [items[place]!]);
    training.push({ ...picture!, caption: metric.caption(items[place]!, params) });
  }
  return training;
}

/** The judgement of one generated picture, or of all that a model has made. */
export async function mimicValue(
  plan: Plan,
  cell: Cell,
  arm: RowArm,
  unit: Unit,
  picturesOf: ArmPictures,
  get: GetRecord,
): Promise<{ value: number; ms: number; n: number }> {
  const { metric, step } = mimicOf(cell);
  const { index, artist } = unit.generated!;
  const { models } = plan;
  const made = async (of: RowArm): Promise<SetPicture[]> => {
    const { job, training } = await fineTuneJobOf(cell, of, unit.items, picturesOf);
    const references = training.length === 0 ? [] : await priorPictures(plan, cell, get);
    const record = await get(job, { image: artist, models, pictures: { inputs: training, references } });
    const { pictures } = record.output as FineTuneOutput;
    return pictures.map(({ sha256 }) => ({ id: unit.name, artist, sha256 }));
  };
  const [painted, paintedByClean] = [await made(arm), await made('clean')];
  const inputs = metric.judgeAll === undefined ? [painted[index]!] : painted;
  const controls = metric.judgeAll === undefined ? [paintedByClean[index]!] : [];
  const { train, clean } = metric.split(unit.items, step.params);
  const seen = new Set([...train, ...clean].map((place) => unit.items[place]!.id));
  const references = await picturesOf(
    'clean',
    plan.items.filter(({ id }) => !seen.has(id)),
  );
  const shown = [...inputs, ...controls, ...references].flatMap(({ sha256 }) => embedJobs(step, sha256));
  await Promise.all(shown.map((job) => get(job, { image: unit.name, models })));
  const beside = { controls: setKey(controls), references: setKey(references), index, artist };
  const job: MeasureJob = {
    stage: 'measure',
    kind: 'generated',
    steps: [step],
    seed: metric.random ? jobSeed(cell.seed, 'measure', [step], keyOf({ artist, index })) : null,
    inputs: [metric.judgeAll === undefined ? inputs[0]!.sha256 : setKey(inputs)],
    references: [keyOf(beside)],
  };
  const pictures = { inputs, references: [...controls, ...references] };
  const { output, ms } = await get(job, { image: unit.name, models, pictures, generated: { index, artist } });
  return { value: fromJsonValue((output as ValueOutput).value)!, ms, n: inputs.length };
}
