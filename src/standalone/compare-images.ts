/** @file Metrics on two images or two folders, outside an experiment. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { decodeImage, encodeImage, readImage } from '../image/codec.ts';
import type { Image } from '../image/image.ts';
import { visibilityMap } from '../image/visibility.ts';
import {
  differentSizes,
  expected,
  needsExperiment,
  overwritesInput,
  reasonOf,
  unmatchedFiles,
} from '../messages/index.ts';
import type { ImageRef, Metric, MetricContext } from '../metrics/define.ts';
import { metrics } from '../metrics/index.ts';
import { kindOf } from '../metrics/kinds/index.ts';
import type { RoleModels } from '../models/pool.ts';
import { vectorOf as vectorBy } from '../models/vectors.ts';
import { mean } from '../stats/mean.ts';
import { resolvePlugin } from '../plugin/resolve.ts';
import { seededRandom } from '../random.ts';
import type { ModelChoices } from '../models/choice.ts';
import type { Device } from '../runtime/device.ts';
import { openBindings } from '../experiment/bindings.ts';
import { findInputs, type InputFile } from './apply.ts';
import { jobSeed } from '../jobs/seeds.ts';
import { sha256 } from '../files/hashes.ts';
import { writeAtomically } from '../files/atomic.ts';
import { type JobStep, jobStep } from '../experiment/step.ts';
import type { MetricSetting } from '../experiment/setting.ts';
import { makeFolder } from '../files/folders.ts';

/** One line of `measure`'s answer. */
export interface Measurement {
  readonly metric: string;
  /** Mean over the pairs; null if a pair failed. */
  readonly value: number | null;
  readonly unit: string;
  readonly higherIsBetter: boolean;
  /** Number of images of A. */
  readonly n: number;
  /** Number of images of B, if it differs. */
  readonly references?: number;
  readonly protocol: string;
  /** Values per image, if A and B are folders and the metric compares pairs. */
  readonly images?: readonly {
    readonly image: string;
    readonly value: number | null;
    readonly error?: string;
  }[];
  readonly error?: string;
}

interface MeasureOptions {
  readonly seed: number;
  readonly maxPixels: number;
  readonly models: ModelChoices;
  readonly device: Device | 'auto';
}

interface Pair {
  readonly name: string;
  readonly a: InputFile;
  readonly b: InputFile;
}

/** Measures A against the reference B; files of two folders are matched by their path without extension. */
export async function measurePaths(
  a: string,
  b: string,
  settings: readonly MetricSetting[],
  options: MeasureOptions,
): Promise<Measurement[]> {
  const pairs = await matchPairs(a, b);
  const load = async ({ path }: InputFile): Promise<Image> =>
    decodeImage(await readFile(path), { name: path, maxPixels: options.maxPixels });
  const results: Measurement[] = [];
  for (const setting of settings) results.push(await measureSetting(setting, pairs, load, options));
  return results;
}

/**
 * Draws where each image of A differs visibly from its reference in B: `NAME.png` in a folder.
 * @returns the files written
 * @throws IMAGE if the two images of a pair differ in size
 */
export async function drawVisibility(
  a: string,
  b: string,
  out: string,
  maxPixels: number,
): Promise<string[]> {
  const written: string[] = [];
  for (const pair of await matchPairs(a, b)) {
    const image = await readImage(pair.a.path, { maxPixels });
    const reference = await readImage(pair.b.path, { maxPixels });
    if (image.width !== reference.width || image.height !== reference.height)
      throw differentSizes('a map of visible change', image, reference);
    const path = join(out, `${pair.a.name}.png`);
    if ([pair.a, pair.b].some((input) => resolve(input.path) === resolve(path))) throw overwritesInput(path);
    const { bytes } = await encodeImage(visibilityMap(image, reference), { format: 'png' });
    await makeFolder(dirname(path));
    await writeAtomically(path, bytes);
    written.push(path);
  }
  return written;
}

async function matchPairs(a: string, b: string): Promise<Pair[]> {
  const isFolder = async (path: string): Promise<boolean> =>
    (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  const [folderA, folderB] = [await isFolder(a), await isFolder(b)];
  if (folderA !== folderB)
    throw expected('two images or two folders', 'measure', `${a} ${b}`, { code: 'USAGE' });
  const [inA, inB] = [await findInputs([a]), await findInputs([b])];
  if (!folderA) return [{ name: relative('.', a), a: inA[0]!, b: inB[0]! }];
  const byName = new Map(inB.map((file) => [file.name, file]));
  const lonely = [
    ...inA.filter(({ name }) => !byName.has(name)).map(({ path }) => path),
    ...inB.filter(({ name }) => !inA.some((file) => file.name === name)).map(({ path }) => path),
  ];
  if (lonely.length > 0) throw unmatchedFiles(a, b, lonely);
  return inA.map((file) => ({ name: file.name, a: file, b: byName.get(file.name)! }));
}

type Load = (file: InputFile) => Promise<Image>;

/** One metric over all pairs. If it fails, the result holds the error, and the other metrics continue. */
async function measureSetting(
  setting: MetricSetting,
  pairs: readonly Pair[],
  load: Load,
  { seed, models: choices, device }: MeasureOptions,
): Promise<Measurement> {
  const { label, unit, higherIsBetter } = setting;
  const common = { metric: label, unit, higherIsBetter, n: pairs.length };
  try {
    const { bind, modelsOf, close } = await openBindings([['metric', setting]], choices, { device });
    const { links, protocol } = bind('metric', setting);
    const step = jobStep(links[0]!);
    const models = modelsOf(step);
    const vectorOf = rememberedVectors(models);
    const context = (name: string): MetricContext => ({
      random: seededRandom(jobSeed(seed, 'measure', [step], name)),
      models,
      vectorOf,
    });
    try {
      return { ...common, protocol, ...(await measureStep(step, pairs, load, context)) };
    } finally {
      await close();
    }
  } catch (error) {
    return { ...common, protocol: setting.protocol, value: null, error: reasonOf(error) };
  }
}

async function measureStep(
  { id, params }: JobStep,
  pairs: readonly Pair[],
  load: Load,
  context: (name: string) => MetricContext,
): Promise<Pick<Measurement, 'value' | 'images' | 'error'>> {
  const metric = resolvePlugin<Metric>('metric', metrics, id);
  const kind = kindOf(metric);
  if (kind.inputs === 'mimic') throw needsExperiment(id);
  const refs = (side: 'a' | 'b', of = pairs): Promise<ImageRef[]> =>
    Promise.all(of.map((pair) => refOf(pair[side], load)));
  const measured = async (of: readonly Pair[], name: string): Promise<number> => {
    const references = await refs('b', kind.references === 'all' ? pairs : of);
    return kind.measure(metric, { inputs: await refs('a', of), references }, params, context(name));
  };
  if (kind.value === 'set') return { value: await measured(pairs, '*') };
  const images: { image: string; value: number | null; error?: string }[] = [];
  for (const pair of pairs) {
    const { name } = pair;
    try {
      images.push({ image: name, value: await measured([pair], name) });
    } catch (error) {
      images.push({ image: name, value: null, error: reasonOf(error) });
    }
  }
  const failed = images.find(({ value }) => value === null);
  const value = failed === undefined ? mean(images.map((each) => each.value!)) : null;
  return {
    value,
    ...(pairs.length > 1 && { images }),
    ...(failed?.error !== undefined && { error: `${failed.image}: ${failed.error}` }),
  };
}

async function refOf(file: InputFile, load: Load): Promise<ImageRef> {
  return { id: file.name, sha256: sha256(await readFile(file.path)), load: () => load(file) };
}

/** Embeds each image only once per network. */
function rememberedVectors(models: RoleModels): MetricContext['vectorOf'] {
  const known = new Map<string, Promise<Float32Array>>();
  return ({ sha256: hash, load }, role) => {
    const key = `${role} ${hash}`;
    const made =
      known.get(key) ??
      Promise.all([models.open(role), load()]).then(([model, image]) => vectorBy(model, image));
    known.set(key, made);
    return made;
  };
}
