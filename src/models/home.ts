/** @file Where models lie on this machine, as the environment says. */
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, type Environment } from '../files/places.ts';
import { catalogue } from './catalogue/index.ts';
import type { ModelEntry } from './entry.ts';

/** The registry and the places that are searched for its files, in this order. */
export interface ModelHome {
  readonly entries: readonly ModelEntry[];
  /** Models that ship with the package. */
  readonly embedded: string;
  /** Folders of `CRAQUELURE_MODELS`: a cluster's disk, a mirror on a memory stick. Never written to. */
  readonly folders: readonly string[];
  /** Where downloads go. */
  readonly cache: string;
  /** The cache of Hugging Face's own programs, read but never written. */
  readonly hub: string;
}

/** The registry as this machine's user has it. */
export function modelHome(env: Environment = process.env): ModelHome {
  const folders = (env.CRAQUELURE_MODELS ?? '').split(delimiter).filter((folder) => folder !== '');
  return {
    entries: catalogue,
    embedded: fileURLToPath(new URL('../../models', import.meta.url)),
    folders: folders.map((folder) => resolve(folder)),
    cache: cacheFolder(env),
    hub: join(env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface'), 'hub'),
  };
}
