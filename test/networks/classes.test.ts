import { describe, expect, it } from 'vitest';
import { autoencoderKlDecoder, autoencoderKlEncoder } from '../../src/networks/autoencoder-kl.ts';
import { autoencoderTinyDecoder, autoencoderTinyEncoder } from '../../src/networks/autoencoder-tiny.ts';
import { clipTextModel } from '../../src/networks/clip-text-model.ts';
import { clipVisionModel } from '../../src/networks/clip-vision-model.ts';
import { type Config, readConfigFile } from '../../src/networks/config.ts';
import { unet2dConditionModel } from '../../src/networks/unet-2d-condition.ts';
import { openCheckpoint } from '../../src/networks/weights/checkpoint.ts';
import type { Weights } from '../../src/networks/weights/weights.ts';
import type { Model } from '../../src/onnx/model.ts';
import { errorsOf, golden, tensorsIn } from './fixture.ts';

type Build = (config: Config, path: string, weights: Weights) => Model;

const DIFFUSERS = 'diffusion_pytorch_model.safetensors';
const TRANSFORMERS = 'model.safetensors';

const built = async (folder: string, file: string, build: Build): Promise<Model> => {
  const path = golden(folder, 'config.json');
  return build(await readConfigFile(path), path, await openCheckpoint(golden(folder, file)));
};

const CASES: readonly (readonly [folder: string, file: string, build: Build, wrt: readonly string[]])[] = [
  ['vae-sd', DIFFUSERS, autoencoderKlEncoder, ['sample']],
  ['vae-sd', DIFFUSERS, autoencoderKlDecoder, ['latent_sample']],
  ['vae-sd3', DIFFUSERS, autoencoderKlEncoder, ['sample']],
  ['vae-sd3', DIFFUSERS, autoencoderKlDecoder, ['latent_sample']],
  ['unet-sd1', DIFFUSERS, unet2dConditionModel, ['sample', 'encoder_hidden_states']],
  ['unet-sd2', DIFFUSERS, unet2dConditionModel, ['sample', 'encoder_hidden_states']],
  ['unet-xl', DIFFUSERS, unet2dConditionModel, ['sample', 'encoder_hidden_states']],
  ['unet-x4', DIFFUSERS, unet2dConditionModel, ['sample', 'encoder_hidden_states']],
  ['taesd', DIFFUSERS, autoencoderTinyEncoder, ['sample']],
  ['taesd', DIFFUSERS, autoencoderTinyDecoder, ['latents']],
  ['clip-text', TRANSFORMERS, clipTextModel, []],
  ['openclip-text', TRANSFORMERS, (...given) => clipTextModel(...given, { projection: true }), []],
  ['clip-vision', TRANSFORMERS, clipVisionModel, ['pixel_values']],
];

describe('a network from its published files gives what PyTorch gives', () => {
  for (const [folder, file, build, wrt] of CASES) {
    it(`${folder}, ${build.name || 'with projection'}`, async () => {
      const model = await built(folder, file, build);
      const inputs = await tensorsIn(folder, 'inputs.safetensors');
      const outputs = await tensorsIn(folder, 'outputs.safetensors');
      for (const [name, error] of Object.entries(await errorsOf(model, inputs, outputs, wrt))) {
        expect(error, name).toBeLessThan(name.startsWith('grad.') ? 1e-3 : 1e-4);
      }
    });
  }

  it('the state before the last layer of a text encoder, which Stable Diffusion XL is fed', async () => {
    const model = await built('clip-text', TRANSFORMERS, (...given) =>
      clipTextModel(...given, { penultimate: true }),
    );
    const { penultimate } = await tensorsIn('clip-text', 'outputs.safetensors');
    const inputs = await tensorsIn('clip-text', 'inputs.safetensors');
    const errors = await errorsOf(model, inputs, { last_hidden_state: penultimate! });
    expect(errors.last_hidden_state).toBeLessThan(1e-4);
  });
});
