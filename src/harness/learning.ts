/**
 * @file Measuring what a model generates after it has learnt an arm's images: which pictures it learns, the lesson as a job
 * that all metrics of that lesson share, and the judgement of each picture that it makes.
 */
import type { DatasetItem } from '../datasets/dataset.ts';
import { LESSON_VERSION, type Lesson, picturesAsked } from '../diffusion/lesson.ts';
import type { GeneratedMetric, Metric } from '../metrics/define.ts';
import { metrics } from '../metrics/index.ts';
import { isVectorRole } from '../models/vectors.ts';
import type { ModelRole } from '../models/roles.ts';
import { resolvePlugin } from '../plugin/resolve.ts';
import type { Cell } from './cells.ts';
import {
  embedJobs,
  type JobStep,
  jobSeed,
  jobStep,
  type LearnJob,
  type LearnOutput,
  type MeasureJob,
  type SetPicture,
  setKey,
  type ValueOutput,
} from './jobs.ts';
import { keyOf } from './keys.ts';
import type { GetRecord, Plan, Unit } from './plan.ts';
import { type Arm, ARMS, fromJsonValue, type RowArm } from './rows.ts';

/** The artefacts of an arm. */
export type ArmPictures = (arm: Arm, items: readonly DatasetItem[]) => Promise<SetPicture[]>;

/** The metric behind a cell of generated pictures, with its parameters and lesson. */
export function lessonOf({ metric }: Pick<Cell, 'metric'>): {
  metric: GeneratedMetric;
  step: JobStep;
  lesson: Lesson;
} {
  const step = jobStep(metric.links[0]!);
  const found = resolvePlugin<Metric>('metric', metrics, step.id) as GeneratedMetric;
  return { metric: found, step, lesson: found.lesson(step.params) };
}

/** One unit for each picture that each model is asked for. */
export function generatedUnits(items: readonly DatasetItem[], cell: Pick<Cell, 'metric'>): Unit[] {
  const { metric, lesson } = lessonOf(cell);
  const names = metric.learns === 'all' ? ['*'] : [...new Set(items.map(({ artist = '' }) => artist))];
  return names.flatMap((artist) => {
    const own = metric.learns === 'all' ? items : items.filter((item) => (item.artist ?? '') === artist);
    return Array.from({ length: picturesAsked(lesson) }, (_, index): Unit => {
      const prompt = lesson.prompts[Math.floor(index / lesson.repeats)]!;
      const name = `${artist}: ${prompt} #${(index % lesson.repeats) + 1}`;
      return { name, items: own, arms: [...ARMS, 'untuned'], generated: { index, artist } };
    });
  });
}

/** What a model has made that has learnt an arm's version of a unit's pictures. */
export async function lessonJobOf(
  cell: Cell,
  arm: RowArm,
  items: readonly DatasetItem[],
  picturesOf: ArmPictures,
): Promise<{ job: LearnJob; taught: readonly SetPicture[] }> {
  const { metric, step, lesson } = lessonOf(cell);
  const untuned = arm === 'untuned' || arm === 'floor';
  const params = untuned ? { ...lesson, steps: 0 } : lesson;
  const roles = Object.entries(step.models ?? {}).filter(([role]) => !isVectorRole(role as ModelRole));
  const lessonStep: JobStep = {
    id: 'lesson',
    version: LESSON_VERSION,
    params: params as unknown as JobStep['params'],
    models: Object.fromEntries(roles),
  };
  // Draws are the same for all arms, taught or not: their pictures are compared in pairs.
  const drawn = [{ ...lessonStep, params: lesson as unknown as JobStep['params'] }];
  const seed = jobSeed(cell.seed, 'learn', drawn, '');
  const taught = untuned ? [] : await taughtPictures(metric, step, arm, items, picturesOf);
  return { job: { stage: 'learn', steps: [lessonStep], seed, input: untuned ? '' : setKey(taught) }, taught };
}

/** The pictures of a lesson in the order of the data set, with the captions that they are taught under. */
async function taughtPictures(
  metric: GeneratedMetric,
  { params }: JobStep,
  arm: Arm,
  items: readonly DatasetItem[],
  picturesOf: ArmPictures,
): Promise<SetPicture[]> {
  const { learnt, clean } = metric.divide(items, params);
  const places = [...learnt, ...clean].sort((a, b) => a - b);
  const taught: SetPicture[] = [];
  for (const place of places) {
    const [picture] = await picturesOf(clean.includes(place) ? 'clean' : arm, [items[place]!]);
    taught.push({ ...picture!, caption: metric.caption(items[place]!, params) });
  }
  return taught;
}

/** The judgement of one generated picture. */
export async function generatedValue(
  plan: Plan,
  cell: Cell,
  arm: RowArm,
  unit: Unit,
  picturesOf: ArmPictures,
  get: GetRecord,
): Promise<{ value: number; ms: number; n: number }> {
  const { metric, step } = lessonOf(cell);
  const { index, artist } = unit.generated!;
  const { models } = plan;
  const made = async (of: RowArm): Promise<SetPicture> => {
    const { job, taught } = await lessonJobOf(cell, of, unit.items, picturesOf);
    const record = await get(job, { image: artist, models, pictures: { inputs: taught, references: [] } });
    return { id: unit.name, artist, sha256: (record.output as LearnOutput).pictures[index]!.sha256 };
  };
  const [picture, control] = [await made(arm), await made('clean')];
  const { learnt, clean } = metric.divide(unit.items, step.params);
  const seen = new Set([...learnt, ...clean].map((place) => unit.items[place]!.id));
  const references = await picturesOf(
    'clean',
    plan.items.filter(({ id }) => !seen.has(id)),
  );
  const shown = [picture, control, ...references].flatMap(({ sha256 }) => embedJobs(step, sha256));
  await Promise.all(shown.map((job) => get(job, { image: unit.name, models })));
  const beside = { control: control.sha256, references: setKey(references), index, artist };
  const job: MeasureJob = {
    stage: 'measure',
    kind: 'generated',
    steps: [step],
    seed: metric.random ? jobSeed(cell.seed, 'measure', [step], keyOf({ artist, index })) : null,
    inputs: [picture.sha256],
    references: [keyOf(beside)],
  };
  const pictures = { inputs: [picture], references: [control, ...references] };
  const { output, ms } = await get(job, { image: unit.name, models, pictures, generated: { index, artist } });
  return { value: fromJsonValue((output as ValueOutput).value)!, ms, n: 1 };
}
