/**
 * @file The folder of golden files, real models and pictures that tests read where it is present: `CRAQUELURE_SHARED`,
 * else `../shared` beside the project. A clone elsewhere has none, and such tests skip with the reason printed.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

const project = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = resolve(project, process.env.CRAQUELURE_SHARED ?? '../shared');

/** A path in the shared folder; undefined where it is not there. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(folder, ...parts);
  return existsSync(path) ? path : undefined;
}

/** `describe`, given the path of `parts` in the shared folder; without it a skipped test that names the reason. */
export function describeShared(name: string, parts: readonly string[], body: (path: string) => void): void {
  const path = sharedPath(...parts);
  if (path === undefined) it.skip(`${name}: ${join(folder, ...parts)} is absent (set CRAQUELURE_SHARED)`);
  else describe(name, () => body(path));
}
