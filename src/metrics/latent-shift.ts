/**
 * @file How far an image has moved in the eyes of a latent diffusion model, relative to where it was:
 *
 *   |E(image) - E(reference)| / |E(reference)|,  E the mean latent of a VAE encoder, norms over all its values
 */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { differentSizes } from '../messages.ts';
import type { RoleModel } from '../models/open.ts';
import { imageTensor } from '../models/pixels.ts';
import { openRole } from '../plugin/define.ts';
import { defineMetric } from './define.ts';

export const latentShift = defineMetric({
  id: 'latent-shift',
  version: 1,
  kind: 'pair',
  label: 'Latent shift',
  summary:
    'Relative distance between the VAE latents of two images; 0 for equal images, 1 as far as from zero.',
  reference: 'The quantity that encoder attacks push: Liang and Wu, Mist (arXiv:2305.12683)',
  protocol:
    'latent-shift@1: L2 distance of mean latents over the L2 norm of the reference latent; edges repeated on the right ' +
    "and below up to the encoder's multiple",
  unit: '',
  higherIsBetter: true,
  params: z.strictObject({}),
  needs: ['vae-encoder'],
  random: false,
  measure: async (image, reference, _params, context) => {
    if (image.width !== reference.width || image.height !== reference.height) {
      throw differentSizes('latent-shift', image, reference);
    }
    const encoder = await openRole(context, 'vae-encoder');
    const [there, here] = [await encode(encoder, image), await encode(encoder, reference)];
    let moved = 0;
    let norm = 0;
    for (let i = 0; i < here.length; i++) {
      moved += (there[i]! - here[i]!) ** 2;
      norm += here[i]! ** 2;
    }
    return Math.sqrt(moved / norm);
  },
});

async function encode(encoder: RoleModel<'vae-encoder'>, image: Image): Promise<Float32Array> {
  const { multiple = 1 } = encoder.model.fill;
  return (await encoder.run({ image: imageTensor(extended(image, multiple)) })).latent.data;
}

/** The image with its last column and row repeated until both sides are multiples. */
function extended(image: Image, multiple: number): Image {
  const up = (side: number): number => Math.ceil(side / multiple) * multiple;
  const [width, height] = [up(image.width), up(image.height)];
  if (width === image.width && height === image.height) return image;
  const data = new Float32Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * (Math.min(y, image.height - 1) * image.width + Math.min(x, image.width - 1));
      data.set(image.data.subarray(from, from + 3), 3 * (y * width + x));
    }
  }
  return { width, height, data };
}
