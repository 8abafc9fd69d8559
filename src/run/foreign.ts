/**
 * @file What a run's folder from somebody else may say. The images that it names are artefacts of some store, whose files are
 * called after their hashes: so no other file of this machine can be shown or copied, and nothing is written elsewhere.
 */
import { basename } from 'node:path';
import { isRecord } from '../files/json.ts';
import { foreignRunFile } from '../messages/index.ts';
import { ARMS } from '../metrics/arms.ts';
import { RUN_FILES } from './names.ts';
import type { MimicRun, RunImage } from './run-folder.ts';

/** Holds `images.json` to that. @throws STORE naming the first that is something else */
export function assertArtefacts(dir: string, images: readonly RunImage[]): void {
  for (const each of images) {
    const fits =
      isRecord(each) &&
      typeof each.image === 'string' &&
      staysInside(each.image) &&
      ARMS.includes(each.arm) &&
      Number.isInteger(each.seed) &&
      [each.protection, each.attack].every((label) => label === null || typeof label === 'string') &&
      isArtefact(each.path, each.sha256);
    if (!fits) throw foreignRunFile(dir, RUN_FILES.images, String((each as Partial<RunImage> | null)?.image));
  }
}

/** The same of `generated.json`. @throws STORE */
export function assertSamples(dir: string, mimics: readonly MimicRun[]): void {
  for (const each of mimics) {
    const { pictures = [], weights = null } = each;
    const fits =
      pictures.every(({ path, sha256 }) => isArtefact(path, sha256)) &&
      (weights === null || /^[0-9a-f]{64}\.safetensors$/.test(basename(weights)));
    if (!fits) throw foreignRunFile(dir, RUN_FILES.generated, String(each.artist));
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
