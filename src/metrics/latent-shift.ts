/**
 * @file How far a picture's latents are moved in a VAE, and whether towards what a protection pulls them to:
 *
 *   size = |E(x') - E(x)| / |E(x)|,   cosine = cos(E(x') - E(x), E(y) - E(x))
 *
 * The encoder is whatever plays the role `vae-encoder`, the surrogate itself or, to see transfer, another one.
 */
import { z } from 'zod';
import type { Image, Size } from '../image/image.ts';
import { flatGrey, glyphPattern, repeatedOver } from '../image/pattern.ts';
import { differentSizes } from '../messages/index.ts';
import { encoderWindows, latentsOf, type VaeEncoder } from '../models/latents.ts';
import { imageTensor } from '../models/pixels.ts';
import { openRole, roleNeeds } from '../plugin/define.ts';
import { defineMetric } from './define.ts';

/** Larger pictures are encoded in windows, so that memory does not grow with them. */
const WINDOWS = { side: 1024, overlap: 64 };

export const latentShift = defineMetric({
  id: 'latent-shift',
  version: 3,
  kind: 'pair',
  label: 'Latent shift',
  summary:
    'How far the latents of a VAE encoder are moved, relative to their size; or how straight to a target.',
  reference: 'The quantity that encoder attacks push: Liang and Wu, Mist (arXiv:2305.12683)',
  protocol:
    'latent-shift@3: posterior mean as the encoder gives it, scaled; own size, completed to whole cells by reflection; ' +
    'beyond 1024 px in windows that share 64 px',
  unit: '',
  // As with every distance: an untouched picture is the good one.
  higherIsBetter: false,
  params: z.strictObject({
    measure: z
      .enum(['auto', 'size', 'cosine'])
      .default('auto')
      .describe(
        "size: of the shift, relative to the clean latents' norm; cosine: with the way to the target; auto: cosine where a target is named",
      ),
    target: z
      .enum(['none', 'glyphs', 'grey'])
      .default('none')
      .describe("Mist's glyphs as its defaults draw them, or flat grey; cosine takes the glyphs unless told"),
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
    // Noise moves latents, too, but hardly towards a target: where there is one, the way is what tells them apart.
    if (measure === 'size' || (measure === 'auto' && named === 'none')) return norm(shift) / norm(clean);
    const target = named === 'grey' ? flatGrey(reference, 0.5) : glyphsOver(reference);
    return cosine(shift, difference(await latents(encoder, target), clean));
  },
});

/** The pattern as Mist repeats it: 3 x 8 glyphs to a picture, to every 512 px of a larger one. */
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

/** 0 where there is no shift, and so no direction. */
const cosine = (a: Float32Array, b: Float32Array): number =>
  dot(a, b) / Math.max(norm(a) * norm(b), Number.MIN_VALUE);
