/**
 * @file Every sentence the program says when something is wrong, as functions that build the error.
 *
 * Two shapes: `Expected integer between 1 and 100 for jpeg.quality but received 0 (experiments/demo.yaml:14)`
 * and `Unknown attack 'jpg'. Did you mean 'jpeg'? Available: ...`. Tests assert on these functions, so that a
 * sentence is worded once.
 */
import { closest, distance } from 'fastest-levenshtein';

/** What kind of mistake an error is; decides the exit code of the command line. */
export type ErrorCode =
  | 'USAGE' // a wrong flag or argument: exit code 2
  | 'EXPERIMENT' // a mistake in an experiment file: exit code 2
  | 'PARAMETER' // a plug-in parameter out of its range: exit code 2
  | 'UNKNOWN_PLUGIN' // exit code 2
  | 'DATASET' // a manifest, a folder, a missing or changed picture
  | 'IMAGE' // a picture that cannot be read, or that a step cannot take
  | 'BUDGET' // a protection left its budget
  | 'STORE' // the artefact store or a run folder
  | 'ONNX' // a model file, a graph, an operator
  | 'DEVICE' // an execution device or a session on it
  | 'MODEL' // the model registry
  | 'INTERRUPTED'; // Ctrl-C: exit code 130

/** An error whose message is meant for the user: it names the file, the field and the fix. */
export class CraquelureError extends Error {
  override readonly name = 'CraquelureError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A place in a text file that a message can point to. */
export interface Place {
  readonly file: string;
  readonly line?: number;
}

const at = (place?: Place): string =>
  place === undefined ? '' : ` (${place.file}${place.line === undefined ? '' : `:${place.line}`})`;

const quoted = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value));

const didYouMean = (name: string, available: readonly string[]): string => {
  if (available.length === 0) return '';
  const nearest = closest(name, available as string[]);
  const near = distance(name, nearest) <= Math.max(2, Math.floor(nearest.length / 3));
  return near ? ` Did you mean '${nearest}'?` : '';
};

/** The text of anything thrown, for a row or a terminal. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

// ---- names and parameters --------------------------------------------------------------------------------

/** `Unknown attack 'jpg'. Did you mean 'jpeg'? Available: ...` */
export const unknownName = (
  what: string,
  name: string,
  available: readonly string[],
  { code = 'UNKNOWN_PLUGIN', place }: { code?: ErrorCode; place?: Place | undefined } = {},
): CraquelureError =>
  new CraquelureError(
    code,
    `Unknown ${what} '${name}'.${didYouMean(name, available)} Available: ${available.join(', ')}${at(place)}`,
  );

/** `Expected integer between 1 and 100 for jpeg.quality but received 0 (file:line)` */
export const expected = (
  what: string,
  field: string,
  received: unknown,
  { code = 'PARAMETER', place }: { code?: ErrorCode; place?: Place | undefined } = {},
): CraquelureError => {
  const type = received === null || received === undefined ? '' : ` of type ${typeof received}`;
  const shown = received === undefined ? 'nothing' : quoted(received);
  return new CraquelureError(code, `Expected ${what} for ${field} but received ${shown}${type}${at(place)}`);
};

// ---- images ----------------------------------------------------------------------------------------------

/** A picture that cannot be used, and why; `path` is the file as the user named it. */
export const unusableImage = (path: string, why: string): CraquelureError =>
  new CraquelureError('IMAGE', `Cannot use image '${path}': ${why}`);

// ---- runs and the artefact store -------------------------------------------------------------------------

export const notARun = (dir: string, missing: string, cause: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot read '${missing}' in '${dir}': that folder holds no run. Name a folder that 'craquelure run' wrote, such as reports/quickstart`,
    { cause },
  );
// ---- arrays ----------------------------------------------------------------------------------------------

/** A .npy file that cannot be used, and why. */
export const unusableArray = (path: string, why: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot use array '${path}': ${why}`);
