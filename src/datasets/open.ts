/** @file From what an experiment file says under `dataset:` to the data set itself. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { expected, type Place } from '../messages/index.ts';
import { type AtelierParameters, atelierSchema, parseAtelier } from '../atelier/catalogue.ts';
import { isRecord } from '../files/json.ts';
import { dataFolders, type Environment } from '../files/places.ts';
import type { Dataset } from './dataset.ts';
import { openFolder } from './folder.ts';
import { openManifest } from './manifest.ts';
import { openAtelier } from './atelier.ts';

/** A data set as an experiment names it, checked. Paths are as the user wrote them. */
export type DatasetSpec =
  | { readonly kind: 'manifest'; readonly path: string }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'atelier'; readonly parameters: AtelierParameters };

/** What may stand under `dataset:`. A path ending in `.csv` is a manifest, any other but `atelier` a folder. */
export const datasetSchema = z.union([
  z.string().min(1).describe("path of a CSV manifest or of a folder of images, or 'atelier'"),
  z.strictObject({ manifest: z.string().min(1).describe('path of a CSV manifest') }),
  z.strictObject({ folder: z.string().min(1).describe('path of a folder of images') }),
  z.strictObject({ atelier: atelierSchema.describe('synthetic paintings') }),
]);

/**
 * The data set that `value`, read from an experiment file or a command line, names. A call such as
 * `atelier(count=4)` comes as `{ atelier: { count: 4 } }`.
 */
export function parseDatasetSpec(value: unknown, place?: Place): DatasetSpec {
  if (value === 'atelier') return { kind: 'atelier', parameters: parseAtelier({}, place) };
  if (isRecord(value) && isRecord(value.atelier) && Object.keys(value).length === 1) {
    return { kind: 'atelier', parameters: parseAtelier(value.atelier, place) };
  }
  const parsed = datasetSchema.safeParse(value);
  if (!parsed.success || (typeof parsed.data === 'object' && 'atelier' in parsed.data)) {
    const accepted = "a path, 'atelier', { manifest: PATH }, { folder: PATH } or { atelier: { ... } }";
    throw expected(accepted, 'dataset', value, { code: 'EXPERIMENT', place });
  }
  const spec = parsed.data;
  if (typeof spec !== 'string') {
    return 'manifest' in spec
      ? { kind: 'manifest', path: spec.manifest }
      : { kind: 'folder', path: spec.folder };
  }
  return { kind: /\.csv$/i.test(spec) ? 'manifest' : 'folder', path: spec };
}

/**
 * Opens a data set. Relative paths start at `baseDir`. The pictures of a manifest are looked for in its own folder,
 * then in each folder of `CRAQUELURE_DATA`, then among downloads.
 */
export async function openDataset(
  spec: DatasetSpec,
  { baseDir, env = process.env }: { readonly baseDir: string; readonly env?: Environment },
): Promise<Dataset> {
  if (spec.kind === 'atelier') return openAtelier(spec.parameters);
  const path = resolve(baseDir, spec.path);
  return spec.kind === 'folder'
    ? openFolder(path, spec.path)
    : openManifest(path, spec.path, dataFolders(env));
}
