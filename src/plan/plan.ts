/**
 * @file The plan of a run: the cells of an experiment over the items of its data set, and the graph of jobs behind
 * each number. The graph is walked through one function, `get`, that turns a job into its record: `run` gives one
 * that executes what the store does not hold, `plan` one that only looks.
 */
import { attacks } from '../attacks/index.ts';
import type { Dataset, DatasetItem } from '../datasets/dataset.ts';
import { CraquelureError, fewTrainingPictures } from '../messages/index.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import { deriveSeed, seededRandom, shuffled } from '../random.ts';
import { resolvePlugin } from '../plugin/resolve.ts';
import { groupBy } from '../stats/group.ts';
import type { Cell } from '../experiment/cells.ts';
import {
  type ArtefactOutput,
  IMPORT_VERSION,
  type Job,
  type JobContext,
  embedJobs,
  type JobRecord,
  jobStep,
  type MeasureJob,
  type SetPicture,
  setKey,
  setPicture,
  type ValueOutput,
} from '../jobs/job.ts';
import { jobSeed } from '../jobs/seeds.ts';
import { keyOf } from '../files/keys.ts';
import { type ArmPictures, mimicUnits, mimicValue } from './mimics.ts';
import type { ResolvedPictures } from '../experiment/references.ts';
import { type Arm, ARMS, fromJsonValue, type RowArm } from '../run/rows.ts';
import type { Setting, SettingLink } from '../run/run-folder.ts';

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
  /** The pictures that parameters name. */
  readonly pictures: readonly ResolvedPictures[];
  readonly maxPixels: number;
}

/** Turns a job into its record, by looking it up or by doing it. */
export type GetRecord = (job: Job, context: JobContext) => Promise<JobRecord>;

/**
 * Plans cells over a data set; `limit` takes the first so many pictures. @throws DATASET where an attack that learns finds
 * too few pictures to learn from.
 */
export function makePlan(
  name: string,
  cells: readonly Cell[],
  dataset: Dataset,
  {
    limit = Infinity,
    maxPixels,
    models = [],
    pictures = [],
  }: {
    limit?: number | undefined;
    maxPixels: number;
    models?: readonly ResolvedModel[];
    pictures?: readonly ResolvedPictures[];
  },
): Plan {
  const items = dataset.items.slice(0, limit);
  for (const link of cells.flatMap(({ attack }) => attack.links))
    trainingPicturesOf({ items, pictures }, link);
  const hash = keyOf({
    cells: cells.map(({ id }) => id),
    items: items.map(({ id, sha256 }) => ({ id, sha256 })),
    maxPixels,
  });
  return { run: `${name}-${hash.slice(0, 8)}`, hash, cells, items, models, pictures, maxPixels };
}

/** What a cell measures at a time: an image, the whole set, or one artist's part of it. */
export interface Unit {
  /** As rows name it: the image's id, `*`, `*ARTIST`. */
  readonly name: string;
  readonly items: readonly DatasetItem[];
  readonly arms: readonly RowArm[];
  /** Of a generated picture: its place among those asked for, and whose works were learnt. */
  readonly generated?: { readonly index: number; readonly artist: string };
}

/** The units of a cell; each has a row for each of its arms. */
export function unitsOf({ items }: Plan, { metric }: Cell): Unit[] {
  if (metric.kind === 'generated') return mimicUnits(items, { metric });
  if (metric.kind !== 'set') return items.map((item) => ({ name: item.id, items: [item], arms: ARMS }));
  const { per, floorFrom = Infinity } = metric;
  const armsOf = (part: readonly DatasetItem[]): readonly RowArm[] =>
    Math.floor(part.length / 2) >= floorFrom ? [...ARMS, 'floor'] : ARMS;
  if (per === undefined)
    return [{ name: '*', items, arms: armsOf(items) }, ...unitsWithout(items, floorFrom)];
  const artists = [...new Set(items.map(({ artist }) => artist ?? ''))];
  return artists.map((name) => {
    const part = items.filter(({ artist = '' }) => artist === name);
    return { name: `*${name}`, items: part, arms: armsOf(part) };
  });
}

/** Names of units that are the data set without some of its pictures begin so. */
export const WITHOUT = '* without ';
/** And so where these are all pictures by an artist. */
export const WITHOUT_ARTIST = `${WITHOUT}the artist `;

/** So many parts at most are left out in turn; an interval from 31 degrees of freedom is 4 % wider than from all. */
const PARTS = 32;

/**
 * The data set without each of its pictures in turn, or of many without every 32nd; and, where artists have several, without
 * each artist in turn: how a set metric's value changes tells how far chance moves it (jackknife; the interval is made in
 * `report/sets.ts`, from the one or the other as the verdict asks).
 */
function unitsWithout(items: readonly DatasetItem[], least: number): Unit[] {
  const pictures = new Map(items.map((item) => [item.id, [item]]));
  const byPicture = unitsWithoutEach(items, pictures, { least, prefix: WITHOUT });
  if (!nests(items)) return byPicture;
  return [
    ...byPicture,
    ...unitsWithoutEach(items, groupBy(items, clusterOf), { least, prefix: WITHOUT_ARTIST }),
  ];
}

/** The artist, or the picture itself where nobody says who made it. */
export const clusterOf = ({ id, artist }: Pick<DatasetItem, 'id' | 'artist'>): string => artist ?? id;

/** Whether pictures nest in artists: one artist has several. */
export const nests = (items: readonly Pick<DatasetItem, 'id' | 'artist'>[]): boolean =>
  new Set(items.map(clusterOf)).size < items.length;

/** None where there is but one group, or one without which too few pictures would be left. */
function unitsWithoutEach(
  items: readonly DatasetItem[],
  groups: ReadonlyMap<string, readonly DatasetItem[]>,
  { least, prefix }: { readonly least: number; readonly prefix: string },
): Unit[] {
  const parts = Math.min(groups.size, PARTS);
  const names = [...groups.keys()];
  const partOf = new Map([...groups.values()].flatMap((own, i) => own.map(({ id }) => [id, i % parts])));
  const units = Array.from({ length: parts }, (_, part) => ({
    name: prefix + (parts === names.length ? names[part]! : `part ${part + 1} of ${parts}`),
    items: items.filter(({ id }) => partOf.get(id) !== part),
    arms: ARMS,
  }));
  return parts < 2 || units.some((unit) => unit.items.length < least) ? [] : units;
}

/** How many rows a cell writes. */
export const rowsOfCell = (plan: Plan, cell: Cell): number =>
  unitsOf(plan, cell).reduce((rows, { arms }) => rows + arms.length, 0);

/** The picture of one arm of a cell, for one item. */
export async function artefactOf(
  plan: Plan,
  cell: ArmSettings,
  arm: Arm,
  item: SourcePicture,
  get: GetRecord,
): Promise<ArtefactOutput> {
  const context: JobContext = {
    image: item.id,
    origin: item.origin,
    models: plan.models,
    named: plan.pictures,
  };
  const artefact = async (job: Job): Promise<ArtefactOutput> =>
    (await get(job, context)).output as ArtefactOutput;
  const chain = (stage: 'protect' | 'attack', { links, random }: Setting) => {
    const steps = links.map(jobStep);
    return { steps, seed: random ? jobSeed(cell.seed, stage, steps, item.sha256) : null };
  };
  const clean = await artefact({
    stage: 'import',
    version: IMPORT_VERSION,
    source: item.sha256,
    maxPixels: plan.maxPixels,
  });
  const protect = (): Promise<ArtefactOutput> =>
    artefact({ stage: 'protect', ...chain('protect', cell.protection), input: clean.sha256 });
  const attack = async ({ sha256 }: ArtefactOutput): Promise<ArtefactOutput> => {
    const trained = await trainedFor(plan, cell, get);
    const keys = trained.some((key) => key !== null) && { trained };
    return artefact({ stage: 'attack', ...chain('attack', cell.attack), input: sha256, ...keys });
  };
  switch (arm) {
    case 'clean':
      return clean;
    case 'protected':
      return protect();
    case 'attacked-clean':
      return attack(clean);
    case 'attacked-protected':
      return attack(await protect());
  }
}

/** What an arm's picture depends on, beside the source. */
type ArmSettings = Pick<Cell, 'protection' | 'attack' | 'seed'>;

/** A picture before it is imported: of the data set, or of those that an attack learns from. */
type SourcePicture = Pick<DatasetItem, 'id' | 'sha256' | 'origin'>;

/**
 * The pictures that an attack learns from, none of them attacked; undefined where it does not learn.
 * @throws DATASET where there are too few.
 */
function trainingPicturesOf(
  { items, pictures }: Pick<Plan, 'items' | 'pictures'>,
  link: SettingLink,
): readonly SourcePicture[] | undefined {
  const { training } = resolvePlugin('attack', attacks, link.id);
  if (training === undefined) return undefined;
  const attacked = new Set(items.map(({ sha256 }) => sha256));
  const wanted = training.pairs(link.params);
  const named = pictures.find(({ key }) => key === link.pictures?.training)!;
  const others = named.items.filter(({ sha256 }) => !attacked.has(sha256)).slice(0, wanted);
  if (others.length < wanted) throw fewTrainingPictures(link.id, wanted, others.length);
  return others;
}

/**
 * By link of the cell's attack: the key of the job in which it learns from pairs of the cell's protection; null for links
 * that do not learn.
 */
export function trainedFor(plan: Plan, cell: ArmSettings, get: GetRecord): Promise<(string | null)[]> {
  const { models, pictures: named } = plan;
  return Promise.all(
    cell.attack.links.map(async (link) => {
      const others = trainingPicturesOf(plan, link);
      if (others === undefined) return null;
      const made = async (arm: 'clean' | 'protected'): Promise<SetPicture[]> =>
        Promise.all(
          others.map(async (item) => {
            const { sha256 } = await artefactOf(plan, cell, arm, item, get);
            return { id: item.id, sha256 };
          }),
        );
      const [inputs, references] = [await made('protected'), await made('clean')];
      const steps = [jobStep(link)] as const;
      const seed = jobSeed(cell.seed, 'train-attack', steps, keyOf(others.map(({ sha256 }) => sha256)));
      const job: Job = {
        stage: 'train-attack',
        steps,
        seed,
        inputs: [setKey(inputs)],
        references: [setKey(references)],
      };
      return (await get(job, { image: link.id, models, named, pictures: { inputs, references } })).key;
    }),
  );
}

/** What a metric cannot be measured for, where it cannot: which model is missing, and how to get it. */
export const lackingIn = ({ links }: Setting): string | undefined =>
  links.find(({ absent }) => absent !== undefined)?.absent;

/** The measurement of one arm of a cell, over one of its units. @throws MODEL where the metric lacks one */
export async function measurementOf(
  plan: Plan,
  cell: Cell,
  arm: RowArm,
  unit: Unit,
  get: GetRecord,
): Promise<{ value: number; ms: number; n: number }> {
  const lacking = lackingIn(cell.metric);
  if (lacking !== undefined) throw new CraquelureError('MODEL', lacking);
  if (unit.generated !== undefined) {
    const pictures: ArmPictures = (of, items) => picturesOf(plan, cell, of, items, get);
    return mimicValue(plan, cell, arm, unit, pictures, get);
  }
  if (arm === 'floor' || arm === 'untuned') return noiseFloor(plan, cell, unit, get);
  const { kind, per } = cell.metric;
  const againstAll = kind === 'image-set' || per !== undefined;
  const inputs = await picturesOf(plan, cell, arm, unit.items, get);
  const references = await picturesOf(plan, cell, 'clean', againstAll ? plan.items : unit.items, get);
  return { ...(await compared(plan, cell, unit, { inputs, references }, get)), n: inputs.length };
}

/** The artefacts of an arm, with what the data set says of them. */
function picturesOf(
  plan: Plan,
  cell: Cell,
  arm: Arm,
  items: readonly DatasetItem[],
  get: GetRecord,
): Promise<SetPicture[]> {
  return Promise.all(
    items.map(async (item) => {
      const { sha256 } = await artefactOf(plan, cell, arm, item, get);
      return setPicture(item, sha256);
    }),
  );
}

/** One value of a metric. What networks see in the pictures is seen to first, each picture a job of its own. */
async function compared(
  { models }: Plan,
  { metric, seed }: Cell,
  { name, items }: Unit,
  pictures: NonNullable<JobContext['pictures']>,
  get: GetRecord,
): Promise<{ value: number; ms: number }> {
  const context: JobContext = { image: name, models, pictures };
  const steps = metric.links.map(jobStep);
  if (metric.kind !== 'pair') {
    const shown = [...pictures.inputs, ...pictures.references];
    const jobs = steps.flatMap((step) => shown.flatMap(({ sha256 }) => embedJobs(step, sha256)));
    await Promise.all(jobs.map((job) => get(job, { image: name, models })));
  }
  // Pixels are all that a pair metric sees; the others may ask what the data set says of a picture.
  const keyOfPart = (part: readonly SetPicture[]): string =>
    metric.kind === 'pair' ? part[0]!.sha256 : setKey(part);
  const sources = items.map(({ sha256 }) => sha256);
  const drawnFor = metric.kind === 'set' ? keyOf(sources) : sources[0]!; // not the arm: see jobSeed
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
async function noiseFloor(
  plan: Plan,
  cell: Cell,
  unit: Unit,
  get: GetRecord,
): Promise<{ value: number; ms: number; n: number }> {
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
