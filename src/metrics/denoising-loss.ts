/**
 * @file The quantity that protections against diffusion models move, on a scale that is the same for all images: the training
 * loss of such a model at the image, divided by that at the clean image.
 *
 *   L(x) = mean over t, e of mean over cells of (f(a_t E(x) + s_t e, t, text) - y)^2,   value = L(x') / L(x)
 *
 * y is what the model should predict (AdvDM and Anti-DreamBooth raise this loss, SDS lowers it), or the latent of Mist's
 * glyphs (ACE and Mist v2 lower that one).
 */
import { z } from 'zod';
import { type Diffusion, openDiffusion } from '../diffusion/open.ts';
import type { Image } from '../image/image.ts';
import { differentSizes } from '../messages/index.ts';
import { encoderWindows, latentsOf } from '../models/latents.ts';
import { imageTensor } from '../models/pixels.ts';
import { type TensorOf, tensor } from '../onnx/tensor.ts';
import { openRole, type PluginContext, roleNeeds } from '../plugin/define.ts';
import { seededRandom } from '../random.ts';
import { defineMetric } from './define.ts';
import { glyphsOver } from './parts/latents.ts';

type Latents = readonly TensorOf<'float32'>[];

/** Windows whose latents a U-Net can halve three times. */
const WINDOWS = { side: 512, overlap: 64, cells: 8 };

/** The seed of the noise: it is the same for all images and all arms. */
const DRAWS_SEED = 0;

export const denoisingLoss = defineMetric({
  id: 'denoising-loss',
  version: 1,
  kind: 'pair',
  label: 'Denoising loss',
  summary: 'Training loss of a diffusion model at the image, divided by that at the clean image.',
  reference:
    'Ho et al., Denoising Diffusion Probabilistic Models (2020); what Liang et al., AdvDM (2023) ascend',
  protocol:
    'denoising-loss@1: posterior mean, own size in windows of 512 px with an overlap of 64 px; timesteps at the middles of equal ' +
    'parts of the schedule, one noise for each, the same for all images; mean square, ratio of the means',
  unit: '',
  // As with every distance, an unchanged image is best.
  higherIsBetter: false,
  params: z.strictObject({
    target: z
      .enum(['noise', 'glyphs'])
      .default('noise')
      .describe("target of the prediction: the noise, or the latent of Mist's glyphs"),
    prompt: z.string().default('a painting').describe('prompt for the diffusion model'),
    timesteps: z
      .int()
      .min(1)
      .max(1000)
      .default(20)
      .describe('number of timesteps, spread evenly over the schedule'),
  }),
  formerNames: { target: 'toward' },
  needs: () => roleNeeds('vae-encoder', 'unet', 'text-encoder'),
  random: false,
  measure: async (image, reference, params, context) => {
    if (image.width !== reference.width || image.height !== reference.height) {
      throw differentSizes('denoising-loss', image, reference);
    }
    const diffusion = await openDiffusion((role) => openRole(context, role));
    const text = await diffusion.encodeText([params.prompt]);
    const aims = params.target === 'glyphs' ? await latents(glyphsOver(reference), context) : undefined;
    const lossAt = async (picture: Image): Promise<number> =>
      meanLoss(diffusion, await latents(picture, context), text, params.timesteps, aims, context.signal);
    return (await lossAt(image)) / (await lossAt(reference));
  },
});

async function latents(image: Image, context: PluginContext): Promise<Latents> {
  const encoder = await openRole(context, 'vae-encoder');
  return latentsOf(encoder, imageTensor(image).data, image, encoderWindows(encoder, image, WINDOWS));
}

async function meanLoss(
  diffusion: Diffusion,
  windows: Latents,
  text: TensorOf<'float32'>,
  timesteps: number,
  aims: Latents | undefined,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { alphasCumprod } = diffusion.schedule;
  const random = seededRandom(DRAWS_SEED);
  let [sum, count] = [0, 0];
  for (let k = 0; k < timesteps; k++) {
    const t = Math.floor(((k + 0.5) * alphasCumprod.length) / timesteps);
    const [a, s] = [Math.sqrt(alphasCumprod[t]!), Math.sqrt(1 - alphasCumprod[t]!)];
    for (const [i, { dims, data }] of windows.entries()) {
      signal?.throwIfAborted();
      const noise = drawn(random.fork(`timestep ${k} window ${i}`), data.length);
      const noisy = data.map((v, j) => a * v + s * noise[j]!);
      const said = (await diffusion.predict(tensor('float32', dims, noisy), t, text)).data;
      const velocity = diffusion.prediction === 'v';
      const wanted = aims?.[i]?.data ?? (velocity ? noise.map((e, j) => a * e - s * data[j]!) : noise);
      for (let j = 0; j < said.length; j++) sum += (said[j]! - wanted[j]!) ** 2;
      count += said.length;
    }
  }
  return sum / count;
}

const drawn = (random: { normal(): number }, count: number): Float32Array =>
  new Float32Array(count).map(() => random.normal());
