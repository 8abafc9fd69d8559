/** @file From an experiment file and flags to everything that `run` and `plan` need. */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Dataset } from '../datasets/dataset.ts';
import { openDataset } from '../datasets/open.ts';
import type { CellPattern } from '../experiment/cells.ts';
import { type ModelChoices, mergeChoices } from '../models/choice.ts';
import { type Bindings, bindModels, type UsedSetting } from '../experiment/bindings.ts';
import { cellsOf, type Experiment, readExperiment } from '../experiment/experiment.ts';
import { mimicRemarks } from '../plan/mimics.ts';
import { makePlan } from '../plan/plan.ts';
import type { RunInputs } from './run.ts';
import { openStore } from '../jobs/store.ts';

/** What the command line may add to the file. */
export interface PrepareOptions {
  /** First so many pictures. */
  readonly limit?: number | undefined;
  readonly seeds?: readonly number[] | undefined;
  readonly only?: readonly CellPattern[] | undefined;
  /** Override the file's `models:`. */
  readonly models?: ModelChoices | undefined;
  /** Folder of the run; default `reports/<name>`. */
  readonly out?: string | undefined;
  /** Folder of the artefact store; default CRAQUELURE_STORE, else `.craquelure/store`. */
  readonly store?: string | undefined;
  /** Largest picture that is decoded, in pixels. */
  readonly maxPixels: number;
  /** Cells of a metric whose model is missing become errors, and the others go on; else they are refused. */
  readonly lenient?: boolean;
}

/** Reads the experiment, lists its pictures, finds its models and plans its cells. @throws EXPERIMENT, DATASET, MODEL */
export async function prepareRun(file: string, options: PrepareOptions): Promise<RunInputs> {
  const written = await readExperiment(file, { seeds: options.seeds });
  const { experiment, models, pictures } = await bound(written, options);
  const dataset = await openExperimentDataset(experiment);
  const { limit, maxPixels } = options;
  const plan = makePlan(experiment.name, cellsOf(experiment, options.only), dataset, {
    limit,
    maxPixels,
    models,
    pictures,
  });
  return {
    experiment,
    dataset: { ...dataset, notes: [...dataset.notes, ...mimicRemarks(plan)] },
    plan,
    store: openStore(storeFolder(options.store)),
    dir: resolve(options.out ?? join('reports', experiment.name)),
  };
}

/** The experiment with its models and named pictures in place, and those; only what its remaining cells need. */
async function bound(
  experiment: Experiment,
  { only, models: overrides = {}, lenient }: PrepareOptions,
): Promise<{ experiment: Experiment } & Pick<Bindings, 'models' | 'pictures'>> {
  const used = cellsOf(experiment, only).flatMap(({ protection, attack, metric }): UsedSetting[] => [
    ['protection', protection],
    ['attack', attack],
    ['metric', metric],
  ]);
  const choices = mergeChoices(experiment.models, overrides);
  const { models, pictures, bind } = await bindModels(used, choices, bases(experiment), lenient);
  const withBindings = {
    ...experiment,
    protections: experiment.protections.map((setting) => bind('protection', setting)),
    attacks: experiment.attacks.map((setting) => bind('attack', setting)),
    metrics: experiment.metrics.map((setting) => bind('metric', setting)),
  };
  return { experiment: withBindings, models, pictures };
}

/** Where artefacts lie: the flag, the environment, or a hidden folder where the program is run. */
export const storeFolder = (flag?: string): string =>
  resolve(flag ?? process.env.CRAQUELURE_STORE ?? join('.craquelure', 'store'));

/**
 * Where relative paths start: in the working folder, else in the experiment file's folder, else in the folder above it, so
 * that `experiments/` next to `datasets/` works from anywhere.
 */
function bases({ source }: Experiment): string[] {
  const folder = dirname(resolve(source.file));
  return [process.cwd(), folder, dirname(folder)];
}

/** The data set of the first base that has it; where none has, the error names the first. */
async function openExperimentDataset(experiment: Experiment): Promise<Dataset> {
  const { dataset } = experiment;
  const [here, ...others] = bases(experiment);
  if ('path' in dataset) {
    for (const baseDir of [here!, ...others]) {
      const there = await stat(resolve(baseDir, dataset.path)).catch(() => undefined);
      if (there !== undefined) return openDataset(dataset, { baseDir });
    }
  }
  return openDataset(dataset, { baseDir: here! });
}
