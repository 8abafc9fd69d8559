import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/datasets/open.ts';
import { pullManifest } from '../../src/datasets/pull.ts';
import { imageOutside, noAddress, wrongDownload } from '../../src/messages/index.ts';
import { serve } from '../files/server.ts';

const picture = Buffer.from('as good as a picture');
const sha256 = createHash('sha256').update(picture).digest('hex');

async function manifest(rows: readonly string[]): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'craquelure-pull-')), 'm.csv');
  await writeFile(file, ['path,artist,title,licence,sha256,source,url', ...rows].join('\n'));
  return file;
}

describe('pulling a manifest', () => {
  it('fetches what is missing, and the data set finds it', async () => {
    const { url, asked } = await serve(picture);
    const file = await manifest([`a/b.png,Ann,One,CC0,${sha256},,${url}/b.png`]);
    const out = join(file, '..', 'data');
    expect(await pullManifest(file, { out })).toEqual([
      { path: 'a/b.png', licence: 'CC0', state: 'fetched' },
    ]);
    expect(await pullManifest(file, { out })).toMatchObject([{ state: 'here' }]);
    expect(asked).toHaveLength(1);
    const set = await openDataset(
      { kind: 'manifest', path: file },
      { baseDir: '/', env: { CRAQUELURE_DATA: out } },
    );
    expect(Buffer.from(await set.items[0]!.bytes()).equals(picture)).toBe(true);
  });

  it('writes nothing through a link that leads out of its folder', async () => {
    const { url, asked } = await serve(picture);
    const file = await manifest([
      `a/b.png,Ann,One,CC0,${sha256},,${url}/b.png`,
      `c.png,Ann,Two,CC0,${sha256},,${url}/c.png`,
    ]);
    const [out, outside] = [join(file, '..', 'data'), join(file, '..', 'outside')];
    await mkdir(out);
    await mkdir(outside);
    await symlink(outside, join(out, 'a'));
    await symlink(join(outside, 'stolen'), join(out, 'c.png.part'));
    const pulled = await pullManifest(file, { out });
    expect(pulled.map(({ state }) => state)).toEqual(['failed', 'failed']);
    expect(pulled[0]!.error).toBe(imageOutside('a/b.png', out).message);
    expect(await readdir(outside)).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('goes on where one picture has no address, or gives other bytes', async () => {
    const { url } = await serve(picture);
    const file = await manifest([
      `a.png,Ann,One,CC0,${sha256},a museum,`,
      `b.png,Ann,Two,CC0,${'0'.repeat(64)},,${url}/b.png`,
      `c.png,Ann,Three,CC0,${sha256},,${url}/c.png`,
    ]);
    const out = join(file, '..', 'data');
    const pulled = await pullManifest(file, { out });
    expect(pulled.map(({ state }) => state)).toEqual(['failed', 'failed', 'fetched']);
    expect(pulled[0]!.error).toBe(noAddress('a.png', 'a museum').message);
    expect(pulled[1]!.error).toBe(wrongDownload(`${url}/b.png`, '0'.repeat(64), sha256).message);
    expect((await readFile(join(out, 'c.png'))).equals(picture)).toBe(true);
  });
});
