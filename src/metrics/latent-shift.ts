/**
 * @file How far the latents of an image are moved in a VAE, and whether towards the target of a protection:
 *
 *   size = |E(x') - E(x)| / |E(x)|,   cosine = cos(E(x') - E(x), E(y) - E(x))
 *
 * The encoder is the model in the role `vae-encoder`: the surrogate itself, or another one to measure transfer.
 */
import { z } from 'zod';
import type { Image, Size } from '../image/image.ts';
import { flatGrey, glyphPattern, repeatedOver } from '../image/pattern.ts';
import { differentSizes } from '../messages/index.ts';
import { encoderWindows, latentsOf, type VaeEncoder } from '../models/latents.ts';
import { imageTensor } from '../models/pixels.ts';
import { openRole, roleNeeds } from '../plugin/define.ts';
import { defineMetric } from './define.ts';

/** Larger images are encoded in windows, so that memory does not grow with them. */
const WINDOWS = { side: 1024, overlap: 64 };

export const latentShift = defineMetric({
  id: 'latent-shift',
  version: 3,
  kind: 'pair',
  label: 'Latent shift',
  summary:
    'Distance that the latents of a VAE encoder are moved, relative to their length; or the direction towards a target.',
  reference: 'The quantity that encoder attacks push: Liang and Wu, Mist (arXiv:2305.12683)',
  protocol:
    'latent-shift@3: posterior mean as the encoder gives it, scaled; own size, padded to whole cells by reflection; beyond ' +
    '1024 px in windows with an overlap of 64 px',
  unit: '',
  // As with every distance, an unchanged image is best.
  higherIsBetter: false,
  params: z.strictObject({
    measure: z
      .enum(['auto', 'size', 'cosine'])
      .default('auto')
      .describe(
        'size: length of the shift, relative to the clean latents; cosine: cosine of the shift and the way to the target; auto: cosine if a target is set, else size',
      ),
    target: z
      .enum(['none', 'glyphs', 'grey'])
      .default('none')
      .describe(
        "target image: none, Mist's default glyphs, or flat grey; with measure=cosine, none means the glyphs",
      ),
  }),
  needs: () => roleNeeds('vae-encoder'),
  random: false,
  measure: async (image, reference, params, context) => {
    if (image.width !== reference.width || image.height !== reference.height) {
      throw differentSizes('latent-shift', image, reference);
    }
    const encoder = await openRole(context, 'vae-encoder');
    const clean = await latents(encoder, reference);
    const shift = difference(await latents(encoder, image), clean);
    const { measure, target: named } = params;
    // Noise moves latents as well, but hardly towards a target: if there is one, the direction tells them apart.
    if (measure === 'size' || (measure === 'auto' && named === 'none')) return norm(shift) / norm(clean);
    const target = named === 'grey' ? flatGrey(reference, 0.5) : glyphsOver(reference);
    return cosine(shift, difference(await latents(encoder, target), clean));
  },
});

/** The pattern as Mist repeats it: 3 x 8 glyphs for an image, or for every 512 px of a larger one. */
export function glyphsOver(size: Size): Image {
  const cell = { width: Math.min(size.width, 512), height: Math.min(size.height, 512) };
  return repeatedOver(glyphPattern(cell, 3, 8), size);
}

/** All latents of an image, one after the other. */
async function latents(encoder: VaeEncoder, image: Image): Promise<Float32Array> {
  const windows = encoderWindows(encoder, image, WINDOWS);
  const parts = await latentsOf(encoder, imageTensor(image).data, image, windows);
  const all = new Float32Array(parts.reduce((count, { data }) => count + data.length, 0));
  let at = 0;
  for (const { data } of parts) {
    all.set(data, at);
    at += data.length;
  }
  return all;
}

const difference = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value - b[i]!);

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const norm = (a: Float32Array): number => Math.sqrt(dot(a, a));

/** 0 if there is no shift, and so no direction. */
const cosine = (a: Float32Array, b: Float32Array): number =>
  dot(a, b) / Math.max(norm(a) * norm(b), Number.MIN_VALUE);
