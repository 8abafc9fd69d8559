import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readRunFolder } from '../../src/run/run-folder.ts';

it('a run folder of version 0.1 reads under the names of today', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'craquelure-test-'));
  const write = (name: string, value: unknown) => writeFile(join(dir, name), JSON.stringify(value));
  await write('manifest.json', {
    run: 'old',
    lessons: [{ attack: 'a', protection: 'p', told: 'three links' }],
  });
  await write('cells.json', []);
  await write('images.json', []);
  await write('generated.json', [{ metric: 'lora-mimicry', repeats: 3 }]);
  await writeFile(join(dir, 'rows.jsonl'), '');
  const { manifest, generated } = await readRunFolder(dir);
  expect(generated).toEqual([{ metric: 'lora-mimicry', imagesPerPrompt: 3 }]);
  expect(manifest).toEqual({
    run: 'old',
    attackTrainings: [{ attack: 'a', protection: 'p', description: 'three links' }],
  });
});
