import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/files/hashes.ts';
import { makeFolder } from '../../src/files/folders.ts';
import { corruptArtefact, foreignRunFile, notARunFolder } from '../../src/messages/index.ts';
import { claimRunFolder } from '../../src/run/claim.ts';
import { exportImages, namedOnce } from '../../src/run/export.ts';
import { readRunFolder, type RunImage } from '../../src/run/run-folder.ts';
import { experimentFolder, picture, runFile, temporaryFolder } from '../run-fixture.ts';

const YAML = `
name: small
dataset: IMAGES
protections: [{ noise: { level: light } }]
attacks: [{ jpeg: { quality: 80 } }]
metrics: [ssim]
`;
const [A, B] = ['a'.repeat(64), 'b'.repeat(64)] as const;

async function finished(dir: string, plan: string, mark: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'manifest.json'), JSON.stringify({ plan, run: 'x' }));
  await writeFile(join(dir, 'my-votes.json'), mark);
}

describe('a run that is set aside', () => {
  it('stays, with the files that lie in it, however often runs change', async () => {
    const dir = join(await temporaryFolder(), 'res');
    const asides: string[] = [];
    const note = (text: string) => asides.push(text.split(' kept in ')[1]!);
    for (let i = 0; i < 4; i++) {
      await finished(dir, i % 2 === 0 ? A : B, `run ${i}`);
      await (await claimRunFolder(dir, i % 2 === 0 ? B : A, note)).release();
      await rm(dir, { recursive: true });
    }
    expect(asides.map((path) => path.slice(dir.length))).toEqual([
      '.aaaaaaaa',
      '.bbbbbbbb',
      '.aaaaaaaa.2',
      '.bbbbbbbb.2',
    ]);
    for (const [i, path] of asides.entries())
      expect(await readFile(join(path, 'my-votes.json'), 'utf8')).toBe(`run ${i}`);
  });
});

describe('the folder of a run', () => {
  it.each(['results.csv', 'rows.jsonl', 'notes.txt', '.git'])(
    'that holds %s of somebody is refused',
    async (name) => {
      const dir = await temporaryFolder();
      await writeFile(join(dir, name), 'mine');
      await expect(claimRunFolder(dir, A)).rejects.toThrow(notARunFolder(dir, name));
      expect(await readdir(dir)).toEqual([name]);
      expect(await readFile(join(dir, name), 'utf8')).toBe('mine');
    },
  );

  it('that holds the manifest of another program is refused', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'manifest.json'), '{"manifest_version":3,"name":"an extension"}');
    await expect(claimRunFolder(dir, A)).rejects.toThrow(notARunFolder(dir, 'manifest.json'));
  });

  it('may be empty, or one in which a run was killed at its very start or lost its manifest', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'run.lock'), '999999999');
    await writeFile(join(dir, '.craquelure.h.1-01234567.tmp'), '');
    await (await claimRunFolder(dir, A)).release();
    for (const name of ['cells.json', 'rows.jsonl', 'report.html', 'verdicts.json'])
      await writeFile(join(dir, name), '');
    await writeFile(join(dir, 'manifest.json'), '{"plan": "aa');
    const claim = await claimRunFolder(dir, A);
    expect(claim.previous).toBeUndefined();
    await claim.release();
  });

  it('that is a file, or cannot be made, is a sentence', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    for (const dir of [file, join(file, 'below'), '/proc/craquelure/run']) {
      await expect(claimRunFolder(dir, A)).rejects.toThrow(/^Cannot make the folder '.*Name another folder$/);
    }
    const deep = join(await temporaryFolder(), 'a', 'b', 'c');
    await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(deep, 'd'))]);
    expect(await readdir(deep)).toEqual(['d']);
  });
});

const image = (id: string, over: Partial<RunImage> = {}): RunImage => ({
  image: id,
  arm: 'clean',
  protection: null,
  attack: null,
  seed: 0,
  sha256: A,
  width: 1,
  height: 1,
  path: `/store/${A}.png`,
  ...over,
});

describe('the images of an export', () => {
  it('have a file each, where only the extension, case or form of their names differs', () => {
    const ids = [
      'a.png',
      'a.jpg',
      'a.webp',
      'A.png',
      'b.png',
      'caf\u00e9.png',
      'cafe\u0301.png',
      'a.jpg.png',
      'x/a.png',
    ];
    const names = [...namedOnce(ids.map((id) => image(id))).keys()];
    expect(names).toHaveLength(ids.length);
    const folded = names.map((name) => name.normalize('NFC').toLowerCase());
    expect(new Set(folded).size).toBe(ids.length);
    expect(names).toContain(join('clean', 'b.png'));
    expect(names).toContain(join('clean', 'a.webp.png'));
    expect(names).toContain(join('clean', 'x', 'a.png'));
  });

  it('have names that file systems take, whatever the settings are called', () => {
    const long = Array.from({ length: 40 }, (_, i) => `jpeg(quality=${i})`).join(' | ');
    const labels = [long, `${long} | rescale`, '..', 'a<b', 'a>b', 'a.'];
    const images = labels.map((attack) =>
      image('..x.png', { arm: 'attacked-protected', protection: 'p', attack }),
    );
    const names = [...namedOnce(images).keys()];
    expect(new Set(names).size).toBe(labels.length);
    for (const name of names) {
      const parts = name.split('/');
      expect(parts[0]).toBe('attacked-protected');
      for (const part of parts) {
        expect(Buffer.byteLength(part)).toBeLessThan(256);
        expect(part).not.toMatch(/^\.\.?$|[<>:"|?*]|[. ]$/);
      }
    }
  });

  it('are those of the run, byte for byte, and a lost one is a sentence', async () => {
    const folder = await experimentFolder(YAML, 2);
    await writeFile(join(folder.dir, 'images', 'a.jpg'), await picture(5));
    const { folder: run } = await runFile(folder);
    const out = join(folder.dir, 'exported');
    expect(await exportImages(run, out)).toBe(run.images.length);
    const files = (await readdir(out, { recursive: true })).filter((name) => name.endsWith('.png'));
    expect(files).toHaveLength(run.images.length);
    const hashes = await Promise.all(files.map(async (name) => sha256(await readFile(join(out, name)))));
    expect(hashes.sort()).toEqual(run.images.map(({ sha256: hash }) => hash).sort());
    const { path, sha256: hash } = run.images[0]!;
    await rm(path);
    await expect(exportImages(run, out)).rejects.toThrow(corruptArtefact(path, hash));
  });
});

describe("a run's folder from somebody else", () => {
  const hostile: readonly [string, Partial<RunImage>][] = [
    ['climbs out', { image: '../../../escaped.png' }],
    ['climbs out by backslashes', { image: '..\\..\\escaped.png' }],
    ['starts at a root', { image: '/tmp/escaped.png' }],
    ['starts at a drive', { image: 'C:/escaped.png' }],
    ['climbs out by its arm', { arm: '../../up' as 'clean' }],
    ['climbs out by its seed', { seed: '../../up' as unknown as number }],
    ['is any file', { path: '/etc/passwd' }],
    ['is any file called like its hash', { path: '/etc/passwd', sha256: 'passwd' }],
  ];

  it.each(hostile)('with an image that %s is refused, and nothing is written', async (_, over) => {
    const folder = await experimentFolder(YAML, 1);
    await runFile(folder);
    const dir = join(folder.dir, 'run');
    const images = JSON.parse(await readFile(join(dir, 'images.json'), 'utf8')) as RunImage[];
    const changed = { ...images[0]!, ...over };
    await writeFile(join(dir, 'images.json'), JSON.stringify([changed, ...images.slice(1)]));
    const manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'));
    await writeFile(join(dir, 'manifest.json'), JSON.stringify({ ...manifest, files: undefined }));
    await expect(readRunFolder(dir)).rejects.toThrow(foreignRunFile(dir, 'images.json', changed.image));
  });

  it('cannot have other bytes copied than those of the hash', async () => {
    const folder = await experimentFolder(YAML, 1);
    const { folder: run } = await runFile(folder);
    const path = join(folder.dir, `${A}.png`);
    await writeFile(path, 'secret');
    const out = join(folder.dir, 'out');
    await expect(exportImages({ ...run, images: [image('x.png', { path })] }, out)).rejects.toThrow(
      corruptArtefact(path, A),
    );
    expect(await readdir(out)).toEqual([]);
  });
});
