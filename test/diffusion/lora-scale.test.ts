import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readAdapters } from '../../src/diffusion/lora-file.ts';
import type { OpenRole } from '../../src/diffusion/open.ts';
import { unusableLoraSettings } from '../../src/messages/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { modelHome } from '../../src/models/home.ts';
import { openPool } from '../../src/models/pool.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { readModel } from '../../src/onnx/files.ts';
import { writeSafetensors } from '../../src/onnx/safetensors.ts';
import { fromNumbers, toFloat32 } from '../../src/onnx/tensor.ts';
import { temporaryFolder } from '../models/fixture.ts';
import { describeShared } from '../shared.ts';

const network = await readModel(
  join(dirname(fileURLToPath(import.meta.url)), '..', 'onnx', 'lora', 'model.onnx'),
);
const open = (async () => ({ graph: network })) as unknown as OpenRole;
const ones = (...dims: number[]) =>
  fromNumbers('float32', dims, Array(dims.reduce((a, b) => a * b, 1)).fill(1));

/** Pairs of rank 4 and 1, all of ones, under PEFT's names. */
const pairs = (prefix: string) => ({
  [`${prefix}blocks.0.attn1.to_q.lora_A.weight`]: ones(4, 6),
  [`${prefix}blocks.0.attn1.to_q.lora_B.weight`]: ones(6, 4),
  [`${prefix}time_proj.lora_A.weight`]: ones(1, 4),
  [`${prefix}time_proj.lora_B.weight`]: ones(6, 1),
});

/** By what the pairs of a file are multiplied: that of attention, and that of the time. */
async function scales(path: string): Promise<[number, number]> {
  const [adapter] = await readAdapters(path, open);
  const up = (module: string): number => toFloat32(adapter!.tensors[`${module}.lora_B.weight`]!)[0]!;
  return [up('blocks.0.attn1.to_q'), up('time_proj')];
}

const file = async (name = 'style.safetensors') => join(await temporaryFolder(), name);
const header = (settings: unknown) => ({ format: 'pt', lora_adapter_metadata: JSON.stringify(settings) });

describe('the strength of a LoRA file', () => {
  it('is alpha / rank, as the header of diffusers says', async () => {
    const path = await file();
    const settings = {
      'unet.r': 4,
      'unet.lora_alpha': 1,
      'unet.use_rslora': false,
      'unet.alpha_pattern': {},
    };
    await writeSafetensors(path, pairs('unet.'), header(settings));
    expect(await scales(path)).toEqual([0.25, 1]);
  });

  it('is 1 without an alpha', async () => {
    const path = await file();
    await writeSafetensors(path, pairs('unet.'), { format: 'pt' });
    expect(await scales(path)).toEqual([1, 1]);
    await writeSafetensors(path, pairs('unet.'), header({ 'text_encoder.lora_alpha': 9 }));
    expect(await scales(path)).toEqual([1, 1]);
  });

  it('is alpha / sqrt(rank) with rslora', async () => {
    const path = await file();
    await writeSafetensors(path, pairs('unet.'), header({ 'unet.lora_alpha': 3, 'unet.use_rslora': true }));
    expect(await scales(path)).toEqual([1.5, 3]);
  });

  it('has an alpha for a layer of its own, by the end of its path or by all of it', async () => {
    const path = await file();
    for (const [pattern, expected] of [
      ['to_q', 2],
      ['attn1.to_q', 2],
      ['^blocks.0.attn1.to_q', 2],
      ['^to_q', 0.25],
      ['q', 0.25],
    ] as const) {
      const settings = { 'unet.lora_alpha': 1, 'unet.alpha_pattern': { [pattern]: 8 } };
      await writeSafetensors(path, pairs('unet.'), header(settings));
      expect(await scales(path), pattern).toEqual([expected, 1]);
    }
  });

  it('is what adapter_config.json says of a file by PEFT, and of no other file beside it', async () => {
    const path = await file('adapter_model.safetensors');
    const config = {
      peft_type: 'LORA',
      r: 4,
      lora_alpha: 2,
      alpha_pattern: { time_proj: 5 },
      use_rslora: false,
    };
    await writeFile(join(dirname(path), 'adapter_config.json'), JSON.stringify(config));
    await writeSafetensors(path, pairs('base_model.model.'));
    expect(await scales(path)).toEqual([0.5, 5]);
    const other = join(dirname(path), 'style.safetensors');
    await writeSafetensors(other, pairs('unet.'));
    expect(await scales(other)).toEqual([1, 1]);
  });

  it("is a pair's own alpha, whatever the header says", async () => {
    const path = await file();
    const alpha = fromNumbers('float32', [], [1]);
    const tensors = { ...pairs('unet.'), 'unet.blocks.0.attn1.to_q.alpha': alpha };
    await writeSafetensors(path, tensors, header({ 'unet.lora_alpha': 2 }));
    expect(await scales(path)).toEqual([0.25, 2]);
  });

  it('is not guessed from settings that cannot be read', async () => {
    const path = await file('adapter_model.safetensors');
    const broken = unusableLoraSettings(path, 'lora_adapter_metadata');
    await writeSafetensors(path, pairs('unet.'), { lora_adapter_metadata: '{"unet.r": 4' });
    await expect(scales(path)).rejects.toThrow(broken);
    await writeSafetensors(path, pairs('unet.'), header({ 'unet.lora_alpha': 'much' }));
    await expect(scales(path)).rejects.toThrow(broken);
    await writeSafetensors(path, pairs('unet.'), header({ 'unet.alpha_pattern': { '(a+)+$': 1 } }));
    await expect(scales(path)).rejects.toThrow(unusableLoraSettings(path, "alpha_pattern '(a+)+$'"));
    await writeSafetensors(path, pairs('unet.'));
    await writeFile(join(dirname(path), 'adapter_config.json'), 'null');
    await expect(scales(path)).rejects.toThrow(unusableLoraSettings(path, 'adapter_config.json'));
  });
});

describeShared('LoRA files of the embedded U-Net', ['cases', 'meta_diffusers.safetensors'], (path) => {
  it('have equal pairs whether alpha is in the header or in tensors', async () => {
    const pool = openPool({ threads: 1 });
    const needs = [{ role: 'unet', by: 'test' } as const];
    const models = await resolveNeeds(needs, parseModelChoices({}), {
      home: modelHome({ CRAQUELURE_CACHE: '/nowhere', HF_HOME: '/nowhere' }),
      baseDirs: ['/'],
    });
    const unet = pool.of(models).open;
    const [a] = await readAdapters(path, unet);
    const [b] = await readAdapters(join(dirname(path), 'k_alpha1.safetensors'), unet);
    await pool.close();
    expect(Object.keys(a!.tensors).sort()).toEqual(Object.keys(b!.tensors).sort());
    for (const [name, tensor] of Object.entries(a!.tensors)) expect(tensor, name).toEqual(b!.tensors[name]);
  });
});
