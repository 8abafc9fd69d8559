/** @file A file system of its own that is soon full: what no mock of a disk tells. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, it } from 'vitest';

const mounted: string[] = [];

/** `it`, given a folder that holds so many kilobytes; skipped, with the reason in its name, where none can be mounted. */
export function itOnTinyDisk(name: string, kilobytes: number, body: (folder: string) => Promise<void>): void {
  const folder = tinyDisk(kilobytes);
  if (folder === undefined) it.skip(`${name}: only root on Linux can mount a tmpfs`);
  else it(name, () => body(folder));
}

function tinyDisk(kilobytes: number): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'craquelure-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  mounted.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of mounted.splice(0)) {
    execFileSync('umount', [folder]);
    rmdirSync(folder);
  }
});
