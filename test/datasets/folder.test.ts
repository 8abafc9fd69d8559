import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/files/hashes.ts';
import { openDataset } from '../../src/datasets/open.ts';
import { changedImage, emptyDataset, missingDataset } from '../../src/messages/index.ts';

let dir: string;
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'craquelure-folder-')), 'pictures');
  await mkdir(dir);
});
afterEach(() => rm(join(dir, '..'), { recursive: true }));

const write = async (path: string, content = path): Promise<void> => {
  await mkdir(join(dir, path, '..'), { recursive: true });
  await writeFile(join(dir, path), content);
};
const open = (path = dir) => openDataset({ kind: 'folder', path }, { baseDir: '/' });

describe('a folder', () => {
  it('lists pictures of every known kind below it in the order of code points', async () => {
    const paths = ['Z.PNG', 'a.jpeg', 'b/c/d.webp', 'b/e.tif', 'ｅ.avif', '😀.jpg'];
    for (const path of [...paths].reverse()) await write(path);
    const set = await open();
    expect(set.name).toBe('pictures');
    expect(set.items.map(({ id }) => id)).toEqual(paths);
    expect(set.items[2]!.sha256).toBe(sha256('b/c/d.webp'));
    expect(Buffer.from(await set.items[2]!.bytes()).toString()).toBe('b/c/d.webp');
    expect(set.notes).toEqual([]);
  });

  it('skips hidden files in silence, and notes other files, duplicates and links that lead nowhere or outside', async () => {
    for (const path of ['a.png', '.hidden.png', '.git/b.png', 'readme.txt']) await write(path);
    await write('copy.png', 'a.png');
    await writeFile(join(dir, '../outside.png'), 'outside');
    await symlink('../outside.png', join(dir, 'out.png'));
    await symlink('nothing.png', join(dir, 'void.png'));
    const set = await open();
    expect(set.items.map(({ id }) => id)).toEqual(['a.png']);
    expect(set.notes).toHaveLength(4);
    expect(set.notes[0]).toBe("not pictures, ignored: 'readme.txt'");
    expect(set.notes[1]).toMatch(/^'out.png' ignored: .*outside its folder/);
    expect(set.notes[2]).toMatch(/^'void.png' ignored: it is a link to nothing/);
    expect(set.notes[3]).toBe("'copy.png' skipped: same bytes as 'a.png'");
  });

  it('knows a text file of a picture’s name as its caption, and notes other text files', async () => {
    for (const path of ['a.png', 'a.txt', 'sub/b.jpg', 'sub/b.txt', 'c.txt']) await write(path);
    expect((await open()).notes).toEqual(["not pictures, ignored: 'c.txt'"]);
  });

  it('refuses a picture that changed after it was listed', async () => {
    await write('a.png', 'before');
    const set = await open();
    await write('a.png', 'after');
    await expect(set.items[0]!.bytes()).rejects.toEqual(
      changedImage('a.png', sha256('before'), sha256('after')),
    );
  });

  it('refuses to be empty, absent or a file', async () => {
    await write('readme.txt');
    await expect(open()).rejects.toEqual(emptyDataset(dir, ["not pictures, ignored: 'readme.txt'"]));
    for (const path of ['/nowhere', join(dir, 'readme.txt')]) {
      await expect(open(path)).rejects.toEqual(missingDataset(path, 'folder'));
    }
  });
});
