/** @file A folder with one network, as `save_pretrained` writes it: `config.json` and a checkpoint under a known name. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Config, readConfigFile } from './config.ts';
import { filesOfCheckpoint } from './weights/checkpoint.ts';

export const CONFIG = 'config.json';

/** A network on disk. */
export interface Component {
  /** Its class, as the configuration says: `UNet2DConditionModel`. */
  readonly network: string;
  readonly config: string;
  /** The checkpoint: a file, or the index of several. */
  readonly checkpoint: string;
  /** The checkpoint first, then its parts, then the configuration. */
  readonly files: readonly string[];
}

/** Names of checkpoints, those that are read best first; `fp16` is the variant that the hub has beside the whole. */
const CHECKPOINTS = ['diffusion_pytorch_model', 'model', 'pytorch_model'].flatMap((name) => [
  `${name}.safetensors`,
  `${name}.safetensors.index.json`,
  `${name}.fp16.safetensors`,
  `${name}.safetensors.index.fp16.json`,
  `${name}.bin`,
  `${name}.bin.index.json`,
  `${name}.fp16.bin`,
]);

/** The network in a folder; undefined if it has no configuration or no checkpoint. @throws MODEL if either is damaged */
export async function findComponent(folder: string): Promise<Component | undefined> {
  const names = new Set(await readdir(folder).catch(() => []));
  const name = CHECKPOINTS.find((each) => names.has(each));
  if (!names.has(CONFIG) || name === undefined) return undefined;
  const [config, checkpoint] = [join(folder, CONFIG), join(folder, name)];
  const files = [...(await filesOfCheckpoint(checkpoint)), config];
  return { network: classOf(await readConfigFile(config)), config, checkpoint, files };
}

/** The class of a network: diffusers writes `_class_name`, transformers `architectures`. */
export function classOf({ _class_name: name, architectures }: Config): string {
  if (typeof name === 'string') return name;
  return Array.isArray(architectures) ? String(architectures[0]) : 'unknown';
}

/**
 * The folder with a model's files: itself, or in the hub's cache (`models--OWNER--NAME/`) the snapshot in it that was fetched
 * last.
 */
export async function modelFolder(folder: string): Promise<string> {
  if (!basename(folder).startsWith('models--')) return folder;
  const snapshots = join(folder, 'snapshots');
  const found = await Promise.all(
    (await readdir(snapshots).catch(() => [])).map(async (name) => {
      const path = join(snapshots, name);
      return { path, time: (await stat(path)).mtimeMs };
    }),
  );
  return found.sort((a, b) => b.time - a.time)[0]?.path ?? folder;
}

/** The configuration among the files of a network. */
export const configAmong = (files: readonly string[]): string | undefined =>
  files.find((path) => basename(path) === CONFIG && dirname(path) === dirname(files[0]!));
