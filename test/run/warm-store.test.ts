import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/files/hashes.ts';
import { changedImage } from '../../src/messages/index.ts';
import { experimentFolder, picture, runFile } from '../run-fixture.ts';

const MATRIX = `
name: warm
dataset: MANIFEST
protections: [identity]
attacks: [{ jpeg: { quality: 50 } }]
metrics: [ssim]
`;

async function folder() {
  const { dir, file } = await experimentFolder(MATRIX, 2);
  const hashes = [sha256(await picture(1)), sha256(await picture(2))];
  const rows = hashes.map((hash, i) => `images/${'ab'[i]}.png,Ada,T,CC0,${hash}`);
  await writeFile(join(dir, 'm.csv'), ['path,artist,title,licence,sha256', ...rows].join('\n'));
  await writeFile(file, MATRIX.replace('MANIFEST', join(dir, 'm.csv')));
  return { dir, file, hashes };
}

describe('an image that is no longer the one that its manifest lists', () => {
  it('is an error with a warm store as with a cold one', async () => {
    const { dir, file, hashes } = await folder();
    await runFile({ dir, file });
    const other = await picture(7);
    await writeFile(join(dir, 'images', 'a.png'), other);
    const warm = await runFile({ dir, file }, { out: join(dir, 'warm') });
    await rm(join(dir, 'store'), { recursive: true });
    const cold = await runFile({ dir, file }, { out: join(dir, 'cold') });
    const sentence = changedImage('images/a.png', hashes[0]!, sha256(other)).message;
    for (const { folder: run } of [warm, cold]) {
      const errors = run.rows.map(({ image, error }) => [image, error]);
      expect(
        errors.filter(([image]) => image === 'images/a.png').every(([, error]) => error === sentence),
      ).toBe(true);
      expect(errors.filter(([image]) => image === 'images/b.png').every(([, error]) => error === null)).toBe(
        true,
      );
    }
  });
});
