/**
 * @file Noisy upscaling, the strongest attack of Hönig et al.: noise of 0.1 drowns the protection, and Stable Diffusion's x4
 * upscaler, told to expect that much noise, paints a clean picture over it.
 *
 * As published: the upscaler's own noising of the small picture is at level 0, but it is told `level` 320; 75 steps of DDIM
 * and guidance 9, the upscaler's defaults. On purpose different: the prompt is empty unless told (there: the caption), and the
 * result is shrunk to the size that the picture had (there: saved four times larger, and shrunk by the trainer).
 */
import { z } from 'zod';
import { sampleLatents } from '../../diffusion/generate.ts';
import { type Diffusion, openDiffusion } from '../../diffusion/open.ts';
import { type TensorOf, tensor } from '../../onnx/tensor.ts';
import { openRole, roleNeeds } from '../../plugin/define.ts';
import type { Random } from '../../random.ts';
import { defineAttack } from '../define.ts';
import { promptParameters } from '../parts/diffusion.ts';
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
    "Adds noise and enlarges by Stable Diffusion's x4 upscaler, which takes it away; then shrinks back.",
  reference: 'Hönig et al., Adversarial perturbations cannot reliably protect artists (ICLR 2025)',
  params: z.strictObject({
    sigma: z.number().min(0).max(128).default(25.5).describe('of the noise before, in 1/255'),
    level: z.int().min(0).max(350).default(320).describe('noise level that the upscaler is told, of 1000'),
    steps: z.int().min(1).max(1000).default(75).describe('of DDIM'),
    kernel: kernelParameter('bilinear'),
    ...promptParameters(9),
    ...windowParameters(512),
  }),
  needs: () => roleNeeds('unet', 'vae-decoder', 'text-encoder'),
  pins: { unet: UPSCALER, 'vae-decoder': UPSCALER, 'text-encoder': UPSCALER },
  random: true,
  strength: { parameter: 'sigma', harsher: 'higher' },
  apply: async (image, params, context) => {
    const { sigma, level, steps, kernel, prompt, negative, guidance, window, overlap } = params;
    const upscaler = await openDiffusion(
      (role) => openRole(context, role),
      (n) => ({ class_labels: tensor('int64', [n], new BigInt64Array(n).fill(BigInt(level))) }),
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
          negatives: [negative],
          guidance: prompt === negative ? 1 : guidance,
          steps,
          signal,
          onProgress,
        });
        return shrunk(await upscaler.decode(latents), part.dims, kernel);
      },
    );
  },
});

/** How much larger the result is, and pixels along a latent cell of it. */
const SCALE = 4;

/** Sides of the small picture are multiples of this: the U-Net halves them three times. */
const HALVINGS = 8;

/** The small picture as the U-Net sees it: pixels of -1..1, with the noise of level 0. */
function smallPicture({ dims, data }: Floats, random: Random): Floats {
  const [keep, spread] = [Math.sqrt(1 - 1e-4), Math.sqrt(1e-4)];
  return tensor(
    'float32',
    dims,
    data.map((value) => keep * (2 * value - 1) + spread * random.normal()),
  );
}

/** The upscaler with the small picture beside every latent. */
const seeing = (upscaler: Diffusion, small: Floats): Diffusion => ({
  ...upscaler,
  cell: SCALE,
  multiple: SCALE * HALVINGS,
  predict: (noisy, timestep, text) => upscaler.predict(beside(noisy, small), timestep, text),
});

/** Channels of `small` [1, 3, h, w] after those of each of `latents` [n, 4, h, w]. */
function beside({ dims: [n, c, h, w], data }: Floats, small: Floats): Floats {
  const [own, more] = [c! * h! * w!, small.data.length];
  const joined = new Float32Array(n! * (own + more));
  for (let i = 0; i < n!; i++) {
    joined.set(data.subarray(i * own, (i + 1) * own), i * (own + more));
    joined.set(small.data, i * (own + more) + own);
  }
  return tensor('float32', [n!, c! + small.dims[1]!, h!, w!], joined);
}
