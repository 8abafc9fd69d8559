import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/datasets/open.ts';
import { readManifest } from '../../src/datasets/manifest.ts';
import { readExperiment } from '../../src/experiment/experiment.ts';
import { sha256 } from '../../src/files/hashes.ts';
import { doubledColumns, notUtf8 } from '../../src/messages/index.ts';
import { temporaryFolder } from '../run-fixture.ts';
import { describeShared } from '../shared.ts';

const HEADER = 'path,artist,title,licence,sha256';

async function manifest(lines: readonly string[], encoding: 'utf8' | 'latin1' | 'utf16le' = 'utf8') {
  const dir = await temporaryFolder();
  await writeFile(join(dir, 'm.csv'), Buffer.from(lines.join('\n'), encoding));
  return join(dir, 'm.csv');
}

const row = (path: string, artist: string): string => `${path},${artist},T,CC0,${sha256(path)}`;

describe('the text of a manifest', () => {
  it('with a column twice is refused, and the column named', async () => {
    const file = await manifest([`${HEADER},artist`, `${row('a.png', 'Ada')},Bob`]);
    await expect(readManifest(file)).rejects.toThrow(doubledColumns(['artist'], { file, line: 1 }));
    const spaced = await manifest([`${HEADER}, path,note,note`, `${row('a.png', 'Ada')},b.png,1,2`]);
    await expect(readManifest(spaced)).rejects.toThrow(
      doubledColumns(['path', 'note'], { file: spaced, line: 1 }),
    );
  });

  it('may have several columns without a name', async () => {
    const file = await manifest([`${HEADER},,`, `${row('a.png', 'Ada')},,`]);
    expect((await readManifest(file)).rows).toHaveLength(1);
  });

  it.each(['latin1', 'utf16le'] as const)(
    'in %s is refused: two names would become one',
    async (encoding) => {
      const lines = [HEADER, row('a.png', 'Léa'), row('b.png', 'Lèa')];
      const file = await manifest(
        encoding === 'latin1' ? lines : [`\uFEFF${lines[0]}`, ...lines.slice(1)],
        encoding,
      );
      const line = encoding === 'latin1' ? 2 : 1;
      await expect(readManifest(file)).rejects.toThrow(notUtf8(file, line));
    },
  );

  it('has one artist for a name in two Unicode forms, and two for two names', async () => {
    const [composed, decomposed] = ['L\u00e9a', 'Le\u0301a'];
    const file = await manifest([
      HEADER,
      row('a.png', composed),
      row('b.png', decomposed),
      row('c.png', 'Lèa'),
    ]);
    const { rows } = await readManifest(file);
    expect(rows.map(({ artist }) => artist)).toEqual([composed, composed, 'Lèa']);
  });

  it('finds an image whose name the folder spells in the other form', async () => {
    for (const [listed, stored] of [
      ['caf\u00e9.png', 'cafe\u0301.png'],
      ['cafe\u0301.png', 'caf\u00e9.png'],
    ] as const) {
      const content = 'bytes';
      const file = await manifest([HEADER, `${listed},Ada,T,CC0,${sha256(content)}`]);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(join(dirname(file), stored), content);
      const { items } = await openDataset({ kind: 'manifest', path: 'm.csv' }, { baseDir: dirname(file) });
      expect(items[0]!.id).toBe('caf\u00e9.png');
      expect(Buffer.from(await items[0]!.bytes()).toString()).toBe(content);
    }
  });
});

it('an experiment file in another encoding is refused with its line', async () => {
  const file = join(await temporaryFolder(), 'x.yaml');
  await writeFile(file, Buffer.from('name: x\ndescription: Léa\n', 'latin1'));
  await expect(readExperiment(file)).rejects.toThrow(notUtf8(file, 2));
});

describeShared('manifests', ['cases', 'latin2.csv'], (latin) => {
  it('that would be read wrongly are refused', async () => {
    const at = (name: string): string => join(dirname(latin), name);
    await expect(readManifest(latin)).rejects.toThrow(notUtf8(latin, 2));
    await expect(readManifest(at('dup2.csv'))).rejects.toThrow(/'artist' more than once/);
    const { rows } = await readManifest(at('utf8two.csv'));
    expect(new Set(rows.map(({ artist }) => artist)).size).toBe(2);
  });
});
