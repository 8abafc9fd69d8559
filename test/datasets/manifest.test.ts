import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/files/hashes.ts';
import { openDataset } from '../../src/datasets/open.ts';
import {
  changedImage,
  emptyDataset,
  invalidManifest,
  missingColumn,
  missingDataset,
  missingImage,
  noImageFound,
  imageOutside,
} from '../../src/messages/index.ts';

const HEADER = 'path,artist,title,licence,sha256';
const row = (path: string, content = path): string => `${path},Ada,Untitled,CC0,${sha256(content)}`;
const manifest = { kind: 'manifest', path: 'm.csv' } as const;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'craquelure-manifest-'));
});
afterEach(() => rm(dir, { recursive: true }));

const write = async (path: string, content: string): Promise<void> => {
  await mkdir(join(dir, path, '..'), { recursive: true });
  await writeFile(join(dir, path), content);
};

const CACHE = '/no-cache';

const open = async (lines: readonly string[], { dataPath = '' } = {}) => {
  await write('m.csv', lines.join('\n'));
  return openDataset(manifest, { baseDir: dir, env: { CRAQUELURE_DATA: dataPath, CRAQUELURE_CACHE: CACHE } });
};

describe('a manifest', () => {
  it('lists its pictures in its own order and reads their bytes when asked', async () => {
    await write('b.png', 'b.png');
    await write('sub/a.png', 'sub/a.png');
    const set = await open([
      `${HEADER},caption,year`,
      `${row('b.png')},a bee,1889`,
      `${row('./sub//a.png', 'sub/a.png')},,`,
    ]);
    expect(set.name).toBe('m');
    expect(set.items.map(({ id }) => id)).toEqual(['b.png', 'sub/a.png']);
    expect(set.items[0]).toMatchObject({
      artist: 'Ada',
      title: 'Untitled',
      licence: 'CC0',
      caption: 'a bee',
    });
    expect(set.items[1]).not.toHaveProperty('caption');
    expect(Buffer.from(await set.items[1]!.bytes()).toString()).toBe('sub/a.png');
    expect(set.notes).toEqual([]);
  });

  it('finds pictures in the folders of the data path, after its own', async () => {
    await write('near/a.png', 'a.png');
    await write('far/b.png', 'b.png');
    const dataPath = [join(dir, 'near'), join(dir, 'far')].join(':');
    const set = await open([HEADER, row('a.png'), row('b.png')], { dataPath });
    expect(Buffer.from(await set.items[1]!.bytes()).toString()).toBe('b.png');
  });

  it('takes columns in any order, a byte order mark, CRLF and quoted line breaks', async () => {
    await write('a.png', 'a.png');
    await write('b.png', 'b.png');
    const set = await open([
      `\uFEFFsha256,title,path,licence,artist\r`,
      `${sha256('a.png')},"Two\r\nlines",a.png,CC0,Ada\r`,
      `\r`,
      `${sha256('b.png').toUpperCase()},B,b.png,CC0,\r`,
    ]);
    expect(set.items.map(({ title }) => title)).toEqual(['Two\r\nlines', 'B']);
    expect(set.items[1]).not.toHaveProperty('artist');
    expect(set.items[1]!.sha256).toBe(sha256('b.png'));
  });

  it('keeps the first of duplicates and names the others', async () => {
    await write('a.png', 'same');
    const set = await open([HEADER, row('a.png', 'same'), row('a.png', 'same'), row('b.png', 'same')]);
    expect(set.items.map(({ id }) => id)).toEqual(['a.png']);
    expect(set.notes).toEqual([
      "'a.png' is listed twice: the first is kept",
      "'b.png' skipped: same bytes as 'a.png'",
    ]);
  });

  it('names a column that it does not know', async () => {
    await write('a.png', 'a.png');
    const set = await open([`${HEADER},captoin`, `${row('a.png')},a bee`]);
    expect(set.notes[0]).toContain("Unknown column 'captoin'. Did you mean 'caption'?");
  });

  it('fails one item and not the others where a file is missing, changed or a link out of the folder', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'craquelure-outside-'));
    await writeFile(join(outside, 'secret.png'), 'secret.png');
    await write('good.png', 'good.png');
    await write('changed.png', 'other bytes');
    await symlink(join(outside, 'secret.png'), join(dir, 'link.png'));
    const paths = ['good.png', 'missing.png', 'changed.png', 'link.png'];
    const set = await open([HEADER, ...paths.map((path) => row(path))]);
    const outcomes = await Promise.allSettled(set.items.map((item) => item.bytes()));
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual([
      false,
      missingImage('missing.png', [dir, join(CACHE, 'data')]),
      changedImage('changed.png', sha256('changed.png'), sha256('other bytes')),
      imageOutside('link.png', dir),
    ]);
    await rm(outside, { recursive: true });
  });

  it('says where it looked when none of its pictures is there', async () => {
    await expect(open([HEADER, row('a.png'), row('b.png')], { dataPath: '/nowhere' })).rejects.toEqual(
      noImageFound('m.csv', 2, [dir, '/nowhere', join(CACHE, 'data')]),
    );
  });

  it('reports every mistake of the table at once, with its line', async () => {
    const hash = sha256('x');
    const opening = open([
      HEADER,
      row('good.png'),
      `../up.png,Ada,"over\ntwo lines",CC0,${hash}`,
      `/etc/passwd,Ada,T,,${hash}`,
      `a.png,Ada,T,CC0,beef`,
      `a.png,Ada,T`,
    ]);
    const path = "a path inside the manifest's folder, relative and with '/' between folders";
    await expect(opening).rejects.toEqual(
      invalidManifest('m.csv', [
        `m.csv:3: expected ${path} for path but received '../up.png'`,
        `m.csv:5: expected ${path} for path but received '/etc/passwd'`,
        `m.csv:5: expected a licence for licence but received ''`,
        `m.csv:6: expected 64 hexadecimal digits for sha256 but received 'beef'`,
        `m.csv:7: 3 fields where the header has 5`,
      ]),
    );
  });

  it.each(['..\\up.png', 'C:/up.png', 'a/../../up.png', '/up.png', '..'])(
    'refuses the path %s',
    async (path) => {
      await expect(open([HEADER, row(path, 'x')])).rejects.toThrow(/m\.csv:2: expected a path inside/);
    },
  );

  it('refuses a quote that is never closed, with its line', async () => {
    await expect(open([HEADER, 'a.png,"Ada,T,CC0,00'])).rejects.toThrow(/m\.csv:2: .*quot/);
  });

  it('refuses a header without its required columns', async () => {
    await expect(open(['path,artist,title', 'a.png,Ada,T'])).rejects.toEqual(
      missingColumn(['licence', 'sha256'], ['path', 'artist', 'title'], { file: 'm.csv', line: 1 }),
    );
  });

  it('refuses to be empty or absent', async () => {
    await expect(open([HEADER, ''])).rejects.toEqual(emptyDataset('m.csv', []));
    await expect(open([''])).rejects.toEqual(emptyDataset('m.csv', []));
    await rm(join(dir, 'm.csv'));
    await expect(openDataset(manifest, { baseDir: dir })).rejects.toEqual(
      missingDataset('m.csv', 'manifest'),
    );
  });
});
