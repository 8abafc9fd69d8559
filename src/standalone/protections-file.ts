/**
 * @file `protections.json`: how the images that `protect` wrote to a folder were made. One record per image, under the
 * name of its file. An image that is protected again replaces its record; the other records of the folder stay.
 */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ResolvedModel } from '../models/resolve.ts';
import type { Notes } from '../plugin/define.ts';
import type { Budget } from '../protections/define.ts';
import type { OutputFile } from './apply.ts';
import { toolVersion } from '../run/manifest.ts';
import { writeJson } from '../files/json.ts';
import { toJsonValue } from '../files/json-number.ts';
import type { Setting, SettingLink } from '../experiment/setting.ts';

/** One protected image. */
interface ProtectionRecord extends Pick<SettingLink, 'id' | 'version' | 'params' | 'pictures'> {
  /** The protection as a call: `noise(level=heavy)`. */
  readonly setting: string;
  readonly input: string;
  /** The caption, which a protection does not change. */
  readonly caption?: string;
  readonly sha256: OutputFile['sha256'];
  readonly width: number;
  readonly height: number;
  /** The root seed, and the seed of this image's random numbers. */
  readonly seed: { readonly root: number; readonly picture: number | null };
  /** Asked for, and measured on the saved file; in 1/255 and as perceptual distance. */
  readonly budget: { readonly asked: Budget; readonly measured: Readonly<Record<string, unknown>> };
  /** What the protection chose and reached. */
  readonly notes?: Notes;
  readonly models: readonly Pick<ResolvedModel, 'role' | 'id' | 'key' | 'files' | 'trust'>[];
  readonly tool: string;
  readonly finished: string;
  readonly ms: number;
}

const NAME = 'protections.json';

/** Writes or extends the record of the folder. */
export async function writeProtectionsFile(
  dir: string,
  outputs: readonly OutputFile[],
  {
    setting,
    seed,
    models,
  }: { readonly setting: Setting; readonly seed: number; readonly models: readonly ResolvedModel[] },
): Promise<void> {
  const path = join(dir, NAME);
  const before = JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as Record<
    string,
    ProtectionRecord
  >;
  const { id, version, params, pictures } = setting.links[0]!;
  const made = outputs.map((output): [string, ProtectionRecord] => [
    relative(dir, output.output).replaceAll('\\', '/'),
    {
      setting: setting.label,
      id,
      version,
      params,
      ...(pictures && { pictures }),
      input: output.input,
      ...(output.caption !== undefined && { caption: output.caption }),
      sha256: output.sha256,
      width: output.width,
      height: output.height,
      seed: { root: seed, picture: output.seed },
      budget: { asked: output.asked ?? {}, measured: numbersOf(output.measured ?? {}) },
      ...(output.notes && { notes: output.notes }),
      models: models.map(({ role, id: model, key, files, trust }) => ({
        role,
        id: model,
        key,
        files,
        trust,
      })),
      tool: `craquelure ${toolVersion()}`,
      finished: new Date().toISOString(),
      ms: Math.round(output.ms),
    },
  ]);
  const all = { ...before, ...Object.fromEntries(made) };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeJson(path, sorted);
}

/** JSON has no infinity: the PSNR of an unchanged image is "inf". */
const numbersOf = (measured: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(measured).map(([name, value]) => [name, toJsonValue(value as number)]));
