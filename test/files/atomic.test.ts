import { mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeAtomically } from '../../src/files/atomic.ts';
import { readJson, writeJson } from '../../src/files/json.ts';
import { diskFull } from '../../src/messages/index.ts';
import { itOnTinyDisk } from '../tiny-disk.ts';
import { temporaryFolder } from '../run-fixture.ts';

describe('an atomic write', () => {
  it.each([
    ['text', 'größer'],
    ['bytes', Buffer.from('größer')],
    ['chunks', [Buffer.from('grö'), new Uint8Array(0), Buffer.from('ßer')]],
  ])('takes %s', async (_, content) => {
    const path = join(await temporaryFolder(), 'a');
    await writeAtomically(path, content, { durable: true });
    expect(await readFile(path, 'utf8')).toBe('größer');
  });

  it('makes missing folders unless told not to', async () => {
    const dir = await temporaryFolder();
    await writeAtomically(join(dir, 'one', 'two', 'a'), 'x', { temporaries: join(dir, 'tmp') });
    expect((await readdir(dir)).sort()).toEqual(['one', 'tmp']);
    const refused = writeAtomically(join(dir, 'three', 'a'), 'x', { makeFolders: false });
    await expect(refused).rejects.toThrow('ENOENT');
    expect((await readdir(dir)).sort()).toEqual(['one', 'tmp']);
  });

  it('leaves nothing behind if it fails', async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, 'taken', 'by-a-folder'), { recursive: true });
    await expect(writeAtomically(join(dir, 'taken'), 'x')).rejects.toThrow();
    expect(await readdir(dir)).toEqual(['taken']);
  });

  it('of many at once leaves one whole file', async () => {
    const dir = await temporaryFolder();
    const path = join(dir, 'a');
    const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(50_000));
    await Promise.all(contents.map((content) => writeAtomically(path, content)));
    expect(contents).toContain(await readFile(path, 'utf8'));
    expect(await readdir(dir)).toEqual(['a']);
  });

  it('replaces a link by a file, not what the link points to', async () => {
    const dir = await temporaryFolder();
    await writeAtomically(join(dir, 'target'), 'old');
    await symlink(join(dir, 'target'), join(dir, 'link'));
    await writeAtomically(join(dir, 'link'), 'new');
    expect(await readFile(join(dir, 'target'), 'utf8')).toBe('old');
    expect(await readFile(join(dir, 'link'), 'utf8')).toBe('new');
  });

  itOnTinyDisk(
    'names the file that a full disk has no room for, and keeps the one before',
    64,
    async (dir) => {
      const path = join(dir, 'a');
      await writeAtomically(path, 'before');
      await expect(writeAtomically(path, new Uint8Array(1e5))).rejects.toThrow(diskFull(path));
      expect(await readdir(dir)).toEqual(['a']);
      expect(await readFile(path, 'utf8')).toBe('before');
      expect((await stat(path)).size).toBe(6);
    },
  );
});

describe('a JSON file', () => {
  it('is indented, or one line for programs, and ends in a newline', async () => {
    const path = join(await temporaryFolder(), 'a.json');
    await writeJson(path, { a: [1] });
    expect(await readFile(path, 'utf8')).toBe('{\n  "a": [\n    1\n  ]\n}\n');
    await writeJson(path, { a: [1] }, { compact: true });
    expect(await readFile(path, 'utf8')).toBe('{"a":[1]}\n');
    expect(await readJson(path)).toEqual({ a: [1] });
  });

  it('that is missing or damaged reads as undefined', async () => {
    const path = join(await temporaryFolder(), 'a.json');
    expect(await readJson(path)).toBeUndefined();
    await writeAtomically(path, '{"a": ');
    expect(await readJson(path)).toBeUndefined();
  });
});
