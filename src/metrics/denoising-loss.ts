/**
 * @file What protections against diffusion models move, on a ruler that does not change from picture to picture: the
 * loss that such a model is trained by, at the picture, as a share of that at the clean one.
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
import { glyphsOver } from './latent-shift.ts';

type Latents = readonly TensorOf<'float32'>[];

/** Windows of whole multiples of what U-Nets halve their latents to. */
const WINDOWS = { side: 512, overlap: 64, cells: 8 };

/** The noise of every measurement: all pictures, and all arms of one, are met with the same. */
const DRAWS_SEED = 0;

export const denoisingLoss = defineMetric({
  id: 'denoising-loss',
  version: 1,
  kind: 'pair',
  label: 'Denoising loss',
  summary: 'The training loss of a diffusion model at the picture, as a share of that at the clean one.',
  reference:
    'Ho et al., Denoising Diffusion Probabilistic Models (2020); what Liang et al., AdvDM (2023) ascend',
  protocol:
    'denoising-loss@1: posterior mean, own size in windows of 512 px that share 64 px; timesteps at the middles of equal parts of the ' +
    'schedule, one draw of noise for each, the same for all pictures; mean square, ratio of the means',
  unit: '',
  // As with every distance: an untouched picture is the good one.
  higherIsBetter: false,
  params: z.strictObject({
    toward: z
      .enum(['noise', 'glyphs'])
      .default('noise')
      .describe("what the prediction is compared with: what it should be, or the latent of Mist's glyphs"),
    prompt: z.string().default('a painting').describe('what the model is told that it sees'),
    timesteps: z.int().min(1).max(1000).default(20).describe('timesteps, spread evenly over the schedule'),
  }),
  needs: () => roleNeeds('vae-encoder', 'unet', 'text-encoder'),
  random: false,
  measure: async (image, reference, params, context) => {
    if (image.width !== reference.width || image.height !== reference.height) {
      throw differentSizes('denoising-loss', image, reference);
    }
    const diffusion = await openDiffusion((role) => openRole(context, role));
    const text = await diffusion.encodeText([params.prompt]);
    const aims = params.toward === 'glyphs' ? await latents(glyphsOver(reference), context) : undefined;
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
