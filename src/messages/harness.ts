/** @file What the program says when something is wrong with experiment files, runs and the artefact store. */
import { CraquelureError, type Place, at, reasonOf } from './base.ts';

// ---- runs and the artefact store -----------------------------------------------------------------------------

export const notARun = (dir: string, missing: string, cause: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot read '${missing}' in '${dir}': that folder holds no run. Name a folder that 'craquelure run' wrote, such as reports/quickstart`,
    { cause },
  );

export const diskFull = (path: string, cause?: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot write '${path}': no space left on the device. Free some space, or name another place with --store or --out, and run the same command again: finished work is kept`,
    { cause },
  );

export const corruptArtefact = (path: string, hash: string, cause?: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Artefact '${path}' is damaged or missing: its bytes do not have sha256 ${hash.slice(0, 12)}. It is computed again`,
    { cause },
  );

// ---- what the harness holds plug-ins to ----------------------------------------------------------------------

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
    `Protection '${id}' left its budget: the saved file is ${linfPx}/255 from the clean image, allowed are ${epsPx}/255`,
  );

export const perceptualExceeded = (
  id: string,
  model: string,
  distance: number,
  allowed: number,
): CraquelureError =>
  new CraquelureError(
    'BUDGET',
    `Protection '${id}' left its budget: the saved file is ${distance} from the clean image in the distance of model '${model}', allowed are ${allowed}`,
  );

// ---- experiment files ----------------------------------------------------------------------------------------

export const invalidYaml = (why: string, place: Place): CraquelureError =>
  new CraquelureError('EXPERIMENT', `Cannot read YAML: ${why}${at(place)}`);

export const unevenZip = (
  field: string,
  names: readonly string[],
  lengths: readonly number[],
  place?: Place,
): CraquelureError =>
  new CraquelureError(
    'EXPERIMENT',
    `Expected lists of one length under ${field} but received ${names.map((name, i) => `${name}: ${lengths[i]}`).join(', ')}${at(place)}`,
  );

/** All mistakes of an experiment file, one a line. */
export const invalidExperiment = (file: string, mistakes: readonly string[]): CraquelureError =>
  new CraquelureError(
    'EXPERIMENT',
    mistakes.length === 1
      ? mistakes[0]!
      : [`${mistakes.length} mistakes in ${file}:`, ...mistakes.map((mistake) => `  ${mistake}`)].join('\n'),
  );

export const unreadableExperiment = (file: string, cause: unknown): CraquelureError =>
  new CraquelureError('EXPERIMENT', `Cannot read experiment '${file}': ${reasonOf(cause)}`, { cause });

// ---- runs ----------------------------------------------------------------------------------------------------

/** `holder` is `process 4711` or `process 4711 on HOST`; `lock` is the file that says so. */
export const runFolderBusy = (dir: string, holder: string, lock: string): CraquelureError =>
  new CraquelureError(
    'STORE',
    `A run works in '${dir}': ${holder}, as the file '${lock}' says. Wait for it, stop it, or name another folder with --out. ` +
      'Delete that file only if no such process is at work',
  );

export const interrupted = (): CraquelureError =>
  new CraquelureError(
    'INTERRUPTED',
    'Interrupted. Finished work is kept: the same command goes on from here',
  );

export const failedFast = (image: string, why: string): CraquelureError =>
  new CraquelureError('STORE', `Stopped at the first failure, as --fail-fast asks: '${image}': ${why}`);
