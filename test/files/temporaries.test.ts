import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweepTemporaries, temporaryIn } from '../../src/files/temporaries.ts';
import { temporaryFolder } from '../run-fixture.ts';

const GONE = 999999999;
const ours = temporaryIn('').replace(/\d+-[0-9a-f]{8}\.tmp$/, '');

/** What is left of files after a sweep; each was written so many hours ago. */
async function leftOf(files: Readonly<Record<string, number>>): Promise<string[]> {
  const dir = await temporaryFolder();
  for (const [name, hours] of Object.entries(files)) {
    await writeFile(join(dir, name), '');
    const then = new Date(Date.now() - hours * 3_600_000);
    await utimes(join(dir, name), then, then);
  }
  await sweepTemporaries(dir);
  return (await readdir(dir)).sort();
}

describe('a sweep of temporary files', () => {
  it('takes those of processes of this host that are gone, and leaves those of living ones', async () => {
    const living = `${ours}${process.pid}-0123abcd.tmp`;
    expect(await leftOf({ [`${ours}${GONE}-0123abcd.tmp`]: 0, [living]: 23 })).toEqual([living]);
  });

  it('leaves those of other hosts, whose processes cannot be asked, until they are a day old', async () => {
    const foreign = `.craquelure.another-host.${GONE}-0123abcd.tmp`;
    expect(await leftOf({ [foreign]: 23 })).toEqual([foreign]);
    expect(await leftOf({ [foreign]: 25 })).toEqual([]);
  });

  it('goes by age alone if the name gives no host', async () => {
    const fresh = `a.json.${GONE}-0123abcd.tmp`;
    expect(await leftOf({ [fresh]: 23, [`b.json.${GONE}-0123abcd.tmp`]: 25 })).toEqual([fresh]);
  });

  it('leaves everything else, however old', async () => {
    const others = ['a.json', 'b.tmp', 'c.tmp.json'];
    expect(await leftOf(Object.fromEntries(others.map((name) => [name, 1000])))).toEqual(others);
  });
});
