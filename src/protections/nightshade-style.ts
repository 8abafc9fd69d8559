/**
 * @file A clean-label poison as Nightshade publishes it: moves the latents of the image to those of an anchor that shows
 * another concept, and keeps its caption. A model that is trained on it links the anchor's content to the caption.
 *
 *   minimise ||E(x + d) - E(a)||, from d = 0 by 500 sign steps that decay from 10.2/255 to 1 % of it, within 10.2/255
 *
 * Source: Shan et al. 2024; the authors' reference code, which bounds L-infinity although the paper bounds LPIPS (0.07:
 * `lpips`). The program is closed, hence the name. What differs here, on purpose:
 *
 * - The anchor is an image of the concept, chosen from `anchors` by caption and embedding. With `anchor=generated` it is
 *   sampled from a diffusion model as published, in its latents. Each image has its own anchor; the reference has one for a set.
 * - The squared norm replaces the norm: its gradient has the same signs. The default level is 8/255.
 * - The experiment says which images to poison. With `source` an image embedder decides: those that are closer to the images
 *   whose captions have that word than to the others. The reference compares CLIP's image and text embeddings.
 */
import { z } from 'zod';
import { openDiffusion } from '../diffusion/open.ts';
import { sampleLatents } from '../diffusion/generate.ts';
import { type Window, windowSize } from '../image/windows.ts';
import { openRole, picturesOf, type PluginContext } from '../plugin/define.ts';
import type { Image, Size } from '../image/image.ts';
import { defineProtection } from './define.ts';
import { looksLike, pictureOfConcept, picturesNaming } from './parts/choose-picture.ts';
import { attackEncoder, encoderNeeds, encoderParameters, encoderProtection } from './parts/encoder-attack.ts';
import { coverOf } from './parts/latent-style.ts';
import { attackParameters } from './parts/optimise.ts';
import { alignedTarget, type Target } from './parts/target.ts';

const params = z.strictObject({
  ...attackParameters({ steps: 500, stepSize: 10.2, schedule: 'decaying', start: 'clean' }),
  anchor: z
    .enum(['picked', 'generated'])
    .default('picked')
    .describe('picked: an image from anchors; generated: an image sampled from the diffusion model'),
  concept: z
    .string()
    .default('')
    .describe('concept that the anchor shows: a word of a caption, or of the prompt; empty: any concept'),
  source: z
    .string()
    .default('')
    .describe(
      'concept to poison: a word of the captions in anchors; images that resemble its anchors less than the others stay unchanged; empty: every image is poisoned',
    ),
  anchors: z
    .string()
    .min(1)
    .default('atelier(count=12, size=256)')
    .describe('captioned images to choose the anchor from: a file, folder, manifest or atelier(...)'),
  ...encoderParameters,
});

export const nightshadeStyle = defineProtection({
  ...encoderProtection,
  id: 'nightshade-style',
  version: 2,
  label: 'Nightshade-style',
  summary:
    'Moves the latents of a VAE encoder to those of an anchor image of another concept and keeps the caption.',
  reference: 'after Shan et al., Nightshade (IEEE S&P 2024), and its reference code',
  params,
  needs: (given) => [
    ...encoderNeeds(given),
    ...(given.anchor === 'generated'
      ? ([{ role: 'vae-decoder' }, { role: 'unet' }, { role: 'text-encoder' }] as const)
      : ([{ role: 'image-embedder', optional: true }] as const)),
  ],
  refers: { anchors: 'pictures', ...encoderProtection.refers },
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

/** Sampled latents, the same for all windows of one size: 50 DDIM steps with guidance 7.5, as published. */
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
