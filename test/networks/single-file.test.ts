import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingTokenizer, notLatentDiffusion } from '../../src/messages/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import type { ModelRole } from '../../src/models/roles.ts';
import { autoencoderKlDecoder, autoencoderKlEncoder } from '../../src/networks/autoencoder-kl.ts';
import { clipTextModel } from '../../src/networks/clip-text-model.ts';
import {
  autoencoderOf,
  type Part,
  textEncoderOf,
  unetOf,
  versionOf,
} from '../../src/networks/latent-diffusion.ts';
import { unet2dConditionModel } from '../../src/networks/unet-2d-condition.ts';
import { openCheckpoint } from '../../src/networks/weights/checkpoint.ts';
import type { Weights } from '../../src/networks/weights/weights.ts';
import type { Model } from '../../src/onnx/model.ts';
import { writeSafetensors } from '../../src/onnx/safetensors.ts';
import { fromNumbers, tensor } from '../../src/onnx/tensor.ts';
import { emptyHome } from '../models/fixture.ts';
import { diffusersFolder } from './diffusers-folder.ts';
import { errorsOf, golden, tensorsIn } from './fixture.ts';
import { checkpointByFormula, picture } from './formula.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'craquelure-single-'));
  for (const version of ['1', '2']) {
    const bytes = await checkpointByFormula(golden(`single-file-${version}`, 'shapes.json'));
    await writeFile(join(dir, `${version}.safetensors`), bytes);
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Groups that divide the few channels of these files; published ones have 32. */
const built = (
  { config, weights }: Part,
  groups: number,
  build: (config: Part['config'], path: string, weights: Weights) => Model,
): Model => build({ ...config, ...(groups !== 32 && { norm_num_groups: groups }) }, 'file', weights);

describe.each(['1', '2'])(
  'a checkpoint of Stable Diffusion %s in one file gives what diffusers makes of it',
  (version) => {
    const outputs = () => tensorsIn(`single-file-${version}`, 'outputs.safetensors');
    const open = () => openCheckpoint(join(dir, `${version}.safetensors`));

    it('U-Net', async () => {
      const model = built(unetOf(await open()), version === '1' ? 8 : 32, unet2dConditionModel);
      const inputs = {
        sample: picture(1000, [1, 4, 8, 8], (u) => 2 * u),
        timestep: tensor('float32', [1], Float32Array.of(300)),
        encoder_hidden_states: picture(1001, [1, 77, 64], (u) => 2 * u),
      };
      expect((await errorsOf(model, inputs, await outputs())).out_sample).toBeLessThan(1e-4);
    });

    it('autoencoder', async () => {
      const part = autoencoderOf(await open());
      const image = { sample: picture(1002, [1, 3, 16, 16], (u) => 2 * u) };
      const latent = { latent_sample: picture(1000, [1, 4, 8, 8], (u) => 2 * u) };
      const encoder = await errorsOf(built(part, 4, autoencoderKlEncoder), image, await outputs());
      const decoder = await errorsOf(built(part, 4, autoencoderKlDecoder), latent, await outputs());
      expect(encoder.latent_parameters).toBeLessThan(1e-4);
      expect(decoder.sample).toBeLessThan(1e-4);
    });

    it('text encoder', async () => {
      const model = built(textEncoderOf(await open()), 32, clipTextModel);
      const inputs = await tensorsIn(`single-file-${version}`, 'inputs.safetensors');
      expect((await errorsOf(model, inputs, await outputs())).last_hidden_state).toBeLessThan(1e-4);
    });

    it('is known by its names', async () => {
      expect(versionOf(await open())).toBe(version);
    });
  },
);

describe('a checkpoint in one file as a choice of model', () => {
  const resolve = async (path: string, roles: readonly ModelRole[]) =>
    resolveNeeds(
      roles.map((role) => ({ role, by: 'test' })),
      parseModelChoices({ diffusion: path }),
      { home: await emptyHome(), baseDirs: ['/'] },
    );

  it('plays all roles of a diffusion model, with the numbers of its version', async () => {
    const path = join(dir, '2.safetensors');
    const [encoder, decoder, unet] = await resolve(path, ['vae-encoder', 'vae-decoder', 'unet']);
    expect(encoder).toMatchObject({
      fill: { network: 'LatentDiffusion', latent: { scale: 0.18215 }, mean: 0.5 },
    });
    expect(decoder!.files.map((file) => file.path)).toEqual([path]);
    expect(unet).toMatchObject({ fill: { diffusion: { prediction: 'epsilon', side: 512 }, multiple: 32 } });
  });

  it('takes the tokenizer that lies beside it, or says how to get one', async () => {
    const path = join(dir, '2.safetensors');
    await expect(resolve(path, ['text-encoder'])).rejects.toThrow(missingTokenizer(path).message);
    const folder = await diffusersFolder();
    const beside = join(folder, '2.safetensors');
    await writeFile(beside, await checkpointByFormula(golden('single-file-2', 'shapes.json')));
    const [text] = await resolve(beside, ['text-encoder']);
    expect(text!.files.map((file) => file.path.slice(folder.length + 1))).toEqual([
      '2.safetensors',
      'tokenizer/vocab.json',
      'tokenizer/merges.txt',
    ]);
    // Short prompts of version 2 end in token 0.
    expect(text!.fill.padToken).toBe('!');
    await rm(folder, { recursive: true });
  });

  it('that is of something else is refused by what it holds', async () => {
    const path = join(dir, 'other.safetensors');
    await writeSafetensors(path, { 'transformer.x.weight': fromNumbers('float32', [1], [1]) });
    await expect(resolve(path, ['unet'])).rejects.toThrow(
      notLatentDiffusion(path, ['transformer.x.weight']).message,
    );
  });
});
