import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runFolderBusy } from '../../src/messages/index.ts';
import { claimRunFolder } from '../../src/run/claim.ts';
import { RUN_FILES } from '../../src/run/names.ts';
import { built, startChild } from '../files/children.ts';
import { temporaryFolder } from '../run-fixture.ts';

const [PLAN, OTHER] = ['a'.repeat(64), 'b'.repeat(64)] as const;
const folder = async (): Promise<string> => join(await temporaryFolder(), 'run');
const lockOf = (dir: string): string => join(dir, RUN_FILES.lock);
const busy = (dir: string, holder: string) => runFolderBusy(dir, holder, lockOf(dir));

/** A folder in which a run of a plan has ended. */
async function finished(plan: string): Promise<string> {
  const dir = await folder();
  await mkdir(dir);
  await writeFile(join(dir, RUN_FILES.manifest), JSON.stringify({ plan }));
  return dir;
}

describe('the claim on a run folder', () => {
  it('is refused a second time in the same process until the first is released', async () => {
    const dir = await folder();
    const claim = await claimRunFolder(dir, PLAN);
    await expect(claimRunFolder(dir, PLAN)).rejects.toEqual(busy(dir, `process ${process.pid}`));
    await expect(claimRunFolder(dir, OTHER)).rejects.toEqual(busy(dir, `process ${process.pid}`));
    await claim.release();
    expect(await readdir(dir)).toEqual([]);
    await (await claimRunFolder(dir, PLAN)).release();
  });

  it('names the file and the remedy when it is refused', async () => {
    const dir = await folder();
    const claim = await claimRunFolder(dir, PLAN);
    const { message } = (await claimRunFolder(dir, PLAN).catch((error: unknown) => error)) as Error;
    for (const part of [lockOf(dir), '--out', 'Delete that file']) expect(message).toContain(part);
    await claim.release();
  });

  it('respects a living run of another host, and takes over from one that fell silent', async () => {
    const dir = await finished(PLAN);
    await writeFile(lockOf(dir), '999999999 word another-host');
    const there = busy(dir, 'process 999999999 on another-host');
    await expect(claimRunFolder(dir, PLAN)).rejects.toEqual(there);
    await expect(claimRunFolder(dir, OTHER)).rejects.toEqual(there); // nor is its folder set aside
    const then = new Date(Date.now() - 70_000);
    await utimes(lockOf(dir), then, then);
    const claim = await claimRunFolder(dir, PLAN);
    expect(claim.previous).toEqual({ plan: PLAN });
    await claim.release();
  });

  it('is free at once when the process that holds it is killed', async () => {
    const dir = await folder();
    const child = await startChild(`
      import { claimRunFolder } from ${built('run/claim.js')};
      const answer = async (dir) => { await claimRunFolder(dir, ${JSON.stringify(PLAN)}); };`);
    await child.ask(dir);
    await expect(claimRunFolder(dir, PLAN)).rejects.toEqual(busy(dir, `process ${child.pid}`));
    await child.kill();
    await (await claimRunFolder(dir, PLAN)).release();
    expect(await readdir(dir)).toEqual([]);
  });

  it('sets the run of another plan aside, under a lock of its own', async () => {
    const dir = await finished(OTHER);
    const notes: string[] = [];
    const claim = await claimRunFolder(dir, PLAN, (note) => notes.push(note));
    const aside = `${dir}.${OTHER.slice(0, 8)}`;
    expect(notes).toHaveLength(1);
    expect(await readdir(aside)).toEqual([RUN_FILES.manifest]);
    expect(await readFile(join(aside, RUN_FILES.manifest), 'utf8')).toContain(OTHER);
    expect(claim.previous).toBeUndefined();
    expect((await stat(lockOf(dir))).isFile()).toBe(true);
    await expect(claimRunFolder(dir, PLAN)).rejects.toEqual(busy(dir, `process ${process.pid}`));
    await claim.release();
    expect(await readdir(dir)).toEqual([]);
  });
});
