/**
 * @file The plan of a run: the cells of an experiment over the items of its data set, and the graph of jobs behind
 * each number. The graph is walked through one function, `get`, that turns a job into its record: `run` gives one
 * that executes what the store does not hold, `plan` one that only looks.
 */
import type { Dataset, DatasetItem } from '../datasets/dataset.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import type { Cell } from './cells.ts';
import {
  type ArtefactOutput,
  IMPORT_VERSION,
  type Job,
  type JobContext,
  type JobRecord,
  jobSeed,
  jobStep,
  type MeasureJob,
  type ValueOutput,
} from './jobs.ts';
import { keyOf } from './keys.ts';
import { type Arm, fromJsonValue } from './rows.ts';
import type { Setting } from './run-folder.ts';

/** Everything a run needs to know; nothing is computed yet. */
export interface Plan {
  /** Name of the experiment and first 8 digits of the hash. */
  readonly run: string;
  /** Hash over cells and data set: runs with an equal plan have equal rows. */
  readonly hash: string;
  readonly cells: readonly Cell[];
  readonly items: readonly DatasetItem[];
  /** What plays the roles that the cells' plug-ins need. */
  readonly models: readonly ResolvedModel[];
  readonly maxPixels: number;
}

/** Turns a job into its record, by looking it up or by doing it. */
export type GetRecord = (job: Job, context: JobContext) => Promise<JobRecord>;

/** Plans cells over a data set; `limit` takes the first so many pictures. */
export function makePlan(
  name: string,
  cells: readonly Cell[],
  dataset: Dataset,
  {
    limit = Infinity,
    maxPixels,
    models = [],
  }: { limit?: number | undefined; maxPixels: number; models?: readonly ResolvedModel[] },
): Plan {
  const items = dataset.items.slice(0, limit);
  const hash = keyOf({
    cells: cells.map(({ id }) => id),
    items: items.map(({ id, sha256 }) => ({ id, sha256 })),
    maxPixels,
  });
  return { run: `${name}-${hash.slice(0, 8)}`, hash, cells, items, models, maxPixels };
}

/** How many rows a cell writes: one for each arm, and for each image where the metric looks at single images. */
export const rowsOfCell = (plan: Plan, cell: Cell): number =>
  4 * (cell.metric.kind === 'set' ? 1 : plan.items.length);

/** The picture of one arm of a cell, for one item. */
export async function artefactOf(
  plan: Plan,
  cell: Pick<Cell, 'protection' | 'attack' | 'seed'>,
  arm: Arm,
  item: DatasetItem,
  get: GetRecord,
): Promise<ArtefactOutput> {
  const context: JobContext = { image: item.id, origin: item.origin, models: plan.models };
  const artefact = async (job: Job): Promise<ArtefactOutput> =>
    (await get(job, context)).output as ArtefactOutput;
  const apply = async (stage: 'protect' | 'attack', setting: Setting, input: ArtefactOutput) => {
    const steps = setting.links.map(jobStep);
    const seed = setting.random ? jobSeed(cell.seed, stage, steps, item.sha256) : null;
    return artefact({ stage, steps, seed, input: input.sha256 });
  };

  const clean = await artefact({
    stage: 'import',
    version: IMPORT_VERSION,
    source: item.sha256,
    maxPixels: plan.maxPixels,
  });
  switch (arm) {
    case 'clean':
      return clean;
    case 'protected':
      return apply('protect', cell.protection, clean);
    case 'attacked-clean':
      return apply('attack', cell.attack, clean);
    case 'attacked-protected':
      return apply('attack', cell.attack, await apply('protect', cell.protection, clean));
  }
}

/** The measurement of one arm of a cell: of one item, or of the whole set where the metric compares sets. */
export async function measurementOf(
  plan: Plan,
  cell: Cell,
  arm: Arm,
  item: DatasetItem | undefined,
  get: GetRecord,
): Promise<{ value: number; ms: number }> {
  const pictures = (of: Arm, items: readonly DatasetItem[]): Promise<string[]> =>
    Promise.all(items.map(async (each) => (await artefactOf(plan, cell, of, each, get)).sha256));
  const measured = item === undefined ? plan.items : [item];
  const { kind } = cell.metric;
  const steps = cell.metric.links.map(jobStep);
  const job: MeasureJob = {
    stage: 'measure',
    kind,
    steps,
    seed: cell.metric.random ? jobSeed(cell.seed, 'measure', steps, item?.sha256 ?? plan.hash) : null,
    inputs: await pictures(arm, measured),
    references: await pictures('clean', kind === 'pair' ? measured : plan.items),
  };
  const { output, ms } = await get(job, { image: item?.id ?? '*', models: plan.models });
  return { value: fromJsonValue((output as ValueOutput).value)!, ms };
}
