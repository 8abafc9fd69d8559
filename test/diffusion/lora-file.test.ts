import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { trainableUnet } from '../../src/diffusion/adapter.ts';
import type { Adapter } from '../../src/diffusion/adapter.ts';
import { adapterTensors, readLora, writeAdapter } from '../../src/diffusion/lora-file.ts';
import { foreignLora } from '../../src/messages.ts';
import { readModel } from '../../src/onnx/files.ts';
import { writeSafetensors } from '../../src/onnx/safetensors.ts';
import { fromNumbers, tensor, toFloat32 } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { temporaryFolder } from '../models/fixture.ts';

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

describe('a LoRA file', () => {
  it('has the names of diffusers, or of kohya', () => {
    expect(Object.keys(adapterTensors(adapter, 'diffusers')).sort()).toEqual([
      'unet.blocks.0.attn1.to_q.lora_A.weight',
      'unet.blocks.0.attn1.to_q.lora_B.weight',
      'unet.conv_in.lora_A.weight',
      'unet.conv_in.lora_B.weight',
    ]);
    expect(Object.keys(adapterTensors(adapter, 'kohya')).sort()).toEqual([
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
    await writeAdapter(path, adapter, format);
    const read = await readLora(path, network);
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
    const { tensors } = await readLora(path, network);
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
    await expect(readLora(path, network)).rejects.toThrow(
      foreignLora(path, 'unet.nowhere.to_q.lora_B.weight'),
    );
    await writeSafetensors(path, {
      'unet.blocks.0.attn1.to_q.lora_A.weight': fromNumbers('float32', [1, 5], Array(5).fill(1)),
    });
    await expect(readLora(path, network)).rejects.toThrow(
      foreignLora(path, 'unet.blocks.0.attn1.to_q.lora_A.weight', [1, 5], [1, 6]),
    );
  });
});
