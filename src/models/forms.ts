/** @file The forms of a model: an ONNX export, and the files that its owners publish, from which the same network is built. */
import type { ModelEntry } from './entry.ts';
import type { ModelHome } from './home.ts';
import { type LocatedFile, locateFile, type LookUp } from './locate.ts';

/** A model in one form, and its files on this machine. */
export interface FormHere {
  readonly form: ModelEntry;
  readonly found: readonly LocatedFile[];
}

/** The export first, then the owners' files. */
const formsOf = (entry: ModelEntry): readonly ModelEntry[] =>
  entry.published === undefined ? [entry] : [entry, { ...entry, ...entry.published }];

const canBePulled = ({ files }: ModelEntry): boolean =>
  Object.values(files).every(({ url }) => url !== undefined);

/** True if every file of one form can be pulled. */
export const isPublished = (entry: ModelEntry): boolean => formsOf(entry).some(canBePulled);

/**
 * The form that is used: the first that is here whole; or that has a changed file, which has to be told; or the first that can be
 * pulled. `names` are the files that are wanted of a form (default: all).
 */
export async function formHere(
  entry: ModelEntry,
  home: ModelHome,
  names: (form: ModelEntry) => readonly string[] = ({ files }) => Object.keys(files),
  lookUp?: LookUp,
): Promise<FormHere> {
  const forms = await Promise.all(
    formsOf(entry).map(async (form) => ({
      form,
      found: await Promise.all(names(form).map((name) => locateFile(form, name, home, lookUp))),
    })),
  );
  return (
    forms.find(({ found }) => found.every(({ state }) => state === 'ok')) ??
    forms.find(({ found }) => found.some(({ state }) => state === 'changed')) ??
    forms.find(({ form }) => canBePulled(form)) ??
    forms[0]!
  );
}
