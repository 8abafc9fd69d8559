import { open, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashOf, knownHashOf } from '../../src/files/hashes.ts';
import { temporaryFolder } from '../run-fixture.ts';
import { built, startChild } from './children.ts';

const THEN = new Date(1_700_000_000_000);

/** Large enough to be worth remembering, and of any first byte always the same size and time. */
async function largeFile(path: string, first: string, time = THEN): Promise<string> {
  const file = await open(path, 'w');
  await file.truncate(16_000_001);
  await file.write(first, 0);
  await file.close();
  await utimes(path, time, time);
  return path;
}

const folders = async () => ({ dir: await temporaryFolder(), cache: await temporaryFolder() });

describe('the hash of a large file', () => {
  it('is remembered while the file keeps its size and time', async () => {
    const { dir, cache } = await folders();
    const path = await largeFile(join(dir, 'a'), 'a');
    const hash = await hashOf(path);
    expect(await knownHashOf(path, cache)).toBe(hash);
    await largeFile(path, 'b');
    expect(await knownHashOf(path, cache)).toBe(hash);
    await largeFile(path, 'b', new Date());
    expect(await knownHashOf(path, cache)).toBe(await hashOf(path));
    expect(await hashOf(path)).not.toBe(hash);
  });

  it('is remembered of every file if many are hashed at once, in one process and in four', async () => {
    const { dir, cache } = await folders();
    const paths = await Promise.all('abcdefgh'.split('').map((name) => largeFile(join(dir, name), name)));
    const children = await Promise.all(
      paths.slice(4).map(() =>
        startChild(`
          import { knownHashOf } from ${built('files/hashes.js')};
          const answer = ({ path, cache }) => knownHashOf(path, cache);`),
      ),
    );
    const hashes = await Promise.all([
      ...paths.slice(0, 4).map((path) => knownHashOf(path, cache)),
      ...paths.slice(4).map((path, i) => children[i]!.ask({ path, cache })),
    ]);
    expect(new Set(hashes).size).toBe(8);
    for (const path of paths) await largeFile(path, 'x');
    expect(await Promise.all(paths.map((path) => knownHashOf(path, cache)))).toEqual(hashes);
  });

  it('is found without a cache that can be written', async () => {
    const { dir } = await folders();
    const path = await largeFile(join(dir, 'a'), 'a');
    expect(await knownHashOf(path, path)).toBe(await hashOf(path));
    expect(await readdir(dir)).toEqual(['a']);
  });
});
