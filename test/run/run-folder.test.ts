import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attackSettings, metricSettings, protectionSettings } from '../../src/experiment/settings.ts';
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

describe('the cells of a run folder', () => {
  const settings = {
    protection: protectionSettings('noise(level=heavy)')[0]!,
    attack: attackSettings('identity | rescale')[0]!,
    metric: metricSettings('psnr')[0]!,
  };
  const state = { id: '0', seed: 0, status: 'ok', errors: 0 };

  const readBack = async (cells: readonly object[]) => {
    const dir = await mkdtemp(join(tmpdir(), 'craquelure-test-'));
    const write = (name: string, value: unknown) => writeFile(join(dir, name), JSON.stringify(value));
    await write('manifest.json', { run: 'old' });
    await write('cells.json', cells);
    await write('images.json', []);
    await writeFile(join(dir, 'rows.jsonl'), '');
    return (await readRunFolder(dir)).cells;
  };

  const former = (cell: typeof settings, ...fields: readonly string[]) =>
    JSON.parse(JSON.stringify(cell, (name, value: unknown) => (fields.includes(name) ? undefined : value)));

  it('of an earlier version get the fields that it did not record', async () => {
    const cell = { ...state, ...settings };
    const before = former(cell, 'role', 'budget', 'effect', 'primary', 'quality', 'againstControl');
    expect(before).not.toEqual(cell);
    const judged = { ...cell, metric: metricSettings('lora-mimicry')[0]! };
    const looks = { ...cell, metric: metricSettings('ssim')[0]! };
    const all = [cell, judged, looks];
    expect(
      await readBack(
        all.map((each) => former(each, 'role', 'budget', 'effect', 'primary', 'quality', 'againstControl')),
      ),
    ).toEqual(JSON.parse(JSON.stringify(all)));
  });

  it('of a plug-in that is gone get defaults', async () => {
    const gone = { ...settings.metric, links: [{ ...settings.metric.links[0]!, id: 'gone' }] };
    const [read] = await readBack([former({ ...state, ...settings, metric: gone }, 'effect')]);
    expect(read!.metric.effect).toBe('complement');
  });

  it('of today stay as they were written', async () => {
    const metric = { ...settings.metric, effect: 'value', quality: 9 };
    const cells = [{ ...state, ...settings, metric }];
    expect(await readBack(cells)).toEqual(JSON.parse(JSON.stringify(cells)));
  });
});
