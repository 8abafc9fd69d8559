import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeImages, resampleLatents, sampleLatents, textToImage } from '../../src/diffusion/generate.ts';
import { type Diffusion, type OpenRole, openDiffusion } from '../../src/diffusion/open.ts';
import { samplerNames } from '../../src/diffusion/samplers/samplers.ts';
import { expected, mismatchedText, notFiniteLatent, unknownConditions } from '../../src/messages/index.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { imageTensor } from '../../src/models/pixels.ts';
import { openPool } from '../../src/models/pool.ts';
import { tensor } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { emptyHome, temporaryFolder } from '../models/fixture.ts';
import { randomImage } from '../pictures.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';

const shelf = openPool({ threads: 1 });
afterAll(() => shelf.close());

/** The roles of a model as a plug-in gets them. */
async function rolesOf(choices: Parameters<typeof parseModelChoices>[0]): Promise<OpenRole> {
  const roles = ['vae-encoder', 'vae-decoder', 'unet', 'text-encoder'] as const;
  const needs = roles.map((role) => ({ role, by: 'test' }));
  const home = await emptyHome();
  const models = await resolveNeeds(needs, parseModelChoices(choices), { home, baseDirs: ['/'] });
  return shelf.of(models).open;
}

const folder = await writeTinyDiffusion(join(await temporaryFolder(), 'tiny'));
const roles = await rolesOf({ diffusion: folder });
const diffusion = await openDiffusion(roles);
const seeds = (...list: number[]) => list.map(seededRandom);
const SIZE = { width: 32, height: 16 };
const fast = { size: SIZE, steps: 4, prompts: ['a cat'] };

describe('a diffusion model in the layout of Optimum', () => {
  it('tells schedule, prediction, size and latents from its folder', async () => {
    expect(diffusion).toMatchObject({ prediction: 'epsilon', side: 64, channels: 4, cell: 8, multiple: 16 });
    expect(diffusion.schedule.alphasCumprod).toHaveLength(1000);
    const velocity = await writeTinyDiffusion(join(await temporaryFolder(), 'v'), {
      prediction: 'v_prediction',
    });
    expect(await openDiffusion(await rolesOf({ diffusion: velocity }))).toMatchObject({ prediction: 'v' });
  });

  it('takes prompts to embeddings, equal prompts to equal ones', async () => {
    const { dims, data } = await diffusion.encodeText(['a cat', 'a dog', 'a cat']);
    expect(dims).toEqual([3, 77, 12]);
    const [a, b, c] = [0, 1, 2].map((i) => data.slice(i * 77 * 12, (i + 1) * 77 * 12));
    expect(c).toEqual(a);
    expect(b).not.toEqual(a);
  });

  it('makes images of any size of whole cells, its own unless told', async () => {
    const [image] = await textToImage(diffusion, { ...fast, randoms: seeds(1) });
    expect([image!.width, image!.height, image!.data.length]).toEqual([32, 16, 32 * 16 * 3]);
    expect(image!.data.every((value) => value >= 0 && value <= 1)).toBe(true);
    const { dims } = await sampleLatents(diffusion, { steps: 1, prompts: [''], randoms: seeds(1) });
    expect(dims).toEqual([1, 4, 8, 8]);
    const size = { width: 36, height: 16 };
    await expect(sampleLatents(diffusion, { ...fast, size, randoms: seeds(1) })).rejects.toThrow(
      expected('sides that are multiples of 16 px', 'size', '36x16', { code: 'USAGE' }),
    );
  });

  it.each(samplerNames)('%s gives the same image for the same seed, alone or in a batch', async (sampler) => {
    const batch = await sampleLatents(diffusion, {
      ...fast,
      sampler,
      randoms: seeds(1, 2),
      prompts: ['a cat', 'a dog'],
    });
    const alone = await sampleLatents(diffusion, { ...fast, sampler, randoms: seeds(2), prompts: ['a dog'] });
    const again = await sampleLatents(diffusion, { ...fast, sampler, randoms: seeds(2), prompts: ['a dog'] });
    expect(again.data).toEqual(alone.data);
    const second = batch.data.subarray(alone.data.length);
    const largest = Math.max(...alone.data.map(Math.abs));
    // Products of other shapes may be summed in another order.
    for (const [i, value] of alone.data.entries())
      expect(Math.abs(second[i]! - value)).toBeLessThan(1e-4 * largest);
  });

  it('depends on seed, prompt, negative prompt, guidance and sampler', async () => {
    const base = { ...fast, randoms: () => seeds(1) };
    const variants = [
      {},
      { randoms: () => seeds(2) },
      { prompts: ['a dog'] },
      { negatives: ['a dog'] },
      { guidance: 2 },
      { guidance: 1 },
      { sampler: 'euler-ancestral' },
      { sampler: 'dpm++2m-karras' },
      { eta: 1 },
    ] as const;
    const results = new Set<string>();
    for (const variant of variants) {
      const { randoms, ...options } = { ...base, ...variant };
      const { data } = await sampleLatents(diffusion, { ...options, randoms: randoms() });
      results.add(data.slice(0, 8).join());
    }
    expect(results.size).toBe(variants.length);
  });

  it('guided by a prompt away from the same prompt is not guided at all', async () => {
    const same = { ...fast, negatives: fast.prompts };
    const guided = await sampleLatents(diffusion, { ...same, guidance: 7.5, randoms: seeds(1) });
    const plain = await sampleLatents(diffusion, { ...same, guidance: 1, randoms: seeds(1) });
    const largest = Math.max(...plain.data.map(Math.abs));
    for (const [i, value] of plain.data.entries())
      expect(Math.abs(guided.data[i]! - value)).toBeLessThan(1e-3 * largest);
  });

  it('stays nearer to a picture the less its strength', async () => {
    const latents = await diffusion.encode(imageTensor(randomImage(32, 16)));
    const distance = async (strength: number): Promise<number> => {
      const options = { ...fast, steps: 10, guidance: 1, strength, randoms: seeds(1) };
      const { data } = await resampleLatents(diffusion, latents, options);
      return Math.hypot(...data.map((value, i) => value - latents.data[i]!));
    };
    const [gentle, harsh] = [await distance(0.1), await distance(0.9)];
    expect(gentle).toBeLessThan(harsh);
    const options = { ...fast, strength: 0.1, randoms: seeds(1) };
    await expect(resampleLatents(diffusion, latents, options)).rejects.toThrow(
      expected('at least one step (steps x strength is 0.4)', 'strength', 0.1, { code: 'USAGE' }),
    );
  });

  it('decodes what it has sampled, one image for each latent', async () => {
    const latents = await sampleLatents(diffusion, { ...fast, randoms: seeds(1, 2) });
    const images = await decodeImages(diffusion, latents);
    expect(images).toHaveLength(2);
    expect(images[0]!.data).not.toEqual(images[1]!.data);
  });

  it('tells how far it is, and stops where it is told to', async () => {
    const seen: number[] = [];
    await sampleLatents(diffusion, {
      ...fast,
      randoms: seeds(1),
      onProgress: (fraction) => seen.push(fraction),
    });
    expect(seen).toEqual([0.25, 0.5, 0.75, 1]);
    const signal = AbortSignal.abort();
    await expect(sampleLatents(diffusion, { ...fast, signal, randoms: seeds(1) })).rejects.toThrow();
  });

  it('says so where its latents are no numbers any more', async () => {
    const broken: Diffusion = {
      ...diffusion,
      predict: async ({ dims, data }) =>
        tensor(
          'float32',
          dims,
          data.map(() => Number.NaN),
        ),
    };
    await expect(sampleLatents(broken, { ...fast, randoms: seeds(1) })).rejects.toThrow(
      notFiniteLatent(diffusion.id, 0),
    );
  });

  it('refuses a U-Net with further conditions, and a text encoder of another model', async () => {
    const unet = await roles('unet');
    const { graph } = unet.graph;
    const wider = {
      ...unet.graph,
      graph: {
        ...graph,
        inputs: graph.inputs
          .map((info) => (info.name === 'text' ? { ...info, shape: ['n', 'tokens', 768] } : info))
          .concat({ name: 'time_ids', dtype: 'float32', shape: ['n', 6] }),
      },
    };
    const replaced: OpenRole = async (role) =>
      role === 'unet' ? ({ ...unet, graph: wider } as never) : roles(role);
    await expect(openDiffusion(replaced)).rejects.toThrow(unknownConditions(folder, ['time_ids']));
    const fed = await openDiffusion(replaced, () => ({
      time_ids: tensor('float32', [1, 6], new Float32Array(6)),
    }));
    await expect(fed.encodeText(['a cat'])).rejects.toThrow(mismatchedText(folder, 12, folder, 768));
  });
});
