import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bindModels } from '../../src/experiment/bindings.ts';
import { jobSeed } from '../../src/jobs/seeds.ts';
import { sha256 } from '../../src/files/hashes.ts';
import { listPictures, picturesFrom } from '../../src/experiment/references.ts';
import { protectionSettings } from '../../src/experiment/settings.ts';
import { encodeImage } from '../../src/image/codec.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { randomImage } from '../pictures.ts';
import { describeShared } from '../shared.ts';
import { temporaryFolder } from '../run-fixture.ts';
import { jobStep } from '../../src/experiment/step.ts';

const png = async (seed: number) =>
  (await encodeImage(randomImage(16, 16, { seed }), { format: 'png' })).bytes;

describe('pictures that a parameter names', () => {
  it('are known by their bytes and not by their path', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'a.png'), await png(1));
    const before = await listPictures('a.png', [dir]);
    await mkdir(join(dir, 'deep'));
    await rename(join(dir, 'a.png'), join(dir, 'deep', 'a.png'));
    const after = await listPictures('deep/a.png', [dir]);
    await writeFile(join(dir, 'a.png'), await png(2));
    const other = await listPictures('a.png', [dir]);
    expect(after.key).toBe(before.key);
    expect(other.key).not.toBe(before.key);
  });

  it('may be a file, a folder, a manifest or the generator, looked for in every folder', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'a.png'), await png(1));
    await writeFile(join(dir, 'b.png'), await png(2));
    await writeFile(
      join(dir, 'set.csv'),
      `path,artist,title,licence,sha256,caption\na.png,Ada,Cat,CC0,${sha256(await png(1))},a cat\n`,
    );
    const elsewhere = join(dir, 'empty');
    const ids = async (text: string) =>
      (await listPictures(text, [elsewhere, dir])).items.map(({ id }) => id);
    expect(await ids('b.png')).toEqual(['b.png']);
    expect(await ids(dir)).toEqual(['a.png', 'b.png']);
    const [row] = (await listPictures('set.csv', [elsewhere, dir])).items;
    expect([row?.artist, row?.caption]).toEqual(['Ada', 'a cat']);
    expect(await ids('atelier(count=2, size=128)')).toHaveLength(2);
  });

  it('come to a plug-in decoded', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'a.png'), await png(1));
    const listed = await listPictures('a.png', [dir]);
    const [picture] = picturesFrom([listed])({ id: 'mist', version: 1, params: { targetImage: listed.key } })(
      'targetImage',
    );
    expect((await picture!.load()).width).toBe(16);
  });
});

describeShared(
  'a protection with a target of its own and two surrogates',
  ['models', 'taef2-encoder.onnx'],
  (path) => {
    beforeEach(() => vi.stubEnv('CRAQUELURE_MODELS', dirname(path)));
    afterEach(() => vi.unstubAllEnvs());

    it('carries both models and the hash of the picture in its step, and no path', async () => {
      const dir = await temporaryFolder();
      await writeFile(join(dir, 'a.png'), await png(1));
      const [setting] = protectionSettings(`mist(targetImage=a.png, surrogates=[taesd, taef2])`);
      const { bind, models } = await bindModels([['protection', setting!]], {}, [dir]);
      const step = jobStep(bind('protection', setting!).links[0]!);
      expect(models.map(({ id }) => id)).toEqual(['taesd', 'taef2']);
      expect(step.models?.['vae-encoder']?.split('+')).toEqual(models.map(({ key }) => key));
      expect(step.params.targetImage).toBe((await listPictures('a.png', [dir])).key);
      expect(jobSeed(0, 'protect', [step], 'x')).toBeGreaterThanOrEqual(0);
    });

    it('needs a perceptual model only where it has a perceptual budget', async () => {
      const choices = parseModelChoices({ 'vae-encoder': 'taesd', perceptual: 'lpips-squeeze' });
      const bound = async (call: string) => {
        const [setting] = protectionSettings(call);
        return (await bindModels([['protection', setting!]], choices)).models.map(({ role }) => role);
      };
      expect(await bound('mist')).toEqual(['vae-encoder']);
      expect(await bound('mist(lpips=0.05)')).toEqual(['vae-encoder', 'perceptual']);
    });
  },
);
