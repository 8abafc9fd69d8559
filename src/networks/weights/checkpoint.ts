/** @file Opening a checkpoint by its path, whatever its format: safetensors, whole or in parts, or a PyTorch file. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { missingShard, reasonOf, unreadableCheckpoint } from '../../messages/index.ts';
import { readSafetensorsIndex } from '../../onnx/safetensors.ts';
import { readTorchFile } from './torch-file.ts';
import type { PlacedTensor, Weights } from './weights.ts';

const INDEX = /\.(?:safetensors|bin)\.index(?:\.[\w-]+)?\.json$/;

/** Endings of files that checkpoints are published in. */
export const isCheckpoint = (path: string): boolean =>
  /\.(?:safetensors|pth|pt|bin|ckpt)$/.test(path) || INDEX.test(path);

/** The tensors of a file, or of the files that an index (`*.safetensors.index.json`) lists. @throws MODEL */
export async function openCheckpoint(path: string): Promise<Weights> {
  if (INDEX.test(path)) return openParts(path);
  return { source: path, tensors: new Map(await tensorsIn(path)) };
}

/** The tensors of several files under their names: an index with its parts, or a network and its heads. */
export async function openCheckpoints(paths: readonly string[]): Promise<Weights> {
  const [first] = paths as [string];
  if (paths.length === 1 || INDEX.test(first)) return openCheckpoint(first);
  const all = await Promise.all(paths.map(openCheckpoint));
  return { source: paths.join("' and '"), tensors: new Map(all.flatMap(({ tensors }) => [...tensors])) };
}

/** The files that hold a checkpoint's tensors: itself, or itself and its parts. */
export async function filesOfCheckpoint(path: string): Promise<readonly string[]> {
  if (!INDEX.test(path)) return [path];
  const { weight_map } = await readIndex(path);
  return [path, ...[...new Set(Object.values(weight_map))].map((name) => join(dirname(path), name))];
}

async function tensorsIn(path: string): Promise<[string, PlacedTensor][]> {
  if (/\.gguf$/i.test(path)) throw unreadableCheckpoint(path, GGUF);
  if (!path.endsWith('.safetensors')) return readTorchFile(path);
  const entries = await readSafetensorsIndex(path);
  const real = await realpath(path);
  return entries.map(({ name, dtype, dims, offset }) => [name, { dtype, dims, path: real, offset }]);
}

const GGUF = 'GGUF weights are quantised. Get the float16 safetensors of this model';

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

async function readIndex(path: string): Promise<z.infer<typeof indexSchema>> {
  try {
    return indexSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw unreadableCheckpoint(path, error instanceof z.ZodError ? 'it has no weight_map' : reasonOf(error));
  }
}

async function openParts(path: string): Promise<Weights> {
  const { weight_map } = await readIndex(path);
  const tensors = new Map<string, PlacedTensor>();
  for (const name of new Set(Object.values(weight_map))) {
    const [listed] = Object.entries(weight_map).find(([, file]) => file === name)!;
    if (basename(name) !== name)
      throw unreadableCheckpoint(path, `it lists '${name}', which is not beside it`);
    const part = join(dirname(path), name);
    if ((await stat(part).catch(() => undefined)) === undefined) throw missingShard(part, path, listed);
    for (const [tensor, placed] of await tensorsIn(part)) tensors.set(tensor, placed);
  }
  const absent = Object.keys(weight_map).find((name) => !tensors.has(name));
  if (absent !== undefined) throw missingShard(join(dirname(path), weight_map[absent]!), path, absent);
  return { source: path, tensors };
}
