/** @file Fetching the pictures of a manifest: those with an address, each held to its listed hash. */
import { dirname, join, resolve } from 'node:path';
import { noAddress } from '../messages/index.ts';
import { dataFolders } from '../files/places.ts';
import { holding } from '../files/lock.ts';
import { type DownloadOptions, download } from '../files/download.ts';
import { assertWritesInside, locate, readPicture } from './files.ts';
import { readManifest } from './manifest.ts';

/** What became of one picture. */
export interface PulledPicture {
  readonly path: string;
  readonly licence: string;
  readonly state: 'here' | 'fetched' | 'failed';
  readonly error?: string;
}

export interface PullOptions extends Pick<DownloadOptions, 'signal'> {
  /** Where pictures go, under the paths that the manifest gives them; by default where data sets are looked for. */
  readonly out?: string | undefined;
  readonly onPicture?: (picture: PulledPicture, done: number, total: number) => void;
}

/** The folder that pictures are fetched into: the first of `CRAQUELURE_DATA`, else one in the cache. */
export const pullFolder = (): string => dataFolders()[0]!;

/** Limit for one image: the largest published scans of paintings have some hundred megabytes. */
const MOST_BYTES = 2 ** 30;

/** Fetches what is missing of a manifest's pictures. One that fails does not keep the others. @throws DATASET */
export async function pullManifest(file: string, options: PullOptions = {}): Promise<PulledPicture[]> {
  const { rows } = await readManifest(file);
  const out = resolve(options.out ?? pullFolder());
  const folders = [dirname(file), out, ...dataFolders()];
  const pictures: PulledPicture[] = [];
  for (const { path, licence, sha256, url, source } of rows) {
    const fetched = async (): Promise<PulledPicture> => {
      if ((await locate(path, folders)) !== undefined) {
        await readPicture({ path, sha256, folders });
        return { path, licence, state: 'here' };
      }
      if (url === '') throw noAddress(path, source);
      const { signal } = options;
      const target = join(out, path);
      await assertWritesInside(out, path);
      return holding(
        `${target}.pulling`,
        async () => {
          if ((await locate(path, folders)) !== undefined) return { path, licence, state: 'here' };
          await download(url, target, { sha256, signal, maxBytes: MOST_BYTES });
          return { path, licence, state: 'fetched' };
        },
        { signal },
      );
    };
    const picture = await fetched().catch((error: Error): PulledPicture => {
      if (options.signal?.aborted) throw error;
      return { path, licence, state: 'failed', error: error.message };
    });
    pictures.push(picture);
    options.onPicture?.(picture, pictures.length, rows.length);
  }
  return pictures;
}
