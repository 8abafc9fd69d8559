/** @file The images of a cell's arms, as the graph of jobs that makes them. */
import type { DatasetItem } from '../datasets/dataset.ts';
import type { Cell, Setting } from '../experiment/setting.ts';
import { jobStep } from '../experiment/step.ts';
import { keyOf } from '../files/keys.ts';
import {
  type ArtefactOutput,
  type GetRecord,
  IMPORT_VERSION,
  type Job,
  type JobContext,
  type SetPicture,
  setKey,
  setPicture,
} from '../jobs/job.ts';
import { jobSeed } from '../jobs/seeds.ts';
import type { Arm } from '../metrics/arms.ts';
import { type Plan, type SourcePicture, trainingSetOf } from './plan.ts';

/** What an arm's image depends on, beyond the source. */
export type ArmSettings = Pick<Cell, 'protection' | 'attack' | 'seed'>;

/** The image of one arm of a cell, for one item. */
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

/**
 * For each link of the cell's attack: the key of the job that trains it on pairs of the cell's protection; null for links
 * without training.
 */
export function trainedFor(plan: Plan, cell: ArmSettings, get: GetRecord): Promise<(string | null)[]> {
  const { models, pictures: named } = plan;
  return Promise.all(
    cell.attack.links.map(async (link) => {
      const others = trainingSetOf(plan, link);
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

/** The artefacts of an arm, with what the data set says of them. */
export const picturesOf = (
  plan: Plan,
  cell: ArmSettings,
  arm: Arm,
  items: readonly DatasetItem[],
  get: GetRecord,
): Promise<SetPicture[]> =>
  Promise.all(
    items.map(async (item) => setPicture(item, (await artefactOf(plan, cell, arm, item, get)).sha256)),
  );
