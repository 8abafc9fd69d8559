/** @file What the program says when something is wrong with a run or its folder. */
import { CraquelureError } from './base.ts';

export const notARun = (dir: string, missing: string, cause?: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Folder '${dir}' is not a run: cannot read '${missing}' in it. Name a folder that 'craquelure run' wrote, such as reports/quickstart`,
    { cause },
  );

/** A file of a run's folder that cannot be what the program wrote. */
export const damagedRunFile = (dir: string, name: string, line?: number): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot read '${dir}/${name}': ${line === undefined ? 'the file' : `line ${line}`} is damaged. ${AGAIN}`,
  );

/** A file of a finished run's folder whose hash is no longer the one in the manifest. */
export const changedRunFile = (dir: string, name: string): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot use '${dir}/${name}': it has changed, or is gone, since the run was finished. ${AGAIN}`,
  );

const AGAIN = "Run the experiment again with 'craquelure run': what the store holds is not computed again";

/** A folder for a run that holds something else. */
export const notARunFolder = (dir: string, found: string): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Expected a new or empty folder, or the folder of an earlier run, but '${dir}' holds '${found}'. ` +
      'Name another folder with --out',
  );

/** An entry in the folder of a run that names no artefact. */
export const foreignRunFile = (dir: string, name: string, image: string): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot use '${dir}/${name}': its entry '${image}' does not name an image of an artefact store. ` +
      "Use a run folder that 'craquelure run' wrote",
  );

/** What is said if files of a finished run are made again. */
export const repairedRunFiles = (names: readonly string[]): string =>
  `${names.join(', ')} of the finished run ${names.length > 1 ? 'were' : 'was'} damaged, changed or missing: made again from the store`;

/** What is said if results in the store were damaged. */
export const repairedResults = (count: number): string =>
  `${count} damaged ${count > 1 ? 'files' : 'file'} in the store: the work behind ${count > 1 ? 'them' : 'it'} was done again`;

/** What is said if rows of an interrupted run are written again. */
export const droppedRows = (dropped: number, kept: number): string =>
  `${dropped} lines of rows.jsonl were damaged, changed, or are no longer backed by the store: written again (${kept} kept)`;

/** `holder` is `process 4711` or `process 4711 on HOST`; `lock` is the file that says so. */
export const runFolderBusy = (dir: string, holder: string, lock: string): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Another process writes to '${dir}': ${holder}, as the file '${lock}' says. Wait for it, stop it, or name another folder with --out. ` +
      'Delete that file only if no such process is running',
  );

export const interrupted = (): CraquelureError =>
  new CraquelureError(
    'INTERRUPTED',
    'Interrupted. Finished work is kept: run the same command again to continue',
  );

export const failedFast = (image: string, why: string): CraquelureError =>
  new CraquelureError('STORE', `Stopped at the first failure because of --fail-fast: '${image}': ${why}`);
