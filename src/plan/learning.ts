/**
 * @file Measuring what a model generates after it has learnt an arm's images: which pictures it learns, the lesson as a job
 * that all metrics of that lesson share, and the judgement of each picture that it makes.
 */
import type { DatasetItem } from '../datasets/dataset.ts';
import { LESSON_VERSION, type Lesson, picturesAsked, priorLesson, untaught } from '../diffusion/lesson.ts';
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
  jobSeed,
  jobStep,
  type LearnJob,
  type LearnOutput,
  type MeasureJob,
  type SetPicture,
  setKey,
  type ValueOutput,
} from '../jobs/jobs.ts';
import { keyOf } from '../files/keys.ts';
import type { GetRecord, Plan, Unit } from './plan.ts';
import { type Arm, ARMS, fromJsonValue, type RowArm } from '../run/rows.ts';

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

/**
 * One unit for each picture that each model is asked for and that is judged; for metrics of whole sets, one for each model.
 * @throws USAGE where the metric is to learn an artist who is not there
 */
export function generatedUnits(items: readonly DatasetItem[], cell: Pick<Cell, 'metric'>): Unit[] {
  const { metric, step, lesson } = lessonOf(cell);
  const arms = [...ARMS, 'untuned'] as const;
  return learners(metric, step, items).flatMap((artist): Unit[] => {
    const own = metric.learns === 'all' ? items : items.filter((item) => (item.artist ?? '') === artist);
    if (metric.judgeAll !== undefined)
      return [{ name: `${artist}: all`, items: own, arms, generated: { index: 0, artist } }];
    const indices = Array.from({ length: picturesAsked(lesson) }, (_, index) => index);
    const judged = indices.filter((index) => metric.judged?.(index, step.params) ?? true);
    return judged.map((index): Unit => {
      const prompt = lesson.prompts[Math.floor(index / lesson.repeats)]!;
      const name = `${artist}: ${prompt} #${(index % lesson.repeats) + 1}`;
      return { name, items: own, arms, generated: { index, artist } };
    });
  });
}

/**
 * Lessons of a plan that will fail for want of pictures, in words: whoever reads them before the run need not wait for the
 * errors. @throws USAGE where a metric is to learn an artist who is not there
 */
export function lessonRemarks({ items, cells }: Pick<Plan, 'items' | 'cells'>): string[] {
  const remarks = new Set<string>();
  for (const cell of cells) {
    if (cell.metric.kind !== 'generated') continue;
    const { metric, step, lesson } = lessonOf(cell);
    for (const unit of generatedUnits(items, cell)) {
      const why = whyNotTaught(metric, step, lesson, unit.items);
      if (why !== undefined) remarks.add(`${metric.id} will fail: ${why}`);
    }
  }
  return [...remarks];
}

function whyNotTaught(
  metric: GeneratedMetric,
  { params }: JobStep,
  { teaching }: Lesson,
  items: readonly DatasetItem[],
): string | undefined {
  try {
    const { learnt, clean } = metric.divide(items, params);
    const [pictures, batch] = [learnt.length + clean.length, teaching?.batch ?? 1];
    return pictures < batch ? fewerPicturesThanBatch(pictures, batch).message : undefined;
  } catch (error) {
    if (error instanceof CraquelureError) return error.message;
    throw error;
  }
}

/** Whose works are learnt, each by a model of his own; `*`: all of them by one. */
function learners(metric: GeneratedMetric, step: JobStep, items: readonly DatasetItem[]): readonly string[] {
  if (metric.learns === 'all') return ['*'];
  const there = [...new Set(items.map(({ artist = '' }) => artist))];
  const wanted = metric.artists?.(step.params) ?? there;
  const unknown = wanted.find((name) => !there.includes(name));
  if (unknown !== undefined) throw unknownName('artist', unknown, there, { code: 'USAGE' });
  return wanted;
}

/** The job of a lesson over pictures. Draws are the same for all lessons: what they paint is compared in pairs. */
export function learnJob(cell: Cell, lesson: Lesson, taught: readonly SetPicture[]): LearnJob {
  const models = Object.entries(lessonOf(cell).step.models ?? {});
  const step: JobStep = {
    id: 'lesson',
    version: LESSON_VERSION,
    params: lesson as unknown as JobStep['params'],
    models: Object.fromEntries(models.filter(([role]) => !isVectorRole(role as ModelRole))),
  };
  const seed = jobSeed(cell.seed, 'learn', [{ ...step, params: {} }], '');
  return { stage: 'learn', steps: [step], seed, input: lesson.teaching ? setKey(taught) : '' };
}

/** What a model has made that has learnt an arm's version of a unit's pictures. */
export async function lessonJobOf(
  cell: Cell,
  arm: RowArm,
  items: readonly DatasetItem[],
  picturesOf: ArmPictures,
): Promise<{ job: LearnJob; taught: readonly SetPicture[] }> {
  const { metric, step, lesson } = lessonOf(cell);
  if (arm === 'untuned' || arm === 'floor') return { job: learnJob(cell, untaught(lesson), []), taught: [] };
  const taught = await taughtPictures(metric, step, arm, items, picturesOf);
  return { job: learnJob(cell, lesson, taught), taught };
}

/** What the untaught model paints for prior preservation: a lesson that all arms share. */
async function priorPictures(plan: Plan, cell: Cell, get: GetRecord): Promise<readonly SetPicture[]> {
  const prior = priorLesson(lessonOf(cell).lesson);
  if (prior === undefined) return [];
  const { output } = await get(learnJob(cell, prior, []), { image: prior.prompts[0]!, models: plan.models });
  return (output as LearnOutput).pictures.map(({ sha256 }) => ({ id: prior.prompts[0]!, sha256 }));
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

/** The judgement of one generated picture, or of all that a model has made. */
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
  const made = async (of: RowArm): Promise<SetPicture[]> => {
    const { job, taught } = await lessonJobOf(cell, of, unit.items, picturesOf);
    const references = taught.length === 0 ? [] : await priorPictures(plan, cell, get);
    const record = await get(job, { image: artist, models, pictures: { inputs: taught, references } });
    const { pictures } = record.output as LearnOutput;
    return pictures.map(({ sha256 }) => ({ id: unit.name, artist, sha256 }));
  };
  const [painted, paintedByClean] = [await made(arm), await made('clean')];
  const inputs = metric.judgeAll === undefined ? [painted[index]!] : painted;
  const controls = metric.judgeAll === undefined ? [paintedByClean[index]!] : [];
  const { learnt, clean } = metric.divide(unit.items, step.params);
  const seen = new Set([...learnt, ...clean].map((place) => unit.items[place]!.id));
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
