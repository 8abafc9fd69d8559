/**
 * @file What a run's folder from somebody else may say. The images that it names are artefacts of some store, whose files are
 * called after their hashes: so no other file of this machine can be shown or copied, and nothing is written elsewhere.
 */
import { basename } from 'node:path';
import { isRecord } from '../files/json.ts';
import { foreignRunFile } from '../messages/index.ts';
import { ARMS } from '../metrics/arms.ts';
import { RUN_FILES } from './names.ts';

/** An entry of `images.json`, before it is known to be one. */
type Entry = Readonly<Record<string, unknown>>;

/** Holds `images.json` to that. @throws STORE naming the first that is something else */
export function assertArtefacts(dir: string, images: readonly unknown[]): void {
  for (const each of images) {
    const fits =
      isRecord(each) &&
      typeof each.image === 'string' &&
      staysInside(each.image) &&
      (ARMS as readonly unknown[]).includes(each.arm) &&
      Number.isInteger(each.seed) &&
      [each.protection, each.attack].every((label) => label === null || typeof label === 'string') &&
      isArtefact(each.path, each.sha256);
    if (!fits) throw foreignRunFile(dir, RUN_FILES.images, String((each as Entry | null)?.image));
  }
}

/** The same of `generated.json`. @throws STORE */
export function assertSamples(dir: string, mimics: readonly unknown[]): void {
  for (const each of mimics) {
    const { pictures = [], weights = null, artist = '' } = isRecord(each) ? each : { pictures: null };
    const fits =
      Array.isArray(pictures) &&
      pictures.every((picture: unknown) => isRecord(picture) && isArtefact(picture.path, picture.sha256)) &&
      (weights === null ||
        (typeof weights === 'string' && /^[0-9a-f]{64}\.safetensors$/.test(basename(weights))));
    if (!fits) throw foreignRunFile(dir, RUN_FILES.generated, String(artist));
  }
}

const isArtefact = (path: unknown, sha256: unknown): boolean =>
  typeof sha256 === 'string' &&
  /^[0-9a-f]{64}$/.test(sha256) &&
  typeof path === 'string' &&
  basename(path.replaceAll('\\', '/')) === `${sha256}.png`;

/** A path that climbs out, starts at a root, names a drive or holds a NUL is not the id of an image. */
const staysInside = (id: string): boolean =>
  !/^(?:[/\\]|[a-z]:)|\0/i.test(id) && !id.split(/[/\\]/).includes('..');
