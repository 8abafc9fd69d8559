/** @file What the program says when something is wrong with an experiment file. */
import { CraquelureError, type Place, at, reasonOf } from './base.ts';

export const unreadableExperiment = (file: string, cause: unknown): CraquelureError =>
  new CraquelureError(
    'EXPERIMENT',
    (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
      ? `There is no experiment file '${file}'. Check the path; the folder experiments/ of the package has examples`
      : `Cannot read experiment '${file}': ${reasonOf(cause)}`,
    { cause },
  );

export const invalidYaml = (why: string, place: Place): CraquelureError =>
  new CraquelureError('EXPERIMENT', `Cannot read YAML: ${why}${at(place)}`);

/** All mistakes of an experiment file, one a line. */
export const invalidExperiment = (file: string, mistakes: readonly string[]): CraquelureError =>
  new CraquelureError(
    'EXPERIMENT',
    mistakes.length === 1
      ? mistakes[0]!
      : [`${mistakes.length} mistakes in ${file}:`, ...mistakes.map((mistake) => `  ${mistake}`)].join('\n'),
  );

export const unevenZip = (
  field: string,
  names: readonly string[],
  lengths: readonly number[],
  place?: Place,
): CraquelureError =>
  new CraquelureError(
    'EXPERIMENT',
    `Expected lists of equal length for ${field} but received ${names.map((name, i) => `${lengths[i]} for ${name}`).join(', ')}${at(place)}`,
  );

/** Lists of parameters that stand for more settings than a run can have. */
export const tooManySettings = (field: string, count: number, most: number, place?: Place): CraquelureError =>
  new CraquelureError(
    'EXPERIMENT',
    `Expected at most ${most} settings for ${field} but its lists stand for ${count}${at(place)}. Shorten the lists, or pair them with zip`,
  );

/** A matrix of more cells than a run can have. */
export const tooManyCells = (count: number, most: number): CraquelureError =>
  new CraquelureError(
    'EXPERIMENT',
    `Expected at most ${most} cells but protections, attacks, metrics and seeds make ${count}. Split the experiment into several files`,
  );

/** `only`, `except` or `--only` leave no cell of the matrix. */
export const noCellsLeft = (
  pattern: object,
  labels: Readonly<Record<string, readonly string[]>>,
  place?: Place,
): CraquelureError => {
  const written = Object.entries(pattern).map(([field, value]) => `${field}=${value}`);
  const axes = Object.entries(labels).map(([axis, names]) => `\n  ${axis}: ${names.join(', ')}`);
  return new CraquelureError(
    'EXPERIMENT',
    `${written.length === 0 ? "'except' excludes every cell" : `No cell matches ${written.join(',')}`}${at(place)}. ` +
      `This experiment has:${axes.join('')}`,
  );
};
