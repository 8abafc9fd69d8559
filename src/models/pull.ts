/** @file Downloading a model's files into the cache, and what is recorded of them. */
import { rm } from 'node:fs/promises';
import { holding, type WaitOptions } from '../files/lock.ts';
import { type DownloadOptions, download } from '../files/download.ts';
import { absentModel, wrongDownload } from '../messages/index.ts';
import type { ModelEntry } from './entry.ts';
import type { ModelHome } from './home.ts';
import { downloadPath, type LocatedFile, locateFile } from './locate.ts';
import { readLock, writeLock } from './lock.ts';
import { formHere, isPublished } from './forms.ts';

export interface PullOptions extends Pick<DownloadOptions, 'signal' | 'env'>, Pick<WaitOptions, 'onWait'> {
  /** Fetch again what is here, and trust what comes where the registry knows no hash. */
  readonly force?: boolean;
  readonly onProgress?: (file: string, received: number, total: number | undefined) => void;
}

/**
 * Fetches what is missing of a model; where another process does, waits and takes what it brought.
 * @returns its files. @throws MODEL if a file is published nowhere.
 */
export async function pullModel(
  entry: ModelEntry,
  home: ModelHome,
  options: PullOptions = {},
): Promise<LocatedFile[]> {
  const found: LocatedFile[] = [];
  const { form } = await formHere(entry, home);
  for (const [name, { url }] of Object.entries(form.files)) {
    const before = await locateFile(form, name, home);
    if (before.state === 'ok' && !(options.force && url !== undefined)) {
      found.push(before);
      continue;
    }
    if (url === undefined) {
      throw absentModel(entry.id, [name], { published: isPublished(entry), obtain: entry.obtain });
    }
    // One claim for the folder: its files share `lock.json`.
    const claim = downloadPath(home, entry.id, '.pulling');
    found.push(await holding(claim, () => pullFile(form, name, url, home, options), options));
  }
  return found;
}

async function pullFile(
  entry: ModelEntry,
  name: string,
  url: string,
  home: ModelHome,
  { force = false, onProgress, signal, env }: PullOptions,
): Promise<LocatedFile> {
  const meanwhile = await locateFile(entry, name, home);
  if (meanwhile.state === 'ok' && !force) return meanwhile;
  const lock = await readLock(home.cache, entry.id);
  const listed = entry.files[name]?.sha256;
  const {
    sha256,
    bytes,
    url: from,
  } = await download(url, downloadPath(home, entry.id, name), {
    sha256: listed ?? (force ? undefined : lock[name]?.sha256),
    signal,
    ...(env && { env }),
    ...(onProgress && { onProgress: (received, total) => onProgress(name, received, total) }),
  });
  const begins = entry.files[name]?.sha256Begins ?? '';
  if (!sha256.startsWith(begins)) {
    await rm(downloadPath(home, entry.id, name), { force: true });
    throw wrongDownload(url, `${begins}...`, sha256);
  }
  const locked = { sha256, bytes, url: from, downloaded: new Date().toISOString() };
  await writeLock(home.cache, entry.id, { ...lock, [name]: locked });
  return locateFile(entry, name, home);
}
