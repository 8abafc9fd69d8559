/** @file What attacks that regenerate a picture with a latent diffusion model have in common. */
import { z } from 'zod';
import type { SampleOptions } from '../../diffusion/generate.ts';
import { type Diffusion, openDiffusion } from '../../diffusion/open.ts';
import type { Image } from '../../image/image.ts';
import type { TensorOf } from '../../onnx/tensor.ts';
import { openRole, type PluginContext } from '../../plugin/define.ts';
import { throughNetwork } from './network.ts';

/** What steers the regeneration, and how much of the picture it sees. */
export const promptParameters = (guidance: number) => ({
  prompt: z.string().max(1000).default('').describe('what the picture shows, in the words of the model'),
  negative: z.string().max(1000).default('').describe('what it should not look like'),
  guidance: z.number().min(1).max(30).default(guidance).describe('weight of the prompt; 1: not guided'),
});

/** Windows of the size that the model was trained on. */
export const modelWindowParameters = {
  window: z
    .int()
    .min(64)
    .max(2048)
    .multipleOf(64)
    .optional()
    .describe('longest side that the model sees at once, in px; unless told, what it was trained on'),
  overlap: z.int().min(0).max(256).multipleOf(8).default(64).describe('what windows share, in px'),
};

interface Prompting {
  readonly prompt: string;
  readonly negative: string;
  readonly guidance: number;
  readonly window?: number | undefined;
  readonly overlap: number;
}

/**
 * What `f` makes of the latents [1, c, h, w] of each window, decoded. `f` gets options of sampling with draws of the
 * window's own, so that a window's result does not depend on how many there are before it.
 */
export async function throughLatents(
  image: Image,
  { prompt, negative, guidance, window, overlap }: Prompting,
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
        negatives: [negative],
        // Guidance between equal prompts changes nothing, and costs as much again.
        guidance: prompt === negative ? 1 : guidance,
        signal,
        onProgress,
      };
      return diffusion.decode(await f(diffusion, await diffusion.encode(part), options));
    },
  );
}
