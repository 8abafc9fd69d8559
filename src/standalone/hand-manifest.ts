/**
 * @file `protections.json`: what made the pictures that `protect` wrote into a folder. One record a picture, by the name
 * of its file; a picture that is protected again replaces its record, others of the folder keep theirs.
 */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ResolvedModel } from '../models/resolve.ts';
import type { Notes } from '../plugin/define.ts';
import type { Budget } from '../protections/define.ts';
import type { OutputFile } from './by-hand.ts';
import { toolVersion } from '../run/manifest.ts';
import { writeJson } from '../files/json.ts';
import { toJsonValue } from '../files/json-number.ts';
import type { Setting, SettingLink } from '../experiment/setting.ts';

/** One protected picture. */
interface HandRecord extends Pick<SettingLink, 'id' | 'version' | 'params' | 'pictures'> {
  /** As a call. */
  readonly setting: string;
  readonly input: string;
  /** What the picture shows; a poison keeps its own. */
  readonly caption?: string;
  readonly sha256: OutputFile['sha256'];
  readonly width: number;
  readonly height: number;
  /** The root seed, and what the draws of this picture began with. */
  readonly seed: { readonly root: number; readonly picture: number | null };
  /** In 1/255 and in the perceptual distance: asked for, and measured on the saved file. */
  readonly budget: { readonly asked: Budget; readonly measured: Readonly<Record<string, unknown>> };
  /** What the protection chose and reached. */
  readonly notes?: Notes;
  readonly models: readonly Pick<ResolvedModel, 'role' | 'id' | 'key' | 'files' | 'trust'>[];
  readonly tool: string;
  readonly finished: string;
  readonly ms: number;
}

const NAME = 'protections.json';

/** Writes or completes the folder's record. */
export async function writeHandManifest(
  dir: string,
  outputs: readonly OutputFile[],
  {
    setting,
    seed,
    models,
  }: { readonly setting: Setting; readonly seed: number; readonly models: readonly ResolvedModel[] },
): Promise<void> {
  const path = join(dir, NAME);
  const before = JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as Record<string, HandRecord>;
  const { id, version, params, pictures } = setting.links[0]!;
  const made = outputs.map((output): [string, HandRecord] => [
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

/** JSON has no infinity: the PSNR of an unchanged picture is "inf". */
const numbersOf = (measured: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(measured).map(([name, value]) => [name, toJsonValue(value as number)]));
