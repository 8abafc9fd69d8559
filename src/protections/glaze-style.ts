/**
 * @file A style cloak as Glaze publishes it: pulls the picture's latents to those of the same picture in another style.
 *
 *   minimise mean (E(x + d) - E(S(x)))^2 + alpha max(LPIPS(x, x + d) - p, 0),   p 0.05, alpha 30, Adam 0.01, 500 steps
 *
 * Source: Shan et al. 2023; numbers of the open re-implementation by Cao et al. 2023 (IMPRESS), for Glaze is closed. Hence
 * the name: this is not that program. What differs here, on purpose:
 *
 * - The style transfer S needs no diffusion model: patches of the latents of a picture in the target style take the place
 *   of the picture's own, or their statistics do. `network` takes a feed-forward net, `img2img` a diffusion model as published.
 * - LPIPS is measured by whatever plays the role `perceptual` (published: VGG) and held hard on the saved file by a line
 *   search; the penalty alone lets pictures out. Where nothing but the clean picture keeps it, it is an error, as in Glaze.
 * - An L-infinity budget holds beside it, as for all protections here; the re-implementation has none.
 * - The posterior's mean unless `latent=sampled`; the penalty is weighed as on unscaled latents.
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
import {
  attackEncoder,
  encoderNeeds,
  surrogateParameters,
  expectationRefers,
} from './parts/encoder-attack.ts';
import { attackBudgetParameters, budgetOf, descentParameters, windowParameters } from './parts/optimise.ts';
import { pictureOfDistantStyle } from './parts/choose-picture.ts';
import { styledTarget } from './parts/latent-style.ts';
import { alignedTarget, type Target } from './parts/target.ts';

const params = z.strictObject({
  ...attackBudgetParameters,
  lpips: z
    .number()
    .min(0.001)
    .max(1)
    .default(0.05)
    .describe('p: perceptual budget beside eps, in the distance of the model in the role perceptual'),
  ...descentParameters({ steps: 500, step: 1.275, optimizer: 'adam' }),
  transfer: z
    .enum(['patches', 'statistics', 'network', 'img2img'])
    .default('patches')
    .describe(
      'how the target gets its style: from latents of a picture in it, a style-transfer network, or a diffusion model',
    ),
  styles: z
    .string()
    .min(1)
    .default('atelier(count=12, size=256)')
    .describe(
      'pictures to choose the target style from, one style an artist: a file, folder, manifest or atelier(...)',
    ),
  prompt: z.string().default('a cubist painting').describe('of img2img: the target style in words'),
  strength: z.number().min(0.05).max(1).default(0.5).describe('of img2img: how far from the picture'),
  ...windowParameters,
  ...surrogateParameters,
});

export const glazeStyle = defineProtection({
  id: 'glaze-style',
  version: 2,
  label: 'Glaze-style',
  summary: 'Pulls the latents of a VAE encoder to those of the same picture in another style, within LPIPS.',
  reference:
    'after Shan et al., Glaze (USENIX Security 2023); parameters of Cao et al., IMPRESS (NeurIPS 2023)',
  params,
  needs: (given) => [...encoderNeeds(given), ...transferNeeds(given.transfer)],
  refers: { styles: 'pictures', ...expectationRefers },
  random: true,
  budget: budgetOf,
  apply: (image, given, context) =>
    attackEncoder(image, targetOf(image, given, context), given, context, {
      // The published start: within p on pictures of -1..1.
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
    // Of the picture that is optimised, which may be a copy of another size.
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

/** A picture as a feed-forward network paints it, seen at sides that the network takes and no longer than 1024 px. */
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
