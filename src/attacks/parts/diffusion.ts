/** @file What attacks that regenerate an image with a latent diffusion model share. */
import { z } from 'zod';
import type { SampleOptions } from '../../diffusion/generate.ts';
import { type Diffusion, openDiffusion } from '../../diffusion/open.ts';
import type { Image } from '../../image/image.ts';
import type { TensorOf } from '../../onnx/tensor.ts';
import { openRole, type PluginContext } from '../../plugin/define.ts';
import { throughNetwork } from './network.ts';

/** The prompts that guide the regeneration. */
export const promptParameters = (guidance: number) => ({
  prompt: z.string().max(1000).default('').describe('prompt for the diffusion model'),
  negativePrompt: z.string().max(1000).default('').describe('negative prompt for the diffusion model'),
  guidance: z
    .number()
    .min(1)
    .max(30)
    .default(guidance)
    .describe('classifier-free guidance scale; 1: no guidance'),
});

/** Earlier names of the prompts. */
export const promptFormerNames = { negativePrompt: 'negative' } as const;

/** Windows of the size that the model was trained on. */
export const modelWindowParameters = {
  window: z
    .int()
    .min(64)
    .max(2048)
    .multipleOf(64)
    .optional()
    .describe(
      'longest side of a window, in px; larger images are processed in overlapping windows (default: the side that the model was trained at)',
    ),
  overlap: z
    .int()
    .min(0)
    .max(256)
    .multipleOf(8)
    .default(64)
    .describe('overlap of neighbouring windows, in px'),
};

interface Prompting {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly guidance: number;
  readonly window?: number | undefined;
  readonly overlap: number;
}

/**
 * The image after `f` has replaced the latents [1, c, h, w] of each window. `f` gets sampling options with random numbers of
 * the window's own, so that the result of a window does not depend on the number of windows before it.
 */
export async function throughLatents(
  image: Image,
  { prompt, negativePrompt, guidance, window, overlap }: Prompting,
  context: PluginContext,
  f: (
    diffusion: Diffusion,
    latents: TensorOf<'float32'>,
    options: SampleOptions,
  ) => Promise<TensorOf<'float32'>>,
): Promise<Image> {
  const diffusion = await openDiffusion((role) => openRole(context, role));
  const { multiple, side } = diffusion;
  return throughNetwork(
    image,
    { window: window ?? side, overlap, multiple },
    context,
    async (part, { random, signal, onProgress }) => {
      const options = {
        randoms: [random],
        prompts: [prompt],
        negatives: [negativePrompt],
        // Guidance between equal prompts changes nothing, and doubles the cost.
        guidance: prompt === negativePrompt ? 1 : guidance,
        signal,
        onProgress,
      };
      return diffusion.decode(await f(diffusion, await diffusion.encode(part), options));
    },
  );
}
