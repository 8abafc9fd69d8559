import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/datasets/open.ts';
import { sha256 } from '../../src/files/hashes.ts';
import { unreadableImage } from '../../src/messages/index.ts';
import { picture, temporaryFolder } from '../run-fixture.ts';

const posix = process.platform !== 'win32';
const pipe = (path: string): void => void execFileSync('mkfifo', [path]);

describe('a pipe, a device or a folder that is called like an image', () => {
  it.runIf(posix)('is ignored in a folder, with a note', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'a.png'), await picture(1));
    pipe(join(dir, 'x.png'));
    await mkdir(join(dir, 'real'));
    await symlink(join(dir, 'real'), join(dir, 'folder.png'));
    const { items, notes } = await openDataset({ kind: 'folder', path: dir }, { baseDir: '/' });
    expect(items.map(({ id }) => id)).toEqual(['a.png']);
    expect(notes.filter((note) => note.includes('it is not a file'))).toHaveLength(2);
  });

  it.runIf(posix)('is an error of its image in a manifest, and is not waited for', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'a.png'), 'a');
    pipe(join(dir, 'x.png'));
    const rows = ['a.png', 'x.png'].map((path) => `${path},Ada,T,CC0,${sha256(path)}`);
    await writeFile(join(dir, 'm.csv'), ['path,artist,title,licence,sha256', ...rows].join('\n'));
    const { items } = await openDataset({ kind: 'manifest', path: 'm.csv' }, { baseDir: dir });
    await expect(items[1]!.bytes()).rejects.toThrow(unreadableImage('x.png', 'it is not a file'));
  });
});
