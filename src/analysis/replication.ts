/**
 * @file What was replicated behind the numbers of a cell. Images of one artist are alike, and all samples of one training share
 * it: a training is a replicate, its samples are not. Every interval and p value of an analysis is taken over these levels.
 */
import type { RunFolder } from '../run/run-folder.ts';
import { deriveSeed, seededRandom } from '../random.ts';
import { type Resamples, resample } from '../stats/bootstrap.ts';
import { byBootstrap, byLevels, type Inference } from '../stats/inference.ts';
import type { Levels } from '../stats/levels.ts';
import type { Answers, InferenceFor } from './answers.ts';

const SEED = ' · seed ';

/** The name of a unit under one of several seeds, each of which is a training of its own. */
export const underSeed = (unit: string, seed: number): string => `${unit}${SEED}${seed}`;

/** What a unit is: an image, a part of a set, or a sample of a mimic that was trained on an artist under a seed. */
interface Unit {
  readonly name: string;
  readonly artist: string | undefined;
  readonly isSample: boolean;
  readonly seed: string | undefined;
}

/** A function that tells what a unit of a run is, from its name. */
function unitsOf({ dataset }: RunFolder['manifest']): (unit: string) => Unit {
  const byImage = new Map(dataset.items.map(({ id, artist }) => [id, artist]));
  const artists = ['*', ...new Set(dataset.items.map(({ artist = '' }) => artist))];
  return (unit) => {
    const [name, seed] = unit.split(SEED) as [string, string?];
    if (byImage.has(name)) return { name, artist: byImage.get(name), isSample: false, seed };
    const own = artists
      .filter((artist) => name.startsWith(`${artist}: `))
      .sort((a, b) => b.length - a.length)[0];
    return { name, artist: own, isSample: own !== undefined, seed };
  };
}

/**
 * The levels of units. If artists are drawn, all that is of one artist belongs together. Otherwise images are replicates, or
 * samples crossed with trainings if there are several. A level with a single unit cannot be judged: the numbers hold for
 * this unit alone.
 */
function levelsOf(units: readonly Unit[], cluster: Answers['inference']['cluster']): Levels {
  const names = units.map(({ name }) => name);
  const byArtist = units.map(({ artist, name }) => artist ?? name);
  const trainings = units.map(({ artist, seed }) => `${artist} ${seed}`);
  const several = units.some(({ seed }) => seed !== undefined);
  const levels = cluster === 'artist' ? [byArtist] : several ? [names, trainings] : [names];
  const told = levels.filter((level) => new Set(level).size > 1);
  return told.length > 0 ? told : levels;
}

/** The inference over any units of a run. All cells over the same units share it, and its draws. */
export function inferenceFor(
  { manifest }: Pick<RunFolder, 'manifest'>,
  { cluster, method, draws, seed }: Answers['inference'],
): InferenceFor {
  const unitOf = unitsOf(manifest);
  const made = new Map<string, Inference>();
  const drawn = new Map<string, Resamples>();
  const drawsOf = (levels: Levels, n: number): Resamples => {
    const outer = [...levels].sort((a, b) => new Set(a).size - new Set(b).size)[0]!;
    const key = new Set(outer).size === n ? String(n) : JSON.stringify(outer);
    const random = seededRandom(deriveSeed(`bootstrap/${seed}/${key}`));
    const known = drawn.get(key) ?? resample(n, random, { draws, clusters: outer });
    drawn.set(key, known);
    return known;
  };
  return (units) => {
    const key = JSON.stringify(units);
    const levels = levelsOf(units.map(unitOf), cluster);
    const known =
      made.get(key) ??
      (method === 't' ? byLevels(levels) : byBootstrap(drawsOf(levels, units.length), levels, { method }));
    made.set(key, known);
    return known;
  };
}

/** Whether units are samples of one training for each artist: what is said of them holds for this training alone. */
export function fromOneTraining(
  { manifest }: Pick<RunFolder, 'manifest'>,
  units: readonly string[],
): boolean {
  const unitOf = unitsOf(manifest);
  const found = units.map(unitOf);
  return found.length > 0 && found.every(({ isSample, seed }) => isSample && seed === undefined);
}
