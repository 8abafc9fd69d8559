import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fineTuneFiles } from '../../src/standalone/finetune.ts';
import { sha256 } from '../../src/files/hashes.ts';
import { fewerImagesThanBatch, unknownArtist, unknownName } from '../../src/messages/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { temporaryFolder } from '../models/fixture.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';
import { picture } from '../run-fixture.ts';

const dir = await temporaryFolder();
const choices = parseModelChoices({ diffusion: await writeTinyDiffusion(join(dir, 'tiny')) });

/** What is said on the way to the training of two steps, which none of these reaches. */
async function tune(pictures: string, artist?: string): Promise<{ notes: string[]; error: unknown }> {
  const notes: string[] = [];
  const options = {
    images: pictures,
    artist,
    caption: 'a cat',
    method: { kind: 'lora', rank: 1, alpha: 1 },
    steps: 2,
    batchSize: 4,
    lr: 1e-3,
    crop: 'random',
    flip: true,
    resolution: 32,
    format: 'diffusers',
    seed: 0,
    out: join(dir, 'lora'),
    saveEvery: 50,
    maxPixels: 1e6,
  } as const;
  const watch = { signal: new AbortController().signal, onNote: (remark: string) => notes.push(remark) };
  const error = await fineTuneFiles(options, choices, { threads: 1 }, watch).catch((thrown) => thrown);
  return { notes, error };
}

describe('fine-tuning by hand', () => {
  it('says which pictures it leaves out, and that the rest fill no batch', async () => {
    const folder = join(dir, 'folder');
    await mkdir(folder);
    for (const name of ['a', 'b']) await writeFile(join(folder, `${name}.png`), await picture(1, 40, 32));
    const { notes, error } = await tune(folder);
    expect(notes.join()).toContain('b.png');
    expect(error).toEqual(fewerImagesThanBatch(1, 4));
  });

  it('names the artists that there are where it is asked for another', async () => {
    const bytes = await picture(2, 40, 32);
    await writeFile(join(dir, 'x.png'), bytes);
    const manifest = join(dir, 'pictures.csv');
    await writeFile(manifest, `path,artist,title,licence,sha256\nx.png,Klee,,CC0,${sha256(bytes)}\n`);
    expect((await tune(manifest, 'Kle')).error).toEqual(
      unknownName('artist', 'Kle', ['Klee'], { code: 'USAGE' }),
    );
    expect((await tune(join(dir, 'folder'), 'Klee')).error).toEqual(unknownArtist('--artist', 'a.png'));
  });
});
