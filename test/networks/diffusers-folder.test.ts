import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { trainableUnet, type TuningMethod, withAdapters } from '../../src/diffusion/adapter.ts';
import { denoisingLoss, LOSS } from '../../src/diffusion/denoising-loss.ts';
import { fineTune } from '../../src/diffusion/finetune.ts';
import { sampleLatents } from '../../src/diffusion/generate.ts';
import { adapterTensors, readAdapters, writeAdapter } from '../../src/diffusion/lora-file.ts';
import { type OpenRole, openDiffusion } from '../../src/diffusion/open.ts';
import {
  folderForFile,
  unfitNetwork,
  unknownNetwork,
  unplayedTransformer,
} from '../../src/messages/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { openPool } from '../../src/models/pool.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import type { ModelRole } from '../../src/models/roles.ts';
import { LATENT_SPREAD } from '../../src/models/standard.ts';
import { compose } from '../../src/onnx/transforms/compose.ts';
import { openSession } from '../../src/runtime/session.ts';
import { seededRandom } from '../../src/random.ts';
import { tensor, type TensorOf } from '../../src/onnx/tensor.ts';
import { emptyHome } from '../models/fixture.ts';
import { randomImage } from '../pictures.ts';
import { diffusersFolder } from './diffusers-folder.ts';
import { errorOf, tensorsIn } from './fixture.ts';

const pool = openPool({ threads: 1 });
const folder = await diffusersFolder();
const scratch = await mkdtemp(join(tmpdir(), 'craquelure-folders-'));
afterAll(async () => {
  await pool.close();
  for (const each of [folder, scratch]) await rm(each, { recursive: true, force: true });
});

const ROLES = ['vae-encoder', 'vae-decoder', 'unet', 'text-encoder'] as const;

async function resolved(
  choices: Parameters<typeof parseModelChoices>[0],
  roles: readonly ModelRole[] = ROLES,
) {
  const needs = roles.map((role) => ({ role, by: 'test' }));
  return resolveNeeds(needs, parseModelChoices(choices), { home: await emptyHome(), baseDirs: ['/'] });
}

const models = await resolved({ diffusion: folder });
const open: OpenRole = pool.of(models).open;

type Floats = TensorOf<'float32'>;

describe('a folder as diffusers saves it plays the roles of a diffusion model', () => {
  it('with all its files in the key of the model', () => {
    expect(models.map(({ fill }) => fill.network)).toEqual([
      'AutoencoderKL',
      'AutoencoderKL',
      'UNet2DConditionModel',
      'CLIPTextModel',
    ]);
    const names = models.map(({ files }) => files.map(({ path }) => path.slice(folder.length + 1)));
    expect(names[2]).toEqual(['unet/diffusion_pytorch_model.safetensors', 'unet/config.json']);
    expect(names[3]).toEqual([
      'text_encoder/model.safetensors',
      'text_encoder/config.json',
      'tokenizer/vocab.json',
      'tokenizer/merges.txt',
    ]);
  });

  it('encoder: the mean of the latent, scaled as the configuration says', async () => {
    const { sample } = (await tensorsIn('vae-sd', 'inputs.safetensors')) as { sample: Floats };
    const { latent_parameters: moments } = (await tensorsIn('vae-sd', 'outputs.safetensors')) as Record<
      string,
      Floats
    >;
    const [n, c, h, w] = moments!.dims as [number, number, number, number];
    const image = tensor(
      'float32',
      sample.dims,
      sample.data.map((value) => (value + 1) / 2),
    );
    const { latent } = await (await open('vae-encoder')).run({ image });
    const half = (moments!.data.length / n / c) * (c / 2);
    const mean = Float32Array.from({ length: n * half }, (_, i) => {
      const [image, rest] = [Math.floor(i / half), i % half];
      return 0.18215 * moments!.data[2 * image * half + rest]!;
    });
    expect(errorOf(latent, tensor('float32', [n, c / 2, h, w], mean))).toBeLessThan(1e-5);
    expect((await open('vae-encoder')).graph.graph.outputs.map(({ name }) => name)).toContain(LATENT_SPREAD);
  });

  it('U-Net: the noise', async () => {
    const given = (await tensorsIn('unet-sd1', 'inputs.safetensors')) as Record<string, Floats>;
    const { out_sample: wanted } = await tensorsIn('unet-sd1', 'outputs.safetensors');
    const { sample: latent, timestep, encoder_hidden_states: text } = given as Record<string, Floats>;
    const { noise } = await (await open('unet')).run({ latent: latent!, timestep: timestep!, text: text! });
    expect(errorOf(noise, wanted!)).toBeLessThan(1e-5);
  });

  it('samples, and the encoder and the U-Net compose, whose weights lie in two folders', async () => {
    const diffusion = await openDiffusion(open);
    const size = { width: 32, height: 32 };
    const latents = await sampleLatents(diffusion, {
      randoms: [seededRandom(1)],
      prompts: ['a cat'],
      steps: 2,
      size,
    });
    expect(latents.data.every(Number.isFinite)).toBe(true);
    const [encoder, unet] = [await open('vae-encoder'), await open('unet')];
    const joined = compose(encoder.graph, denoisingLoss(unet.graph, 'epsilon'), { outputs: [LOSS] });
    const session = await openSession(joined, { name: 'joined' });
    expect(session.outputs.map(({ name }) => name)).toEqual([LOSS]);
    await session.close();
  });

  it('in parts of the hub’s cache, whose files are links', async () => {
    const hub = join(scratch, 'models--owner--tiny');
    const snapshot = join(hub, 'snapshots', 'abcdef');
    await mkdir(join(hub, 'blobs'), { recursive: true });
    for (const [i, { path }] of models.flatMap(({ files }) => files).entries()) {
      const link = join(snapshot, path.slice(folder.length + 1));
      await mkdir(join(link, '..'), { recursive: true });
      await copyFile(path, join(hub, 'blobs', `hash${i}`));
      await rm(link, { force: true });
      await symlink(join(hub, 'blobs', `hash${i}`), link);
    }
    for (const at of [hub, snapshot]) {
      const [unet] = await resolved({ diffusion: at }, ['unet']);
      const one = await pool.of([unet!]).open('unet');
      const given = (await tensorsIn('unet-sd1', 'inputs.safetensors')) as Record<string, Floats>;
      const { sample: latent, timestep, encoder_hidden_states: text } = given as Record<string, Floats>;
      const { noise } = await one.run({ latent: latent!, timestep: timestep!, text: text! });
      expect(noise.data.every(Number.isFinite)).toBe(true);
    }
  });

  const methods: readonly TuningMethod[] = [
    { kind: 'lora', rank: 2, alpha: 2 },
    { kind: 'full' },
    { kind: 'textual-inversion', token: 'a</w>' },
  ];
  it.each(methods)(
    'is fine-tuned by $kind, and what was trained is written and read again',
    async (method) => {
      const pictures = [1, 2].map((i) => ({ image: randomImage(40 + 8 * i, 48), caption: `a cat ${i}` }));
      const { adapter, losses } = await fineTune(
        pictures,
        { method, steps: 2, batchSize: 2, lr: 0.01, resolution: 32, crop: 'center', flip: false },
        { open, random: seededRandom(5) },
      );
      expect(losses.every(Number.isFinite)).toBe(true);
      const path = join(scratch, `${method.kind}.safetensors`);
      const unet = (await open('unet')).graph;
      await writeAdapter(path, adapter, 'diffusers', unet);
      const names = Object.keys(adapterTensors(adapter, 'diffusers', unet));
      if (method.kind === 'full') expect(names).toContain('unet.mid_block.attentions.0.proj_in.weight');
      if (method.kind === 'lora')
        expect(names).toContain('unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight');
      const read = await readAdapters(path, open);
      const sampled = (adapters: Parameters<typeof withAdapters>[1]) =>
        withAdapters(open, adapters, async (tuned) => {
          const size = { width: 32, height: 32 };
          return (await sampleLatents(tuned, { randoms: [seededRandom(1)], prompts: ['a'], steps: 2, size }))
            .data;
        });
      const [own, again, before] = [await sampled([adapter]), await sampled(read), await sampled([])];
      expect(own).not.toEqual(before);
      const furthest = own.reduce((most, value, i) => Math.max(most, Math.abs(value - again[i]!)), 0);
      expect(furthest).toBeLessThan(1e-4);
    },
  );

  it('has a LoRA pair for every layer of attention, under the paths of diffusers', async () => {
    const { ports } = trainableUnet(
      (await open('unet')).graph,
      { kind: 'lora', rank: 1, alpha: 1 },
      seededRandom(1),
    );
    const modules = ports.map(({ name }) => name.replace(/\.lora_[AB]\.weight$/, ''));
    expect(new Set(modules).size).toBe(4 * 2 * 4); // q, k, v, out; twice a block; down 1, middle 1, up 2 blocks
    expect(modules).toContain('up_blocks.1.attentions.1.transformer_blocks.0.attn2.to_out.0');
  });
});

describe('a folder that does not fit is refused with a sentence', () => {
  const write = async (name: string, config: object): Promise<string> => {
    const path = join(scratch, name);
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'config.json'), JSON.stringify(config));
    await writeFile(join(path, 'diffusion_pytorch_model.safetensors'), '');
    return path;
  };

  it('of a transformer: its autoencoder can be used', async () => {
    await write('sd3/transformer', { _class_name: 'SD3Transformer2DModel' });
    const path = join(scratch, 'sd3');
    await expect(resolved({ diffusion: path }, ['unet'])).rejects.toThrow(
      unplayedTransformer(path, 'SD3Transformer2DModel').message,
    );
  });

  it('of an unknown class, or of one that plays another role', async () => {
    const kandinsky = await write('k/unet', { _class_name: 'UNet2DModel' });
    const config = join(kandinsky, 'config.json');
    await expect(resolved({ unet: join(scratch, 'k') }, ['unet'])).rejects.toThrow(
      unknownNetwork(config, 'UNet2DModel', []).message.split(' Available')[0]!,
    );
    const vae = await write('v/unet', { _class_name: 'AutoencoderKL' });
    await expect(resolved({ unet: join(scratch, 'v') }, ['unet'])).rejects.toThrow(
      unfitNetwork(join(vae, 'config.json'), 'AutoencoderKL', 'unet', ['vae-encoder', 'vae-decoder']),
    );
  });

  it('named as a file', async () => {
    const choice = { vae: { encoder: folder, scale: 1, range: [-1, 1] } };
    await expect(resolved(choice, ['vae-encoder'])).rejects.toThrow(
      folderForFile(folder, 'vae-encoder').message,
    );
  });

  it('without a part says which', async () => {
    const path = join(scratch, 'partial');
    await mkdir(path);
    await rename(await diffusersFolder(), join(path, 'x'));
    await rm(join(path, 'x', 'unet'), { recursive: true });
    await expect(resolved({ diffusion: join(path, 'x') }, ['unet'])).rejects.toThrow(
      /neither 'unet\/model.onnx' nor 'unet\/config.json' with a checkpoint/,
    );
  });
});
