/**
 * @file Noisy upscaling, the strongest attack of Hönig et al.: noise of standard deviation 0.1 hides the protection. Stable
 * Diffusion's x4 upscaler, conditioned on that much noise, then generates a clean image from it.
 *
 * As published: the upscaler itself adds noise of level 0 to the small image, but is conditioned on `noiseLevel` 320. 75 DDIM
 * steps and guidance 9 are the upscaler's defaults. What differs here, on purpose: the prompt is empty by default (there: the
 * caption), and the result is shrunk to the original size (there: saved four times larger and shrunk by the trainer).
 */
import { z } from 'zod';
import { sampleLatents } from '../../diffusion/generate.ts';
import { type Diffusion, openDiffusion } from '../../diffusion/open.ts';
import { type TensorOf, tensor } from '../../onnx/tensor.ts';
import { openRole, roleNeeds } from '../../plugin/define.ts';
import type { Random } from '../../random.ts';
import { defineAttack } from '../define.ts';
import { promptFormerNames, promptParameters } from '../parts/diffusion.ts';
import { kernelParameter } from '../parts/resampling.ts';
import { throughNetwork, windowParameters } from '../parts/network.ts';
import { noised, shrunk } from './noisy-upscaling-proxy.ts';

const UPSCALER = 'sd-x4-upscaler';

type Floats = TensorOf<'float32'>;

export const noisyUpscaling = defineAttack({
  id: 'noisy-upscaling',
  version: 1,
  label: 'Noisy upscaling',
  summary:
    "Adds noise, removes it while enlarging by Stable Diffusion's x4 upscaler, and shrinks to the original size.",
  reference: 'Hönig et al., Adversarial perturbations cannot reliably protect artists (ICLR 2025)',
  params: z.strictObject({
    sigma: z.number().min(0).max(128).default(25.5).describe('standard deviation of the noise, in 1/255'),
    noiseLevel: z
      .int()
      .min(0)
      .max(350)
      .default(320)
      .describe('noise level that the upscaler is conditioned on, of 1000'),
    steps: z.int().min(1).max(1000).default(75).describe('number of DDIM steps'),
    kernel: kernelParameter('bilinear'),
    ...promptParameters(9),
    ...windowParameters(512),
  }),
  formerNames: { noiseLevel: 'level', ...promptFormerNames },
  needs: () => roleNeeds('unet', 'vae-decoder', 'text-encoder'),
  pins: { unet: UPSCALER, 'vae-decoder': UPSCALER, 'text-encoder': UPSCALER },
  random: true,
  strength: { parameter: 'sigma', harsher: 'higher' },
  apply: async (image, params, context) => {
    const { sigma, noiseLevel, steps, kernel, prompt, negativePrompt, guidance, window, overlap } = params;
    const upscaler = await openDiffusion(
      (role) => openRole(context, role),
      (n) => ({ class_labels: tensor('int64', [n], new BigInt64Array(n).fill(BigInt(noiseLevel))) }),
    );
    const noisy = noised(image, sigma, context.random);
    return throughNetwork(
      noisy,
      { window, overlap, multiple: HALVINGS },
      context,
      async (part, { random, signal, onProgress }) => {
        const [, , height, width] = part.dims;
        const latents = await sampleLatents(seeing(upscaler, smallPicture(part, random)), {
          size: { width: SCALE * width!, height: SCALE * height! },
          randoms: [random],
          prompts: [prompt],
          negatives: [negativePrompt],
          guidance: prompt === negativePrompt ? 1 : guidance,
          steps,
          signal,
          onProgress,
        });
        return shrunk(await upscaler.decode(latents), part.dims, kernel);
      },
    );
  },
});

/** The scale of the result, and the side of a latent cell of it, px. */
const SCALE = 4;

/** Sides of the small image are multiples of this: the U-Net halves them three times. */
const HALVINGS = 8;

/** The small image as the U-Net takes it: pixels of -1..1, with noise of level 0. */
function smallPicture({ dims, data }: Floats, random: Random): Floats {
  const [keep, spread] = [Math.sqrt(1 - 1e-4), Math.sqrt(1e-4)];
  return tensor(
    'float32',
    dims,
    data.map((value) => keep * (2 * value - 1) + spread * random.normal()),
  );
}

/** The upscaler with the small image appended to every latent. */
const seeing = (upscaler: Diffusion, small: Floats): Diffusion => ({
  ...upscaler,
  cell: SCALE,
  multiple: SCALE * HALVINGS,
  predict: (noisy, timestep, text) => upscaler.predict(appended(noisy, small), timestep, text),
});

/** Channels of `small` [1, 3, h, w] after those of each of `latents` [n, 4, h, w]. */
function appended({ dims: [n, c, h, w], data }: Floats, small: Floats): Floats {
  const [own, more] = [c! * h! * w!, small.data.length];
  const joined = new Float32Array(n! * (own + more));
  for (let i = 0; i < n!; i++) {
    joined.set(data.subarray(i * own, (i + 1) * own), i * (own + more));
    joined.set(small.data, i * (own + more) + own);
  }
  return tensor('float32', [n!, c! + small.dims[1]!, h!, w!], joined);
}
