/** @file What the program says when a protection, attack, metric or training outside an experiment goes wrong. */
import { CraquelureError, reasonOf } from './base.ts';

export const missingFile = (path: string, cause: unknown): CraquelureError =>
  new CraquelureError('USAGE', `Cannot open '${path}': ${reasonOf(cause)}`, { cause });

export const emptyFolder = (path: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Folder '${path}' has no images. Expected PNG, JPEG, WebP, AVIF or TIFF files`,
  );

export const sameOutput = (first: string, second: string, name: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `'${first}' and '${second}' would both be written as '${name}'. Rename one, or use two commands`,
  );

export const overwritesInput = (path: string): CraquelureError =>
  new CraquelureError('USAGE', `The result would overwrite '${path}'. Name another folder with --out`);

export const unmatchedFiles = (a: string, b: string, lonely: readonly string[]): CraquelureError => {
  const shown = lonely.slice(0, 5).map((path) => `'${path}'`);
  const more = lonely.length > shown.length ? ` and ${lonely.length - shown.length} more` : '';
  const have = lonely.length === 1 ? 'has' : 'have';
  return new CraquelureError(
    'USAGE',
    `Expected files of the same names in '${a}' and '${b}' but ${shown.join(', ')}${more} ${have} no partner`,
  );
};

/** A metric of generated images, asked for outside an experiment. */
export const needsExperiment = (metric: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Metric '${metric}' fine-tunes a model on protected images. It runs only in an experiment: craquelure run EXPERIMENT`,
  );
