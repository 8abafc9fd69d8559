import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { operatorsWithoutRule } from '../../src/autodiff/gradient.ts';
import { openDiffusion } from '../../src/diffusion/open.ts';
import { openTokenizer } from '../../src/diffusion/tokenizer.ts';
import { modelHome } from '../../src/models/home.ts';
import { openModel, type RoleModel } from '../../src/models/open.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import type { ModelRole } from '../../src/models/roles.ts';
import { insertLora } from '../../src/onnx/transforms/lora.ts';
import { tensor } from '../../src/onnx/tensor.ts';

/** What PyTorch made of one prompt and one latent; written by `training/unet.py export --check`. */
const reference = JSON.parse(readFileSync(new URL('./atelier-unet.json', import.meta.url), 'utf8')) as {
  readonly prompt: string;
  readonly ids: readonly number[];
  /** Of each token the first four of 128. */
  readonly text: readonly number[];
  /** For a latent [1,4,8,8] of sin(0.7 i) at timestep 500. */
  readonly noise: readonly number[];
};

const bare = { home: modelHome({ CRAQUELURE_CACHE: '/nowhere', HF_HOME: '/nowhere' }), baseDirs: [] };

async function opened<R extends ModelRole>(role: R): Promise<RoleModel<R>> {
  const [model] = await resolveNeeds([{ role, by: 'this test' }], {}, bare);
  return openModel(model as typeof model & { readonly role: R });
}

const farthest = (a: ArrayLike<number>, b: readonly number[]): number =>
  Math.max(...b.map((value, i) => Math.abs(value - a[i]!)));

describe('atelier-unet and atelier-text', () => {
  it('turn a prompt into the tokens of the training, placeholders and unknown words included', async () => {
    const { model } = await opened('text-encoder');
    const tokenizer = await openTokenizer(model);
    expect(tokenizer.length).toBe(16);
    expect(tokenizer.encode(reference.prompt).ids).toEqual(reference.ids);
    expect(tokenizer.encode('').ids.slice(0, 3)).toEqual(['[BOS]', '[EOS]', '[PAD]'].map(tokenizer.idOf));
    expect(tokenizer.encode('Craquelure').ids[1]).toBe(tokenizer.idOf('[UNK]'));
  });

  it('say what they said in PyTorch', async () => {
    const diffusion = await openDiffusion(opened);
    expect(diffusion).toMatchObject({ id: 'atelier-unet', side: 256, multiple: 32, prediction: 'epsilon' });
    const text = await diffusion.encodeText([reference.prompt]);
    expect(text.dims).toEqual([1, 16, 128]);
    const firsts = Array.from(text.data).filter((_, i) => i % 128 < 4);
    expect(farthest(firsts, reference.text)).toBeLessThan(1e-4);
    const latent = tensor(
      'float32',
      [1, 4, 8, 8],
      Float32Array.from({ length: 256 }, (_, i) => Math.sin(0.7 * i)),
    );
    const noise = await diffusion.predict(latent, 500, text);
    expect(farthest(noise.data, reference.noise)).toBeLessThan(1e-3);
  });

  it('hear the prompt: two prompts, two predictions', async () => {
    const diffusion = await openDiffusion(opened);
    const latent = tensor('float32', [1, 4, 8, 8], new Float32Array(256).fill(0.3));
    const predicted = await Promise.all(
      ['a photo of a landscape', 'a painting by matisse'].map(async (prompt) =>
        diffusion.predict(latent, 700, await diffusion.encodeText([prompt])),
      ),
    );
    const [photo, painting] = predicted.map(({ data }) => Array.from(data));
    expect(farthest(photo!, painting!)).toBeGreaterThan(0.01);
  });

  it('can be differentiated, and adapted by name', async () => {
    const { graph } = await opened('unet');
    expect(operatorsWithoutRule(graph)).toEqual([]);
    expect(operatorsWithoutRule((await opened('text-encoder')).graph)).toEqual([]);
    const { pairs } = insertLora(graph, { rank: 4 });
    const modules = pairs.map(({ module }) => module);
    expect(modules).toHaveLength(40);
    expect(modules).toContain('down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q');
  });
});
