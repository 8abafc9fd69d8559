import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Adapter, withAdapters } from '../../src/diffusion/adapter.ts';
import { readAdapters } from '../../src/diffusion/lora-file.ts';
import { type OpenRole, openDiffusion } from '../../src/diffusion/open.ts';
import { unsupportedLora } from '../../src/messages/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { openPool } from '../../src/models/pool.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { insertLora, LORA_SCALE } from '../../src/onnx/transforms/lora.ts';
import { writeSafetensors } from '../../src/onnx/safetensors.ts';
import { fromNumbers, type NamedTensors, tensor, type TensorOf } from '../../src/onnx/tensor.ts';
import { openSession } from '../../src/runtime/session.ts';
import { emptyHome } from '../models/fixture.ts';
import { diffusersFolder } from './diffusers-folder.ts';
import { errorOf, golden, tensorsIn } from './fixture.ts';

const pool = openPool({ threads: 1 });
const folder = await diffusersFolder();
const scratch = await mkdtemp(join(tmpdir(), 'craquelure-lora-'));
afterAll(async () => {
  await pool.close();
  for (const each of [folder, scratch]) await rm(each, { recursive: true, force: true });
});

const needs = (['vae-encoder', 'vae-decoder', 'unet', 'text-encoder'] as const).map((role) => ({
  role,
  by: 'test',
}));
const surroundings = { home: await emptyHome(), baseDirs: ['/'] };
const open: OpenRole = pool.of(
  await resolveNeeds(needs, parseModelChoices({ diffusion: folder }), surroundings),
).open;

type Floats = TensorOf<'float32'>;

/** What a role gives with its pairs fed. */
async function adapted(role: 'unet' | 'text-encoder', { method, tensors }: Adapter, inputs: NamedTensors) {
  if (method.kind !== 'lora') throw new RangeError(method.kind);
  const { model } = insertLora((await open(role)).graph, method);
  const session = await openSession(model, { name: role });
  const scale = tensor('float32', [], Float32Array.of(method.alpha / method.rank));
  const found = await session.run({ ...inputs, ...tensors, [LORA_SCALE]: scale });
  await session.close();
  return Object.values(found)[0]!;
}

describe('a LoRA file on networks from their published files', () => {
  for (const name of ['kohya', 'mixed', 'diffusers']) {
    it(`${name}: gives what PyTorch gives with it`, async () => {
      const adapters = await readAdapters(golden('lora', `${name}.safetensors`), open);
      const wanted = await tensorsIn('lora', 'outputs.safetensors');
      const given = (await tensorsIn('unet-sd1', 'inputs.safetensors')) as Record<string, Floats>;
      const { sample, timestep, encoder_hidden_states: text } = given;
      const noise = await adapted('unet', adapters[0]!, {
        latent: sample!,
        timestep: timestep!,
        text: text!,
      });
      expect(errorOf(noise, wanted[`${name}.noise`]!)).toBeLessThan(1e-4);
      expect(adapters.length).toBe(name === 'diffusers' ? 1 : 2);
      if (name === 'diffusers') return;
      const { input_ids: tokens } = await tensorsIn('clip-text', 'inputs.safetensors');
      const states = await adapted('text-encoder', adapters[1]!, { tokens: tokens! });
      expect(errorOf(states, wanted[`${name}.text`]!)).toBeLessThan(1e-4);
    });
  }

  it('with pairs for both networks changes what a prompt means and what it makes', async () => {
    const adapters = await readAdapters(golden('lora', 'kohya.safetensors'), open);
    const plain = await (await openDiffusion(open)).encodeText(['a cat']);
    const tuned = await withAdapters(open, adapters, (diffusion) => diffusion.encodeText(['a cat']));
    expect(errorOf(tuned, plain)).toBeGreaterThan(0.01);
  });

  const others = [
    ['DoRA', 'unet.conv_in.dora_scale'],
    ['DoRA', 'base_model.model.conv_in.lora_magnitude_vector'],
    ['LoHa', 'lora_unet_conv_in.hada_w1_a'],
    ['LoKr', 'lora_unet_conv_in.lokr_w1'],
    ['LoRA for Stable Diffusion XL', 'lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight'],
    ['LoRA for Stable Diffusion XL', 'lora_unet_input_blocks_4_1_proj_in.lora_down.weight'],
  ] as const;
  it.each(others)('that is %s is refused by name: %s', async (kind, name) => {
    const path = join(scratch, 'other.safetensors');
    await writeSafetensors(path, { [name]: fromNumbers('float32', [1], [1]) });
    await expect(readAdapters(path, open)).rejects.toThrow(unsupportedLora(path, kind, name));
  });
});
