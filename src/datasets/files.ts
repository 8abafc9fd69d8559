/** @file Reading pictures that must lie inside a folder and carry a known hash. */
import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { hashOf, sha256 } from '../files/hashes.ts';
import { changedImage, missingImage, imageOutside, unreadableImage } from '../messages/index.ts';

/** Where a picture of a data set is looked for, and what it must be. */
export interface PictureFile {
  /** Relative to a folder, with `/` between folders. */
  readonly path: string;
  /** Expected hash, lower-case hex. */
  readonly sha256: string;
  /** Searched in this order; the first that holds the path counts. */
  readonly folders: readonly string[];
}

/** True if `path` is `folder` or lies below it; both absolute. */
function isInside(folder: string, path: string): boolean {
  const steps = relative(folder, path);
  return steps !== '..' && !steps.startsWith(`..${sep}`) && !isAbsolute(steps);
}

/**
 * The real place of `path` in the first folder that has it, in whichever Unicode form the folder spells it; `undefined` if
 * none has. Links may not lead outside, and pipes and devices, whose reading never ends, are not files.
 */
export async function locate(path: string, folders: readonly string[]): Promise<string | undefined> {
  const spellings = new Set([path, path.normalize('NFC'), path.normalize('NFD')]);
  for (const folder of folders) {
    for (const spelling of spellings) {
      const file = await realpath(join(folder, spelling)).catch(() => undefined);
      if (file === undefined) continue;
      if (!isInside(await realpath(folder), file)) throw imageOutside(path, folder);
      if (!(await stat(file)).isFile()) throw unreadableImage(path, 'it is not a file');
      return file;
    }
  }
  return undefined;
}

/** The bytes of a picture, once they are known to be the right ones. */
export async function readPicture({ path, sha256: listed, folders }: PictureFile): Promise<Uint8Array> {
  const file = await locate(path, folders);
  if (file === undefined) throw missingImage(path, folders);
  const bytes = await readFile(file).catch((cause: Error) => {
    throw unreadableImage(path, cause.message);
  });
  const found = sha256(bytes);
  if (found !== listed) throw changedImage(path, listed, found);
  return bytes;
}

/** Holds a picture to its hash, if it is there, without keeping its bytes. @throws DATASET if it has another */
export async function assertListed({ path, sha256: listed, folders }: PictureFile): Promise<void> {
  const file = await locate(path, folders);
  if (file === undefined) return;
  const found = await hashOf(file).catch((cause: Error) => {
    throw unreadableImage(path, cause.message);
  });
  if (found !== listed) throw changedImage(path, listed, found);
}

/** Holds a file that is to be written below `folder` to it. @throws DATASET if a link on the way leads elsewhere */
export async function assertWritesInside(folder: string, path: string): Promise<void> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined) return; // it is made yet
  const steps = path.split('/');
  for (let i = 1; i <= steps.length; i++) {
    const place = join(folder, ...steps.slice(0, i));
    const names = i < steps.length ? [place] : [place, `${place}.part`, `${place}.part.etag`];
    for (const name of names) {
      const found = await lstat(name).catch(() => undefined);
      if (found?.isSymbolicLink() && !isInside(root, await realpath(name).catch(() => '/'))) {
        throw imageOutside(path, folder);
      }
    }
  }
}
