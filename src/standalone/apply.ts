/**
 * @file One protection or attack on files, outside an experiment. Seeds follow the same rule as in a matrix, so an image
 * protected here has the bytes that a run with the same seed stores.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import { decodeImage, encodeImage } from '../image/codec.ts';
import { extensionOf, isImageFile } from '../image/formats.ts';
import type { Image } from '../image/image.ts';
import type { Notes } from '../plugin/define.ts';
import type { Budget } from '../protections/define.ts';
import { emptyFolder, missingFile, overwritesInput, sameOutput } from '../messages/index.ts';
import { jobSeed } from '../jobs/seeds.ts';
import { sha256 } from '../files/hashes.ts';
import type { MeasuredBudget, MeasuredLooks } from '../jobs/safeguards.ts';
import { writeAtomically } from '../files/atomic.ts';
import { jobStep } from '../experiment/step.ts';
import type { Setting } from '../experiment/setting.ts';
import { attackImage } from '../jobs/stages/attack.ts';
import { measureSaved, protectImage } from '../jobs/stages/protect.ts';
import type { PluginServices } from '../jobs/stage.ts';
import { makeFolder } from '../files/folders.ts';

/** An image to process. */
export interface InputFile {
  readonly path: string;
  /** Path of its result below the output folder, without extension. */
  readonly name: string;
}

/** An image that was processed. */
export interface OutputFile {
  readonly input: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly ms: number;
  /** Hashes of the input file and of the written file. */
  readonly sha256: { readonly input: string; readonly output: string };
  /** Seed of this image's random numbers; null if there were none. */
  readonly seed: number | null;
  /** Protections only: the budget that was asked for. */
  readonly asked?: Budget;
  /** Protections only: measured on the saved file. */
  readonly measured?: MeasuredBudget & MeasuredLooks;
  /** Protections only: the content of the caption file, which is copied unchanged. */
  readonly caption?: string;
  /** Protections only: what the protection chose, such as its target, and what it reached. */
  readonly notes?: Notes;
}

export interface ApplyOptions extends PluginServices {
  readonly outDir: string;
  readonly seed: number;
  readonly maxPixels: number;
}

/** The images that the paths name: files, and folders with everything below them. */
export async function findInputs(paths: readonly string[]): Promise<InputFile[]> {
  const found: InputFile[] = [];
  for (const path of paths) {
    const kind = await stat(path).catch((error: unknown) => {
      throw missingFile(path, error);
    });
    if (!kind.isDirectory()) {
      found.push({ path, name: basename(path, extname(path)) });
      continue;
    }
    const below = (await readdir(path, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && isImageFile(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    if (below.length === 0) throw emptyFolder(path);
    for (const file of below) found.push({ path: file, name: withoutExtension(relative(path, file)) });
  }
  const taken = new Map<string, string>();
  for (const { name, path } of found) {
    const earlier = taken.get(name);
    if (earlier !== undefined) throw sameOutput(earlier, path, name);
    taken.set(name, path);
  }
  return found;
}

/** Protects one file. The budget is measured on the written file; a caption file is copied. */
export async function protectFile(
  input: InputFile,
  setting: Setting,
  options: ApplyOptions,
): Promise<OutputFile> {
  const step = jobStep(setting.links[0]!);
  const started = performance.now();
  const { clean, seed, source } = await open(input, setting, 'protect', options);
  const { image, budget, notes } = await protectImage(clean, step, seed, options);
  const { bytes } = await encodeImage(image, { format: 'png' });
  const saved = await decodeImage(bytes, { name: input.path, maxPixels: Infinity });
  const measured = await measureSaved(step, clean, saved, budget, options);
  const written = await save(input, image, bytes, 'png', options);
  const hashes = { input: source, output: sha256(bytes) };
  const caption = await passCaption(input, written.output);
  const ms = performance.now() - started;
  return { ...written, ms, sha256: hashes, seed, asked: budget, measured, ...caption, ...notes };
}

/** Attacks one file. If the chain ends with an encoder, its exact bytes are written, with its extension. */
export async function attackFile(
  input: InputFile,
  setting: Setting,
  options: ApplyOptions,
): Promise<OutputFile> {
  const started = performance.now();
  const { clean, seed, source } = await open(input, setting, 'attack', options);
  const image = await attackImage(clean, setting.links.map(jobStep), seed, options);
  // The encoder's own file has no alpha plane.
  const encoded =
    image.file !== undefined && image.alpha === undefined
      ? image.file
      : await encodeImage(image, { format: 'png' });
  const written = await save(input, image, encoded.bytes, extensionOf(encoded.format), options);
  const hashes = { input: source, output: sha256(encoded.bytes) };
  return { ...written, ms: performance.now() - started, sha256: hashes, seed };
}

async function open(
  input: InputFile,
  setting: Setting,
  stage: 'protect' | 'attack',
  { seed, maxPixels }: ApplyOptions,
): Promise<{ clean: Image; seed: number | null; source: string }> {
  const bytes = await readFile(input.path);
  const clean = await decodeImage(bytes, { name: input.path, maxPixels });
  const steps = setting.links.map(jobStep);
  const source = sha256(bytes);
  return { clean, source, seed: setting.random ? jobSeed(seed, stage, steps, source) : null };
}

async function save(
  input: InputFile,
  { width, height }: Image,
  bytes: Uint8Array,
  extension: string,
  { outDir }: ApplyOptions,
): Promise<Pick<OutputFile, 'input' | 'output' | 'width' | 'height'>> {
  const output = join(outDir, `${input.name}.${extension.replace(/^\./, '')}`);
  const same = async (): Promise<boolean> =>
    (await realpath(output).catch(() => resolve(output))) === (await realpath(input.path));
  if (await same()) throw overwritesInput(input.path);
  await makeFolder(outDir);
  await writeAtomically(output, bytes);
  return { input: input.path, output, width, height };
}

/** The caption of an image, in the usual place for training: a `.txt` file of the same name. It is copied to the result. */
async function passCaption(input: InputFile, output: string): Promise<{ caption?: string }> {
  const captionPath = (path: string): string => `${withoutExtension(path)}.txt`;
  const text = await readFile(captionPath(input.path), 'utf8').catch(() => undefined);
  if (text === undefined) return {};
  await writeAtomically(captionPath(output), text);
  return { caption: text.trim() };
}

const withoutExtension = (path: string): string => path.slice(0, path.length - extname(path).length);
