/** @file What the program says when something is wrong with data sets. */
import { CraquelureError, type Place, at } from './base.ts';

/** A manifest or folder that is not there. */
export const missingDataset = (path: string, kind: 'manifest' | 'folder'): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing ${kind} '${path}'. A data set is a CSV manifest, a folder of pictures, or 'atelier'`,
  );

/** A manifest without rows, or a folder without pictures. */
export const emptyDataset = (path: string, notes: readonly string[]): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `No picture in data set '${path}'${notes.map((note) => `\n  ${note}`).join('')}`,
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

/** All mistakes in the rows of a manifest, each a line `file:line: what is wrong`. */
export const invalidManifest = (path: string, mistakes: readonly string[]): CraquelureError => {
  const shown = mistakes.slice(0, 10).map((mistake) => `\n  ${mistake}`);
  const more = mistakes.length > shown.length ? `\n  and ${mistakes.length - shown.length} more` : '';
  return new CraquelureError('DATASET', `Invalid manifest '${path}':${shown.join('')}${more}`);
};

/** A manifest none of whose pictures is on this machine. */
export const noPictureFound = (path: string, count: number, folders: readonly string[]): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `None of the ${count} pictures of '${path}' is here. Looked in: ${folders.join(', ')}. ` +
      `Fetch them: craquelure datasets pull ${path}; or set CRAQUELURE_DATA to the folder that their paths start from`,
  );

/** A listed picture that no folder holds. */
export const missingPicture = (path: string, folders: readonly string[]): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing picture '${path}'. Looked in: ${folders.join(', ')}. ` +
      `Put it there, or set CRAQUELURE_DATA to the folder that its path starts from`,
  );

/** A picture that is a link out of its folder. */
export const pictureOutside = (path: string, folder: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Picture '${path}' is a link that leaves its folder '${folder}'. Replace the link by the file itself`,
  );

/** A picture that the system will not let us read. */
export const unreadablePicture = (path: string, why: string): CraquelureError =>
  new CraquelureError('DATASET', `Cannot read picture '${path}': ${why}`);

/** A picture whose bytes are not those that were listed. */
export const changedPicture = (path: string, listed: string, found: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Picture '${path}' has sha256 ${found} but ${listed} was listed. Get the listed file, or list the new hash`,
  );
