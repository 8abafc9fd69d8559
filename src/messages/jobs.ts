/** @file What the program says when a job or the artefact store fails, or when a plug-in breaks its promises. */
import { CraquelureError, reasonOf } from './base.ts';

// ---- the artefact store --------------------------------------------------------------------------------------

export const diskFull = (path: string, cause?: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot write '${path}': the disk is full. Free some space, or name another folder with --store or --out. ` +
      'Then run the same command again: finished work is kept',
    { cause },
  );

/** Whether the text of an error is that of `diskFull`: such work is done again without being asked. */
export const saysDiskFull = (text: string): boolean => /^Cannot write '.*': the disk is full\. /s.test(text);

/** A folder that cannot be made, or that is a file. */
export const unwritableFolder = (path: string, cause: unknown): CraquelureError =>
  new CraquelureError('STORE', `Cannot make the folder '${path}': ${reasonOf(cause)}. Name another folder`, {
    cause,
  });

/** Something in the place of a lock that cannot be one, such as a folder. */
export const unusableLock = (path: string, cause: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot use '${path}' as a lock: ${reasonOf(cause)}. Remove it if no other craquelure process is running`,
    { cause },
  );

/** A file of the store that is there but cannot be read. */
export const unreadableStore = (path: string, cause: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot read '${path}' in the store: ${reasonOf(cause)}. Make it readable, or remove it and run the same command again`,
    { cause },
  );

export const corruptArtefact = (path: string, hash: string, cause?: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Stored file '${path}' is damaged or missing: its sha256 is not ${hash.slice(0, 12)}. Run the same command again to compute it again`,
    { cause },
  );

// ---- what plug-ins are held to -------------------------------------------------------------------------------

interface Size {
  readonly width: number;
  readonly height: number;
}

export const changedSize = (id: string, before: Size, after: Size): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected '${id}' to keep the size ${before.width}x${before.height} but received ${after.width}x${after.height}`,
  );

export const notFinite = (id: string, index: number): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected finite pixels from '${id}' but received NaN or infinity at value ${index}`,
  );

export const notANumber = (id: string): CraquelureError =>
  new CraquelureError('IMAGE', `Expected a number from metric '${id}' but received NaN`);

export const budgetExceeded = (id: string, linfPx: number, epsPx: number): CraquelureError =>
  new CraquelureError(
    'BUDGET',
    `Protection '${id}' exceeded its budget: the saved file differs from the clean image by ${linfPx}/255, and at most ${epsPx}/255 is allowed`,
  );

export const perceptualExceeded = (
  id: string,
  model: string,
  distance: number,
  allowed: number,
): CraquelureError =>
  new CraquelureError(
    'BUDGET',
    `Protection '${id}' exceeded its budget: the saved file is at perceptual distance ${distance} from the clean image, ` +
      `and at most ${allowed} is allowed (model '${model}')`,
  );
