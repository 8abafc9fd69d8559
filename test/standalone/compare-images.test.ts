import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { drawVisibility } from '../../src/standalone/compare-images.ts';
import { readImage } from '../../src/image/codec.ts';
import { differentSizes, overwritesInput } from '../../src/messages/index.ts';
import { picture, temporaryFolder } from '../run-fixture.ts';

async function folder(pictures: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const dir = await temporaryFolder();
  for (const [name, bytes] of Object.entries(pictures)) {
    await mkdir(join(dir, name, '..'), { recursive: true });
    await writeFile(join(dir, name), bytes);
  }
  return dir;
}

it('a map of visible change is drawn for each pair, under its name', async () => {
  const dir = await folder({
    'a/deep/one.png': await picture(1, 40, 32),
    'b/deep/one.png': await picture(2, 40, 32),
  });
  const maps = await drawVisibility(join(dir, 'a'), join(dir, 'b'), join(dir, 'maps'), 1e6);
  expect(maps).toEqual([join(dir, 'maps/deep/one.png')]);
  expect(await readImage(maps[0]!)).toMatchObject({ width: 40, height: 32 });
});

it('a map neither takes the place of a picture nor compares two sizes', async () => {
  const dir = await folder({ 'a/x.png': await picture(1, 40, 32), 'b/x.png': await picture(1, 24, 32) });
  const [a, b] = [join(dir, 'a/x.png'), join(dir, 'b/x.png')];
  await expect(drawVisibility(a, a, join(dir, 'a'), 1e6)).rejects.toThrow(overwritesInput(a));
  const sizes = [
    { width: 40, height: 32 },
    { width: 24, height: 32 },
  ] as const;
  await expect(drawVisibility(a, b, join(dir, 'maps'), 1e6)).rejects.toThrow(
    differentSizes('a map of visible change', ...sizes),
  );
});
