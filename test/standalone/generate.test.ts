import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type GenerateOptions, generateFiles } from '../../src/standalone/generate.ts';
import { readImage } from '../../src/image/codec.ts';
import { expected } from '../../src/messages/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { standardGraph } from '../../src/models/standard.ts';
import { readModel } from '../../src/onnx/files.ts';
import { insertLora } from '../../src/onnx/transforms/lora.ts';
import { writeSafetensors } from '../../src/onnx/safetensors.ts';
import { fromNumbers } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { temporaryFolder } from '../models/fixture.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';

const folder = await temporaryFolder();
const choices = parseModelChoices({ diffusion: await writeTinyDiffusion(join(folder, 'tiny')) });

const make = (name: string, options: Partial<GenerateOptions> = {}) =>
  generateFiles(
    {
      prompts: ['a cat'],
      negativePrompt: '',
      imagesPerPrompt: 1,
      batchSize: 1,
      seed: 0,
      steps: 3,
      guidance: 7.5,
      sampler: 'dpm++2m-karras',
      outDir: join(folder, name),
      ...options,
    },
    choices,
    { threads: 1 },
  );

/** The U-Net's graph as its role has it. */
const openUnet = async () =>
  standardGraph(await readModel(join(folder, 'tiny', 'unet', 'model.onnx')), {
    id: 'tiny',
    role: 'unet',
    fill: {},
  });

describe('generate', () => {
  it('writes an image for each prompt and seed, and what they were made of', async () => {
    const { files } = await make('some', {
      prompts: ['a cat', 'A dog, by a dog!'],
      imagesPerPrompt: 2,
      seed: 5,
    });
    const names = ['a-cat-5.png', 'a-cat-6.png', 'a-dog-by-a-dog-5.png', 'a-dog-by-a-dog-6.png'];
    expect((await readdir(join(folder, 'some'))).sort()).toEqual([...names, 'generated.json'].sort());
    expect(await readImage(files[0]!.output)).toMatchObject({ width: 64, height: 64 });
    const record = JSON.parse(await readFile(join(folder, 'some', 'generated.json'), 'utf8'));
    expect(record).toMatchObject({ settings: { steps: 3, sampler: 'dpm++2m-karras', seed: 5 } });
    expect(record.files.map((file: { seed: number }) => file.seed)).toEqual([5, 6, 5, 6]);
    expect(record.models).toHaveLength(4);
  });

  it('makes the same bytes for the same seed, whichever seed it began with', async () => {
    const [, second] = (await make('a', { imagesPerPrompt: 2, seed: 1 })).files;
    const [alone] = (await make('b', { seed: 2 })).files;
    expect(alone!.sha256).toBe(second!.sha256);
    const [other] = (await make('c', { seed: 3 })).files;
    expect(other!.sha256).not.toBe(alone!.sha256);
  });

  it('numbers prompts that would have one name', async () => {
    const { files } = await make('same', { prompts: ['a cat', 'a  cat!', '???'] });
    expect(files.map(({ output }) => output.split('/').at(-1))).toEqual([
      'a-cat-0.png',
      'a-cat-2-0.png',
      'image-0.png',
    ]);
  });

  it('tells how far it is, and of prompts that are too long', async () => {
    const seen: number[] = [];
    const prompt = 'cat '.repeat(90);
    const options = { prompts: [prompt], imagesPerPrompt: 2, onProgress: (done: number) => seen.push(done) };
    const { cut } = await make('long', options);
    expect(cut).toEqual([{ prompt, tokens: 92 - 77 }]);
    expect(seen.at(-1)).toBe(2);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('draws otherwise with LoRA pairs, and as before where they hold nothing', async () => {
    const { pairs } = insertLora(await openUnet(), { rank: 2 });
    const file = async (name: string, spread: number): Promise<string> => {
      const random = seededRandom(1);
      const entries = pairs.flatMap(({ down, up }) =>
        [down, up].map(({ name: port, dims }) => {
          const by = port === up.name ? spread : 1;
          const values = Array.from({ length: dims.reduce((a, b) => a * b) }, () => by * random.normal());
          return [`unet.${port}`, fromNumbers('float32', dims, values)] as const;
        }),
      );
      const path = join(folder, name);
      await writeSafetensors(path, Object.fromEntries(entries));
      return path;
    };
    const [plain] = (await make('plain')).files;
    const [empty] = (await make('empty', { lora: await file('empty.safetensors', 0) })).files;
    const lora = await file('full.safetensors', 0.5);
    const [tuned] = (await make('tuned', { lora })).files;
    expect(empty!.sha256).toBe(plain!.sha256);
    expect(tuned!.sha256).not.toBe(plain!.sha256);
    const record = JSON.parse(await readFile(join(folder, 'tuned', 'generated.json'), 'utf8'));
    expect(record.settings.lora).toMatchObject({ path: lora });
  });

  it('refuses sizes that the U-Net cannot halve', async () => {
    await expect(make('odd', { size: { width: 40, height: 64 } })).rejects.toThrow(
      expected('sides that are multiples of 16 px', 'size', '40x64', { code: 'USAGE' }),
    );
  });
});
