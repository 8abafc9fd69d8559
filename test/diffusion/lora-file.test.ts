import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { trainableUnet, withAdapters } from '../../src/diffusion/adapter.ts';
import type { Adapter } from '../../src/diffusion/adapter.ts';
import { adapterTensors, readAdapters, writeAdapter } from '../../src/diffusion/lora-file.ts';
import { type OpenRole, openDiffusion } from '../../src/diffusion/open.ts';
import { foreignLora, otherEmbedding } from '../../src/messages/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { openPool } from '../../src/models/pool.ts';
import { readModel } from '../../src/onnx/files.ts';
import { readSafetensors, writeSafetensors } from '../../src/onnx/safetensors.ts';
import { fromNumbers, tensor, toFloat32 } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { emptyHome, temporaryFolder } from '../models/fixture.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';

const network = await readModel(
  join(dirname(fileURLToPath(import.meta.url)), '..', 'onnx', 'lora', 'model.onnx'),
);
const method = { kind: 'lora', rank: 2, alpha: 1, pattern: /to_q|conv_in/ } as const;
const random = seededRandom(1);
const { ports } = trainableUnet(network, method, random);
const adapter: Adapter = {
  method,
  tensors: Object.fromEntries(
    ports.map(({ name, dims, initial }) => [
      name,
      tensor(
        'float32',
        dims,
        initial.map(() => random.normal()),
      ),
    ]),
  ),
};

/** The parts of a file, for that network alone. */
const readOne = async (path: string): Promise<Adapter> => {
  const [only] = await readAdapters(path, (async () => ({ graph: network })) as unknown as OpenRole);
  return only!;
};

describe('a LoRA file', () => {
  it('has the names of diffusers, or of kohya', () => {
    expect(Object.keys(adapterTensors(adapter, 'diffusers', network)).sort()).toEqual([
      'unet.blocks.0.attn1.to_q.lora_A.weight',
      'unet.blocks.0.attn1.to_q.lora_B.weight',
      'unet.conv_in.lora_A.weight',
      'unet.conv_in.lora_B.weight',
    ]);
    expect(Object.keys(adapterTensors(adapter, 'kohya', network)).sort()).toEqual([
      'lora_unet_blocks_0_attn1_to_q.alpha',
      'lora_unet_blocks_0_attn1_to_q.lora_down.weight',
      'lora_unet_blocks_0_attn1_to_q.lora_up.weight',
      'lora_unet_conv_in.alpha',
      'lora_unet_conv_in.lora_down.weight',
      'lora_unet_conv_in.lora_up.weight',
    ]);
  });

  it.each(['diffusers', 'kohya'] as const)('of %s comes back with the same effect', async (format) => {
    const path = join(await temporaryFolder(), 'x.safetensors');
    await writeAdapter(path, adapter, format, network);
    const read = await readOne(path);
    expect(read.method).toMatchObject({ kind: 'lora', rank: 2, alpha: 2 });
    for (const [name, { dims, ...rest }] of Object.entries(adapter.tensors)) {
      const factor = name.includes('lora_B') ? 0.5 : 1; // alpha / rank is in B
      expect(read.tensors[name]!.dims).toEqual(dims);
      expect(toFloat32(read.tensors[name]!)).toEqual(
        toFloat32({ dims, ...rest } as (typeof read.tensors)[string]).map((v) => v * factor),
      );
    }
    expect((await readFile(path)).length).toBeGreaterThan(0);
  });

  it('with ranks and alphas of its own for each layer is brought to the largest rank', async () => {
    const path = join(await temporaryFolder(), 'mixed.safetensors');
    await writeSafetensors(path, {
      'lora_unet_blocks_0_attn1_to_q.lora_down.weight': fromNumbers('float32', [1, 6], [1, 2, 3, 4, 5, 6]),
      'lora_unet_blocks_0_attn1_to_q.lora_up.weight': fromNumbers('float32', [6, 1], [1, 1, 1, 1, 1, 1]),
      'lora_unet_blocks_0_attn1_to_q.alpha': fromNumbers('float32', [], [0.5]),
      'lora_unet_time_proj.lora_down.weight': fromNumbers('float32', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]),
      'lora_unet_time_proj.lora_up.weight': fromNumbers('float32', [6, 2], Array(12).fill(1)),
    });
    const { tensors } = await readOne(path);
    expect(toFloat32(tensors['blocks.0.attn1.to_q.lora_A.weight']!)).toEqual(
      Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0),
    );
    expect(toFloat32(tensors['blocks.0.attn1.to_q.lora_B.weight']!)).toEqual(
      Float32Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? 0.5 : 0)),
    );
  });

  it('of another model is an error that names the layer', async () => {
    const path = join(await temporaryFolder(), 'other.safetensors');
    const up = fromNumbers('float32', [6, 1], Array(6).fill(1));
    await writeSafetensors(path, { 'unet.nowhere.to_q.lora_B.weight': up });
    await expect(readOne(path)).rejects.toThrow(foreignLora(path, 'unet', 'unet.nowhere.to_q.lora_B.weight'));
    await writeSafetensors(path, {
      'unet.blocks.0.attn1.to_q.lora_A.weight': fromNumbers('float32', [1, 5], Array(5).fill(1)),
    });
    await expect(readOne(path)).rejects.toThrow(
      foreignLora(path, 'unet', 'unet.blocks.0.attn1.to_q.lora_A.weight', [1, 5], [1, 6]),
    );
  });

  it('by kohya with linear pairs for 1x1 convolutions, or by diffusers before PEFT, is read all the same', async () => {
    const path = join(await temporaryFolder(), 'old.safetensors');
    const down = fromNumbers('float32', [1, 6], [1, 2, 3, 4, 5, 6]);
    const up = fromNumbers('float32', [6, 1], Array(6).fill(1));
    await writeSafetensors(path, {
      'unet.blocks.0.attn1.processor.to_q_lora.down.weight': down,
      'unet.blocks.0.attn1.processor.to_q_lora.up.weight': up,
    });
    const { tensors } = await readOne(path);
    expect(toFloat32(tensors['blocks.0.attn1.to_q.lora_A.weight']!)).toEqual(toFloat32(down));
  });
});

describe('a file of a whole diffusion model', async () => {
  const shelf = openPool({ threads: 1 });
  afterAll(() => shelf.close());
  const dir = await temporaryFolder();
  const folder = await writeTinyDiffusion(join(dir, 'tiny'));
  const needs = (['vae-encoder', 'vae-decoder', 'unet', 'text-encoder'] as const).map((role) => ({
    role,
    by: 'test',
  }));
  const home = await emptyHome();
  const models = await resolveNeeds(needs, parseModelChoices({ diffusion: folder }), {
    home,
    baseDirs: ['/'],
  });
  const open: OpenRole = shelf.of(models).open;
  const path = join(dir, 'tuned.safetensors');
  const textOf = (adapters: readonly Adapter[]) =>
    withAdapters(open, adapters, async (tuned) => (await tuned.encodeText(['a cat'])).data);
  const ones = (...dims: number[]) =>
    tensor('float32', dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.3));

  it('changes the text encoder by its pairs, and the U-Net by its own', async () => {
    const layer = 'text_model_encoder_layers_0_mlp_fc1';
    await writeSafetensors(path, {
      [`lora_te_${layer}.lora_down.weight`]: ones(2, 12),
      [`lora_te_${layer}.lora_up.weight`]: ones(48, 2),
      [`lora_te_${layer}.alpha`]: ones(),
      'lora_unet_mid_block_attentions_0_proj_in.lora_down.weight': ones(1, 16),
      'lora_unet_mid_block_attentions_0_proj_in.lora_up.weight': ones(16, 1),
    });
    const adapters = await readAdapters(path, open);
    expect(adapters.map(({ method }) => method)).toMatchObject([
      { of: 'unet' },
      { of: 'text-encoder', rank: 2 },
    ]);
    const plain = (await (await openDiffusion(open)).encodeText(['a cat'])).data;
    expect(await textOf(adapters)).not.toEqual(plain);
    expect(await textOf(adapters.slice(0, 1))).toEqual(plain);
    await writeSafetensors(path, {
      'lora_te1_text_model_encoder_layers_0_mlp_fc1.lora_up.weight': ones(48, 2),
    });
    await expect(readAdapters(path, open)).rejects.toThrow(/it is LoRA for Stable Diffusion XL \('lora_te1_/);
  });

  it('holds whole weights as PyTorch has them, and they come back as they were', async () => {
    const { graph } = await open('unet');
    const { ports } = trainableUnet(graph, { kind: 'full' }, random);
    const tensors = Object.fromEntries(
      ports.map(({ name, dims, initial }) => [name, tensor('float32', dims, initial)]),
    );
    await writeAdapter(path, { method: { kind: 'full' }, tensors }, 'diffusers', graph);
    const { tensors: written } = await readSafetensors(path);
    const projection = 'unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight';
    expect(written[projection]!.dims).toEqual([16, 12]); // text of 12 to 16 channels: [out, in]
    expect(written['unet.conv_norm_out.weight']!.dims).toEqual([8]);
    expect(Object.keys(written).every((name) => /^unet\.[a-z_0-9.]+\.(weight|bias)$/.test(name))).toBe(true);
    const [read] = await readAdapters(path, open);
    expect(read).toEqual({ method: { kind: 'full' }, tensors });
  });

  it('holds an embedding under its token, and of another size is refused', async () => {
    await writeSafetensors(path, { 'cat</w>': ones(1, 12) });
    const [read] = await readAdapters(path, open);
    expect(read!.method).toEqual({ kind: 'textual-inversion', token: 'cat</w>' });
    await writeSafetensors(path, { '<cat>': ones(768) });
    await expect(readAdapters(path, open)).rejects.toThrow(otherEmbedding(path, '<cat>', [768], 12));
  });
});
