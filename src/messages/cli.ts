/** @file What the program says when something is wrong with the command line. */
import { CraquelureError, reasonOf } from './base.ts';

/** A command line that cannot be understood. */
export const usage = (why: string): CraquelureError => new CraquelureError('USAGE', why);

export const missingFile = (path: string, cause: unknown): CraquelureError =>
  new CraquelureError('USAGE', `Cannot open '${path}': ${reasonOf(cause)}`, { cause });

export const emptyFolder = (path: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `No picture in folder '${path}': expected PNG, JPEG, WebP, AVIF or TIFF files`,
  );

export const sameOutput = (first: string, second: string, name: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `'${first}' and '${second}' would both be written as '${name}': rename one, or treat them in two commands`,
  );

export const overwritesInput = (path: string): CraquelureError =>
  new CraquelureError('USAGE', `The result would overwrite '${path}': name another folder with --out`);

export const unmatchedFiles = (a: string, b: string, lonely: readonly string[]): CraquelureError => {
  const shown = lonely.slice(0, 5).map((path) => `'${path}'`);
  const more = lonely.length > shown.length ? ` and ${lonely.length - shown.length} more` : '';
  return new CraquelureError(
    'USAGE',
    `Expected the same names in '${a}' and '${b}' but without partner are ${shown.join(', ')}${more}`,
  );
};

/** A word on the command line that the verb has no use for. */
export const unexpectedArgument = (word: string): CraquelureError =>
  usage(`Unexpected argument '${word}'. Options begin with '--'; the verb's --help names what it takes`);
