/**
 * @file A clean-label poison as Nightshade publishes it: pulls the picture's latents to those of an anchor that shows
 * another concept, and leaves its caption as it is. A model that learns from it learns the anchor under the caption's words.
 *
 *   minimise ||E(x + d) - E(a)||, from d = 0 by 500 sign steps that fall from 10.2/255 to 1 % of it, within 10.2/255
 *
 * Source: Shan et al. 2024; the authors' reference code, which holds L-infinity where the paper holds LPIPS (0.07: `lpips`).
 * The program is closed, hence the name. What differs here, on purpose:
 *
 * - The anchor is a picture of the concept (`anchors`, chosen by caption and embedding), or with `anchor=generated` comes
 *   from a diffusion model as published, in its latents. One anchor a picture; the reference has one for a set.
 * - The squared norm stands for the norm: its gradient has the same signs. The default level is 8/255.
 * - Which pictures to poison is the experiment's to say, or with `source` decided by an image embedder: those that look more like
 *   the pictures whose captions have that word than like the others. The reference holds CLIP's two halves against each other.
 */
import { z } from 'zod';
import { openDiffusion } from '../diffusion/open.ts';
import { sampleLatents } from '../diffusion/generate.ts';
import { type Window, windowSize } from '../image/windows.ts';
import { openRole, picturesOf, type PluginContext } from '../plugin/define.ts';
import type { Image, Size } from '../image/image.ts';
import { defineProtection } from './define.ts';
import {
  attackEncoder,
  encoderNeeds,
  surrogateParameters,
  expectationRefers,
} from './parts/encoder-attack.ts';
import { attackBudgetParameters, budgetOf, descentParameters, windowParameters } from './parts/optimise.ts';
import { looksLike, pictureOfConcept, picturesNaming } from './parts/choose-picture.ts';
import { coverOf } from './parts/latent-style.ts';
import { alignedTarget, type Target } from './parts/target.ts';

const params = z.strictObject({
  ...attackBudgetParameters,
  ...descentParameters({ steps: 500, step: 10.2, schedule: 'decaying', start: 'clean' }),
  anchor: z
    .enum(['picked', 'generated'])
    .default('picked')
    .describe('picked: one of the pictures in anchors; generated: by a diffusion model, as published'),
  concept: z
    .string()
    .default('')
    .describe('what the anchor shows: a word of captions, or of the prompt; empty: whatever is furthest'),
  source: z
    .string()
    .default('')
    .describe(
      'a word of captions: pictures that look less like those in anchors that have it than like the others stay as they are; empty: all are poisoned',
    ),
  anchors: z
    .string()
    .min(1)
    .default('atelier(count=12, size=256)')
    .describe('pictures with captions to choose the anchor from: a file, folder, manifest or atelier(...)'),
  ...windowParameters,
  ...surrogateParameters,
});

export const nightshadeStyle = defineProtection({
  id: 'nightshade-style',
  version: 2,
  label: 'Nightshade-style',
  summary: 'Pulls the latents of a VAE encoder to those of an anchor of another concept; captions stay.',
  reference: 'after Shan et al., Nightshade (IEEE S&P 2024), and its reference code',
  params,
  needs: (given) => [
    ...encoderNeeds(given),
    ...(given.anchor === 'generated'
      ? ([{ role: 'vae-decoder' }, { role: 'unet' }, { role: 'text-encoder' }] as const)
      : ([{ role: 'image-embedder', optional: true }] as const)),
  ],
  refers: { anchors: 'pictures', ...expectationRefers },
  random: true,
  budget: budgetOf,
  apply: async (image, given, context) =>
    given.source !== '' && !(await looksLike(image, given.source, picturesOf(context, 'anchors'), context))
      ? image
      : attackEncoder(image, targetOf(image, given, context), given, context),
});

function targetOf(image: Image, given: z.infer<typeof params>, context: PluginContext): Target {
  return async (encoder, size, windows) => {
    if (given.anchor === 'generated') return generated(given.concept, windows, context);
    const pictures = picturesOf(context, 'anchors');
    const anchor = await pictureOfConcept(image, picturesNaming(given.concept, pictures), context);
    const whole: Size = windowSize(windows[0]!);
    return alignedTarget(coverOf(anchor, size, whole))(encoder, size, windows);
  };
}

/** The same sampled latents for every window of one size: 50 DDIM steps with guidance 7.5, as published. */
async function generated(
  concept: string,
  windows: readonly Window[],
  context: PluginContext,
): ReturnType<Target> {
  const diffusion = await openDiffusion((role) => openRole(context, role));
  const latents = [];
  for (const window of windows) {
    const randoms = [context.random.fork('anchor')];
    const prompts = [`a photo of a ${concept}`];
    latents.push(await sampleLatents(diffusion, { randoms, prompts, size: windowSize(window) }));
  }
  return latents;
}
