/**
 * @file Pictures that parameters name: a file, a folder, a manifest or the generator. They are listed before anything
 * runs; job keys carry a hash over their bytes instead of the path, so that a result belongs to what was in the files.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { DatasetItem } from '../datasets/dataset.ts';
import { openDataset } from '../datasets/open.ts';
import { type PictureOrigin, readOrigin } from '../datasets/origin.ts';
import { decodeImage } from '../image/codec.ts';
import { isImageFile } from '../image/formats.ts';
import { hashOf } from '../files/hashes.ts';
import type { NamedPicture } from '../plugin/define.ts';
import { undeclaredReference } from '../messages/index.ts';
import { keyOf } from '../files/keys.ts';
import { readDataset } from './dataset.ts';
import type { JobStep } from './step.ts';

/** A collection of pictures as plain JSON: what a thread or another machine needs to read it. */
export interface ResolvedPictures {
  /** Hash over the pictures and what is known of them. */
  readonly key: string;
  readonly items: readonly ListedPicture[];
}

interface ListedPicture extends Pick<DatasetItem, 'id' | 'sha256' | 'artist' | 'caption'> {
  readonly origin: PictureOrigin;
}

/** What a parameter's text names. @throws USAGE, DATASET if it does not exist or has no image in it. */
export async function listPictures(text: string, baseDirs: readonly string[]): Promise<ResolvedPictures> {
  const file = await existing(text, baseDirs);
  const items =
    file !== undefined && isImageFile(file)
      ? [await pictureFile(file)]
      : await datasetItems(text, file === undefined ? baseDirs[0]! : dirname(resolve(file)), file);
  return { key: keyOf(items.map(({ origin: _, ...known }) => known)), items };
}

async function existing(path: string, baseDirs: readonly string[]): Promise<string | undefined> {
  for (const place of baseDirs.map((dir) => resolve(dir, path))) {
    if ((await stat(place).catch(() => undefined)) !== undefined) return place;
  }
  return undefined;
}

async function pictureFile(file: string): Promise<ListedPicture> {
  const path = basename(file);
  const sha256 = await hashOf(file);
  return { id: path, sha256, origin: { kind: 'file', path, sha256, folders: [dirname(file)] } };
}

async function datasetItems(text: string, baseDir: string, found?: string): Promise<ListedPicture[]> {
  const spec = readDataset(found ?? text, {});
  const { items } = await openDataset(spec, { baseDir });
  return items.map(({ id, sha256, artist, caption, origin }) => ({
    id,
    sha256,
    origin,
    ...(artist !== undefined && { artist }),
    ...(caption !== undefined && { caption }),
  }));
}

/** From a step to the pictures that its parameters name: their keys stand where the names stood. */
export type PicturesOf = (step: JobStep) => (parameter: string) => readonly NamedPicture[];

/** Finds collections by the keys that steps name, and reads their pictures when asked. */
export function picturesFrom(available: readonly ResolvedPictures[]): PicturesOf {
  return ({ params }) =>
    (parameter) => {
      const found = available.find(({ key }) => key === params[parameter]);
      if (found === undefined) throw undeclaredReference(parameter);
      return found.items.map(({ origin, ...known }) => ({
        ...known,
        load: async () =>
          decodeImage(await readOrigin(origin), { name: known.id, maxPixels: Number.POSITIVE_INFINITY }),
      }));
    };
}
