/** @file Where what can be fetched again lies, pictures and models, and how much room there is. */
import { statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `CRAQUELURE_CACHE`, else the platform's own place for caches. */
export function cacheFolder(env: Environment = process.env): string {
  if (env.CRAQUELURE_CACHE) return resolve(env.CRAQUELURE_CACHE);
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'craquelure');
  switch (process.platform) {
    case 'darwin':
      return join(homedir(), 'Library', 'Caches', 'craquelure');
    case 'win32':
      return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'craquelure');
    default:
      return join(homedir(), '.cache', 'craquelure');
  }
}

/** Where pictures of manifests are looked for, beside the manifest: the path list `CRAQUELURE_DATA`, then downloads. */
export function dataFolders(env: Environment = process.env): string[] {
  const listed = (env.CRAQUELURE_DATA ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...listed, join(cacheFolder(env), 'data')].map((folder) => resolve(folder));
}

/** Bytes that are free on the disk of a file, whose folder has to be there. */
export async function freeSpace(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(dirname(path));
  return bavail * bsize;
}
