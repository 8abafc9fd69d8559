/** @file The shape of every error, and the words that all of them share. */
import { closest, distance } from 'fastest-levenshtein';

/** What kind of mistake an error is; decides the exit code of the command line. */
export type ErrorCode =
  | 'USAGE' // a wrong flag or argument: exit code 2
  | 'EXPERIMENT' // a mistake in an experiment file: exit code 2
  | 'PARAMETER' // a plug-in parameter out of its range: exit code 2
  | 'UNKNOWN_PLUGIN' // exit code 2
  | 'DATASET' // a manifest, a folder, a missing or changed image
  | 'IMAGE' // an image that cannot be read, or that a step cannot take
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

/** A place in a text that a message can point to. */
export interface Place {
  /** The file, or the flag that the text was given with. */
  readonly file?: string;
  readonly line?: number;
  /** A short text and a column in it (from 1): printed below the message with a caret. */
  readonly excerpt?: { readonly text: string; readonly column: number };
}

export const at = ({ file, line, excerpt }: Place = {}): string => {
  const where = file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`;
  const caret = excerpt === undefined ? '' : `\n  ${excerpt.text}\n  ${' '.repeat(excerpt.column - 1)}^`;
  return where + caret;
};

export const quoted = (value: unknown): string =>
  typeof value === 'string'
    ? `'${value}'`
    : typeof value === 'number'
      ? String(value)
      : JSON.stringify(value);

export const didYouMean = (name: string, available: readonly string[]): string => {
  if (available.length === 0) return '';
  const nearest = closest(name, available as string[]);
  const near = distance(name, nearest) <= Math.max(2, Math.floor(nearest.length / 3));
  // `glaze` is many letters away from `glaze-style`, and still meant.
  const meant = near ? nearest : available.find((each) => name.length > 2 && each.includes(name));
  return meant === undefined ? '' : ` Did you mean '${meant}'?`;
};

/** What a user can do, one way a line. */
export const solutions = (...lines: readonly string[]): string =>
  ['Possible solutions:', ...lines.map((line) => `  - ${line}`)].join('\n');

/** Names for a sentence: a network has thousands of weights, and thirty names are enough to see what they look like. */
export const listed = (names: readonly string[]): string =>
  names.length <= 40 ? names.join(', ') : `${names.slice(0, 30).join(', ')}, ... (${names.length} in all)`;

/** The text of anything thrown, for a row or a terminal. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

/** A text file in another encoding. */
export const notUtf8 = (file: string, line: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Expected UTF-8 text but received other bytes${at({ file, line })}. ` +
      "Save the file as UTF-8 (in a spreadsheet: 'CSV UTF-8')",
  );
