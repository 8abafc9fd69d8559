/**
 * @file A style cloak as Glaze publishes it: moves the latents of the image to those of the same image in another style.
 *
 *   minimise mean (E(x + d) - E(S(x)))^2 + alpha max(LPIPS(x, x + d) - p, 0),   p 0.05, alpha 30, Adam 0.01, 500 steps
 *
 * Source: Shan et al. 2023. The numbers are those of the open re-implementation by Cao et al. 2023 (IMPRESS), because Glaze
 * is closed. Hence the name: this is not that program. What differs here, on purpose:
 *
 * - The style transfer S needs no diffusion model: patches or statistics of the latents of a style image replace the image's
 *   own. `network` uses a feed-forward network, `img2img` a diffusion model as published.
 * - LPIPS is measured by the model in the role `perceptual` (published: VGG). A line search enforces it on the saved file; the
 *   penalty alone lets images exceed it. If only the clean image keeps it, that is an error, as in Glaze.
 * - An L-infinity budget holds as well, as for all protections here; the re-implementation has none.
 * - The loss uses the mean of the posterior unless `latent=sampled`. The penalty is weighted as on unscaled latents.
 */
import { z } from 'zod';
import { openDiffusion } from '../diffusion/open.ts';
import { resampleLatents } from '../diffusion/generate.ts';
import type { Image } from '../image/image.ts';
import { resize } from '../image/resample.ts';
import { latentsOf } from '../models/latents.ts';
import { imageTensor, withPlanes } from '../models/pixels.ts';
import { openRole, picturesOf, type PluginContext, type RoleNeed } from '../plugin/define.ts';
import { defineProtection } from './define.ts';
import { pictureOfDistantStyle } from './parts/choose-picture.ts';
import { attackEncoder, encoderNeeds, encoderParameters, encoderProtection } from './parts/encoder-attack.ts';
import { styledTarget } from './parts/latent-style.ts';
import { attackParameters, LPIPS_BUDGET } from './parts/optimise.ts';
import { alignedTarget, type Target } from './parts/target.ts';

const params = z.strictObject({
  ...attackParameters({ steps: 500, stepSize: 1.275, optimizer: 'adam' }),
  lpips: z.number().min(0.001).max(1).default(0.05).describe(LPIPS_BUDGET),
  transfer: z
    .enum(['patches', 'statistics', 'network', 'img2img'])
    .default('patches')
    .describe(
      'style transfer that makes the target: patches or statistics of the latents of a style image, a style-transfer network, or img2img',
    ),
  styles: z
    .string()
    .min(1)
    .default('atelier(count=12, size=256)')
    .describe('style images, one style per artist: a file, folder, manifest or atelier(...)'),
  prompt: z
    .string()
    .default('a cubist painting')
    .describe('prompt for the diffusion model, for transfer=img2img'),
  strength: z
    .number()
    .min(0.05)
    .max(1)
    .default(0.5)
    .describe('img2img strength: share of the way to pure noise, for transfer=img2img'),
  ...encoderParameters,
});

export const glazeStyle = defineProtection({
  ...encoderProtection,
  id: 'glaze-style',
  version: 2,
  label: 'Glaze-style',
  summary:
    'Moves the latents of a VAE encoder to those of the same image in another style, within an LPIPS budget.',
  reference:
    'after Shan et al., Glaze (USENIX Security 2023); parameters of Cao et al., IMPRESS (NeurIPS 2023)',
  params,
  needs: (given) => [...encoderNeeds(given), ...transferNeeds(given.transfer)],
  refers: { styles: 'pictures', ...encoderProtection.refers },
  apply: (image, given, context) =>
    attackEncoder(image, targetOf(image, given, context), given, context, {
      // The published start: within p on pixels of -1..1.
      startPx: Math.round(given.lpips * 127.5),
    }),
});

function transferNeeds(transfer: z.infer<typeof params>['transfer']): readonly RoleNeed[] {
  switch (transfer) {
    case 'network':
      return [{ role: 'style-transfer' }];
    case 'img2img':
      return [{ role: 'vae-decoder' }, { role: 'unet' }, { role: 'text-encoder' }];
    default:
      return [{ role: 'image-embedder', optional: true }];
  }
}

function targetOf(image: Image, given: z.infer<typeof params>, context: PluginContext): Target {
  const { transfer } = given;
  return async (encoder, size, windows) => {
    // The image that is optimised may be a copy of another size.
    const own = resize(image, size.width, size.height, 'bicubic');
    if (transfer === 'network') {
      return alignedTarget(await restyled(own, context))(encoder, size, windows);
    }
    if (transfer === 'img2img') {
      const diffusion = await openDiffusion((role) => openRole(context, role));
      const styled = [];
      for (const [i, latent] of (await latentsOf(encoder, imageTensor(own).data, size, windows)).entries()) {
        const randoms = [context.random.fork(`img2img ${i}`)];
        const { prompt, strength } = given;
        styled.push(await resampleLatents(diffusion, latent, { randoms, prompts: [prompt], strength }));
      }
      return styled;
    }
    const style = await pictureOfDistantStyle(own, picturesOf(context, 'styles'), context);
    return styledTarget(own, style, transfer)(encoder, size, windows);
  };
}

/** The image restyled by a feed-forward network, at sides that the network takes and no longer than 1024 px. */
async function restyled(image: Image, context: PluginContext): Promise<Image> {
  const network = await openRole(context, 'style-transfer');
  const multiple = network.model.fill.multiple ?? 1;
  const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
  const whole = (px: number): number => Math.max(multiple, Math.round((px * scale) / multiple) * multiple);
  const seen = resize(image, whole(image.width), whole(image.height), 'bicubic');
  const { styled } = await network.run({ image: imageTensor(seen) });
  return withPlanes(
    seen,
    styled.data.map((v) => Math.min(Math.max(v, 0), 1)),
  );
}

const LONGEST = 1024;
