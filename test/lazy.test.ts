import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { builtProgram } from './built-program.ts';
import { temporaryFolder } from './run-fixture.ts';

const HEAVY = [
  'sharp',
  'onnxruntime-node',
  'vega',
  'vega-lite',
  'opentype.js',
  'piscina',
  'hyparquet-writer',
  '@huggingface/tokenizers',
];

/** Names of the packages that a command loads. */
async function packagesOf(...args: string[]): Promise<ReadonlySet<string>> {
  const file = join(await temporaryFolder(), 'modules');
  const preload = new URL('loaded-modules.mjs', import.meta.url).href;
  await promisify(execFile)(process.execPath, ['--import', preload, builtProgram(), ...args], {
    env: { ...process.env, LOADED_MODULES: file },
    maxBuffer: 1e8,
  });
  const modules = (await readFile(file, 'utf8')).split('\n');
  return new Set(modules.flatMap((path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
}

const heavyIn = (packages: ReadonlySet<string>): string[] => HEAVY.filter((name) => packages.has(name));

describe('heavy packages are loaded when they are first used', () => {
  it.each([
    [['--help']],
    [['run', '--help']],
    [['finetune', '--help']],
    [['list', 'attacks']],
    [['list', 'mist']],
  ])('not by %s', async (args) => {
    const packages = await packagesOf(...args);
    expect(packages).toContain('yargs');
    expect(heavyIn(packages)).toEqual([]);
  });

  it('but by a command that needs them', async () => {
    expect(heavyIn(await packagesOf('doctor'))).toEqual(['sharp', 'onnxruntime-node']);
  });
});
