/** @file What the program says when something is wrong with data sets. */
import { CraquelureError, type Place, at, quoted, solutions } from './base.ts';

/** A manifest or folder that is not there. */
export const missingDataset = (path: string, kind: 'manifest' | 'folder'): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing ${kind} '${path}'. A data set is a CSV manifest, a folder of images, or 'atelier'`,
  );

/** A manifest without rows, or a folder without images. */
export const emptyDataset = (path: string, notes: readonly string[]): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Data set '${path}' has no images${notes.map((note) => `\n  ${note}`).join('')}`,
  );

/** A manifest whose header lacks columns. */
export const missingColumn = (
  absent: readonly string[],
  found: readonly string[],
  place: Place,
): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing column${absent.length > 1 ? 's' : ''} ${absent.join(', ')} in the header '${found.join(',')}'${at(place)}`,
  );

/** A header that names a column twice: which one counts, nobody can tell. */
export const doubledColumns = (names: readonly string[], place: Place): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected each column once but the header has ${names.map(quoted).join(' and ')} more than once${at(place)}. ` +
      'Remove or rename the others',
  );

/** All mistakes in the rows of a manifest, each a line `file:line: what is wrong`. */
export const invalidManifest = (path: string, mistakes: readonly string[]): CraquelureError => {
  const shown = mistakes.slice(0, 10).map((mistake) => `\n  ${mistake}`);
  const more = mistakes.length > shown.length ? `\n  and ${mistakes.length - shown.length} more` : '';
  return new CraquelureError('DATASET', `Invalid manifest '${path}':${shown.join('')}${more}`);
};

/** A manifest none of whose images is on this machine. */
export const noImageFound = (path: string, count: number, folders: readonly string[]): CraquelureError =>
  new CraquelureError(
    'DATASET',
    [
      `None of the ${count} images of '${path}' is on this machine. Looked in: ${folders.join(', ')}`,
      solutions(
        `download them: craquelure datasets pull ${path}`,
        'if they are in another folder, set CRAQUELURE_DATA to it; the paths of the manifest start there',
      ),
    ].join('\n'),
  );

/** A listed image that no folder holds. */
export const missingImage = (path: string, folders: readonly string[]): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing image '${path}'. Looked in: ${folders.join(', ')}. ` +
      'Copy it there, or set CRAQUELURE_DATA to the folder that its path starts from',
  );

/** An image that is a link out of its folder. */
export const imageOutside = (path: string, folder: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Image '${path}' is a link to a file outside its folder '${folder}'. Replace the link with the file itself`,
  );

/** An image that the system does not let us read. */
export const unreadableImage = (path: string, why: string): CraquelureError =>
  new CraquelureError('DATASET', `Cannot read image '${path}': ${why}`);

/** An image whose bytes are not those that were listed. */
export const changedImage = (path: string, listed: string, found: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected sha256 ${listed} for image '${path}' but the file has ${found}. Get the listed file, or list the new hash`,
  );
