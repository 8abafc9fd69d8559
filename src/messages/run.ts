/** @file What the program says when something is wrong with a run or its folder. */
import { CraquelureError } from './base.ts';

export const notARun = (dir: string, missing: string, cause: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Folder '${dir}' is not a run: cannot read '${missing}' in it. Name a folder that 'craquelure run' wrote, such as reports/quickstart`,
    { cause },
  );

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
