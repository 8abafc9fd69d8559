/**
 * Damaged files into every reader: each is accepted, or refused by one of the program's own sentences. Here a short pass by a
 * fixed seed; `npm run fuzz -- --minutes 5` goes on with other seeds for as long.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CraquelureError } from '../../src/messages/index.ts';
import { seededRandom } from '../../src/random.ts';
import { damaged } from './mutate.ts';
import { openTargets, type Target } from './targets.ts';

const { FUZZ_MINUTES: minutes, FUZZ_SEED: seed = '1', FUZZ_LAST: last } = process.env;
const targets = await openTargets();
const dir = await mkdtemp(join(tmpdir(), 'craquelure-fuzz-'));
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The engine's own words, which say nothing to a user. */
const RAW =
  /Cannot read propert|is not a function|is not iterable|Maximum call stack|Invalid array length|of undefined|of null|out of range|BigInt/;

/** Why the outcome for a damaged file is wrong; undefined if it is right. */
async function wrongWith(target: Target, bytes: Buffer): Promise<string | undefined> {
  for (const name of await readdir(dir)) await rm(join(dir, name), { recursive: true, force: true });
  if (last !== undefined) await writeFile(last, bytes); // what a hang leaves for whoever looks
  const started = performance.now();
  try {
    await target.read(bytes, dir);
  } catch (error) {
    if (!(error instanceof CraquelureError)) return `not a sentence of ours: ${String(error)}`;
    if (RAW.test(error.message)) return `a raw message: ${error.message}`;
  }
  const seconds = (performance.now() - started) / 1000;
  return seconds > 20 ? `it took ${Math.round(seconds)} s` : undefined;
}

describe('a damaged file', () => {
  it.each(targets)('of $name is read or refused by a sentence', async (target) => {
    for (const whole of target.seeds)
      expect(await wrongWith(target, whole), 'the whole file').toBeUndefined();
    const random = seededRandom(Number(seed)).fork(target.name);
    const until =
      minutes === undefined ? undefined : Date.now() + (Number(minutes) * 60_000) / targets.length;
    const wrong: string[] = [];
    for (let i = 0; until === undefined ? i < 150 : Date.now() < until; i++) {
      const bytes = damaged(target.seeds[i % target.seeds.length]!, random.fork(`${i}`));
      const why = await wrongWith(target, bytes);
      if (why !== undefined) wrong.push(`input ${i} of seed ${seed}: ${why}`);
    }
    expect(wrong).toEqual([]);
  });
});
