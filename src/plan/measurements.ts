/**
 * @file The measurements of a run, as a graph of jobs. The graph is walked through one function, `get`, that turns a job
 * into its record: `run` gives one that executes what the store does not hold, `plan` one that only looks.
 */
import type { Cell, Setting } from '../experiment/setting.ts';
import { jobStep } from '../experiment/step.ts';
import { fromJsonValue } from '../files/json-number.ts';
import { keyOf } from '../files/keys.ts';
import {
  embedJobs,
  type GetRecord,
  type JobContext,
  type MeasureJob,
  type SetPicture,
  setKey,
  type ValueOutput,
} from '../jobs/job.ts';
import { jobSeed } from '../jobs/seeds.ts';
import { CraquelureError } from '../messages/index.ts';
import type { Arm, RowArm } from '../metrics/arms.ts';
import { type Kind, kindOf } from '../metrics/kinds/index.ts';
import { deriveSeed, seededRandom, shuffled } from '../random.ts';
import { picturesOf } from './arms.ts';
import { mimicValue } from './mimics.ts';
import type { Plan } from './plan.ts';
import type { Unit } from './units.ts';

/** A value, the time that its measurement took, and how many images it rests on. */
export interface MeasuredValue {
  readonly value: number;
  readonly ms: number;
  readonly n: number;
}

/** One arm of a cell, over one of its units. */
type MeasureArm = (plan: Plan, cell: Cell, arm: RowArm, unit: Unit, get: GetRecord) => Promise<MeasuredValue>;

/** Why a metric cannot be measured, if it cannot: which model is missing, and how to get it. */
export const lackingIn = ({ links }: Setting): string | undefined =>
  links.find(({ absent }) => absent !== undefined)?.absent;

/** The measurement of one arm of a cell, over one of its units. @throws MODEL if the metric lacks one */
export const measurementOf: MeasureArm = async (plan, cell, arm, unit, get) => {
  const lacking = lackingIn(cell.metric);
  if (lacking !== undefined) throw new CraquelureError('MODEL', lacking);
  return MEASUREMENTS[kindOf(cell.metric).inputs](plan, cell, arm, unit, get);
};

/** An arm's own images, against clean ones. */
const armValue: MeasureArm = async (plan, cell, arm, unit, get) => {
  if (arm === 'floor' || arm === 'untuned') return noiseFloor(plan, cell, unit, get);
  const inputs = await picturesOf(plan, cell, arm, unit.items, get);
  const references = await referencesOf(plan, cell, arm, unit, get);
  return { ...(await compared(plan, cell, unit, { inputs, references }, get)), n: inputs.length };
};

/** The clean image under the same attack. */
const CONTROLS: Readonly<Record<Arm, Arm>> = {
  clean: 'clean',
  protected: 'clean',
  'attacked-clean': 'attacked-clean',
  'attacked-protected': 'attacked-clean',
};

async function referencesOf(
  plan: Plan,
  cell: Cell,
  arm: Arm,
  { items }: Unit,
  get: GetRecord,
): Promise<SetPicture[]> {
  const { references } = kindOf(cell.metric);
  if (references !== 'arms') {
    return picturesOf(plan, cell, 'clean', references === 'all' ? plan.items : items, get);
  }
  const arms = [CONTROLS[arm], 'clean', 'protected'] as const;
  return (await Promise.all(arms.map((each) => picturesOf(plan, cell, each, items, get)))).flat();
}

const MEASUREMENTS: Readonly<Record<Kind['inputs'], MeasureArm>> = { arm: armValue, mimic: mimicValue };

/** One value of a metric. What networks see in the images is made first, each image a job of its own. */
async function compared(
  { models }: Plan,
  { metric, seed }: Cell,
  { name, items }: Unit,
  pictures: NonNullable<JobContext['pictures']>,
  get: GetRecord,
): Promise<{ value: number; ms: number }> {
  const { sees, value: each } = kindOf(metric);
  const context: JobContext = { image: name, models, pictures };
  const steps = metric.links.map(jobStep);
  if (sees === 'features') {
    const shown = [...pictures.inputs, ...pictures.references];
    const jobs = steps.flatMap((step) => shown.flatMap(({ sha256 }) => embedJobs(step, sha256)));
    await Promise.all(jobs.map((job) => get(job, { image: name, models })));
  }
  // A metric of pixels sees nothing else; the others may ask what the data set says of an image.
  const keyOfPart = (part: readonly SetPicture[]): string =>
    sees === 'pixels' ? part[0]!.sha256 : setKey(part);
  const sources = items.map(({ sha256 }) => sha256);
  const drawnFor = each === 'set' ? keyOf(sources) : sources[0]!; // not the arm: see jobs/seeds.ts
  const job: MeasureJob = {
    stage: 'measure',
    kind: metric.kind,
    steps,
    seed: metric.random ? jobSeed(seed, 'measure', steps, drawnFor) : null,
    inputs: [keyOfPart(pictures.inputs)],
    references: [keyOfPart(pictures.references)],
  };
  const { output, ms } = await get(job, context);
  return { value: fromJsonValue((output as ValueOutput).value)!, ms };
}

/** How often the clean set is halved. */
const HALVINGS = 10;

/**
 * What a set metric says of two sets that differ by chance alone: the mean over random halvings of the clean set. With
 * half the images the noise is larger than with all; it is an upper bound for what the cell's own values carry.
 */
async function noiseFloor(plan: Plan, cell: Cell, unit: Unit, get: GetRecord): Promise<MeasuredValue> {
  const clean = await picturesOf(plan, cell, 'clean', unit.items, get);
  const half = Math.floor(clean.length / 2);
  const random = seededRandom(deriveSeed(keyOf({ floor: setKey(clean) })));
  const halvings = Array.from({ length: HALVINGS }, () => {
    const order = shuffled(clean, random);
    return { inputs: order.slice(0, half), references: order.slice(half, 2 * half) };
  });
  const found = await Promise.all(halvings.map((halves) => compared(plan, cell, unit, halves, get)));
  const sum = (pick: (each: { value: number; ms: number }) => number): number =>
    found.reduce((total, each) => total + pick(each), 0);
  return { value: sum(({ value }) => value) / HALVINGS, ms: sum(({ ms }) => ms), n: half };
}
