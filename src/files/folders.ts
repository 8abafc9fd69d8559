/** @file Folders, made with those above them. Node's own recursive `mkdir` never ends where the system refuses, as under /proc. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskFull, unwritableFolder } from '../messages/index.ts';

/** Makes a folder and whatever is missing above it. @throws STORE if it cannot be made, or a file is in its place */
export async function makeFolder(path: string): Promise<void> {
  try {
    await make(path);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC'
      ? diskFull(path, error)
      : unwritableFolder(path, error);
  }
}

/** @param again false: the folder above is there, so that a refusal is not for want of it */
async function make(path: string, again = true): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'EISDIR') {
      if ((await stat(path)).isDirectory()) return;
      throw error;
    }
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path || !again) throw error;
    // Another thread may have made the folder above since.
    if (!(await isThere(above))) await make(above);
    await make(path, false);
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
