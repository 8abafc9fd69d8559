/** @file Reading the `config.json` of a network: what is known is checked, and what is not known is refused by its name. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { brokenConfig, reasonOf, unsupportedOption } from '../messages/index.ts';

/** A configuration as it stands in the file. */
export type Config = Readonly<Record<string, unknown>>;

/** @throws MODEL if the file is not there, or no JSON object */
export async function readConfigFile(path: string): Promise<Config> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw brokenConfig(path, error instanceof z.ZodError ? 'it is not a JSON object' : reasonOf(error));
  }
}

/** An option that is understood only if it has one of these values; where it is absent, it has the first. */
export const only = <T extends string | number | boolean | null>(first: T, ...others: readonly T[]) =>
  z.literal([first, ...others]).default(first as never);

/**
 * The options of a network, with defaults. Further options may stand there if they are off (null, false, 0, an empty list) or
 * say nothing about the graph (`ignored`, and names that begin with `_`). @throws MODEL that names the first option amiss
 */
export function parseConfig<S extends z.ZodObject>(
  network: string,
  path: string,
  config: Config,
  schema: S,
  ignored: readonly string[] = [],
): z.infer<S> {
  const known = new Set([...Object.keys(schema.shape), ...ignored]);
  for (const [name, value] of Object.entries(config)) {
    if (known.has(name) || name.startsWith('_') || isOff(value)) continue;
    throw unsupportedOption(path, network, name, value, 'the option is unknown');
  }
  // Absent and null are one: published files spell defaults either way.
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue!.path[0]);
  throw unsupportedOption(path, network, name, config[name], issue!.message.toLowerCase());
}

const isOff = (value: unknown): boolean =>
  value === null || value === false || value === 0 || (Array.isArray(value) && value.length === 0);

/** A number for all blocks, or one for each. */
export const perBlock = z.union([z.int().positive(), z.array(z.int().positive())]);

/** One value a block. */
export const spread = <T>(value: T | readonly T[], blocks: number): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : new Array<T>(blocks).fill(value as T);
