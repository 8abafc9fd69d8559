/**
 * @file DiffPure in pixels, with a blind denoiser instead of a diffusion model: a denoiser gives the clean image that a step
 * of DDPM needs (Kadkhodaie and Simoncelli 2021 sample from one in this way).
 *
 * A proxy: the published network is an unconditional diffusion model of 552 million weights, at 256 px. A denoiser knows
 * textures, not subjects. But like that model, and unlike latent ones, it has no encoder that a protection could attack.
 * At timestep 200 the noise has a standard deviation of 92/255.
 */
import { z } from 'zod';
import { halved, purificationPath, purifyPixels } from '../../diffusion/purification.ts';
import { noiseSchedule } from '../../diffusion/schedule.ts';
import { tensor } from '../../onnx/tensor.ts';
import { openRole, roleNeeds } from '../../plugin/define.ts';
import { defineAttack } from '../define.ts';
import { throughNetwork, windowParameters } from '../parts/network.ts';

/** The schedule of DDPM and of ADM, for pixels of -1..1. */
const DDPM = { curve: 'linear', start: 1e-4, end: 0.02, steps: 1000 } as const;

export const pixelDiffpureProxy = defineAttack({
  id: 'pixel-diffpure-proxy',
  version: 1,
  label: 'DiffPure by a denoiser (proxy)',
  summary:
    'Adds noise to the pixels up to a timestep and removes it by the ancestral steps of DDPM, with a blind denoiser.',
  reference:
    'After Nie et al., DiffPure (ICML 2022); Kadkhodaie and Simoncelli, Stochastic solutions for linear inverse problems (NeurIPS 2021)',
  params: z.strictObject({
    timestep: z.int().min(1).max(200).default(100).describe('timestep up to which noise is added, of 1000'),
    steps: z
      .int()
      .min(1)
      .max(200)
      .default(10)
      .describe('number of denoising steps; as many as timestep: every step of DDPM'),
    ...windowParameters(256),
  }),
  formerNames: { timestep: 't' },
  needs: () => roleNeeds('denoiser'),
  random: true,
  strength: { parameter: 'timestep', harsher: 'higher' },
  apply: async (image, { timestep, steps, window, overlap }, context) => {
    const denoiser = await openRole(context, 'denoiser');
    const { fill, id } = denoiser.model;
    const path = halved(purificationPath(noiseSchedule(DDPM), timestep, steps));
    const windowing = { window, overlap, multiple: fill.multiple ?? 1, size: fill.size };
    return throughNetwork(image, windowing, context, async ({ dims, data }, own) => {
      const see = async (noisy: Float32Array): Promise<Float32Array> =>
        (await denoiser.run({ image: tensor('float32', dims, noisy) })).denoised.data;
      return tensor('float32', dims, await purifyPixels(id, data, see, path, own.random, own));
    });
  },
});
