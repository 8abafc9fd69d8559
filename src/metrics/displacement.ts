/**
 * @file How far a protection moves an image in a vector space, and how much of that an attack leaves. For an image x, its
 * protected version p, an attack A and vectors E:
 *
 *     before the attack   E(p) - E(x)          after it   E(A(p)) - E(A(x))
 *
 * The value is the length of that displacement (along=any), or its part along the protection's own direction E(p) - E(x)
 * (along=own), or along the way to a target, E(y) - E(x) (along=target). What the attack does to the clean image is in
 * neither: a difference of two distances from E(x) would lose a displacement that the attack leaves whole.
 */
import { z } from 'zod';
import type { Image, Size } from '../image/image.ts';
import { atSize } from '../image/resample.ts';
import { PREPARATION } from '../models/vectors.ts';
import { openRole, roleNeeds } from '../plugin/define.ts';
import { dot, unitVector } from '../stats/directions.ts';
import { type DisplacementReferences, defineMetric, type ImageRef } from './define.ts';
import { LATENTS, latentsIn, rememberedLatents, TARGETS } from './parts/latents.ts';

type Vector = Readonly<Float32Array> | Readonly<Float64Array>;

const ALONG =
  "own: the part along the protection's own direction, negative if turned round; any: the length, whatever the direction";

const alongParameters = {
  along: z.enum(['own', 'any']).default('own').describe(ALONG),
};

const FORMS =
  'control: the clean image under the same attack, 0 for equal files; own: projection on the unit vector from clean to protected';

const shared = {
  version: 1,
  kind: 'displacement',
  higherIsBetter: false,
  random: false,
} as const;

export const latentDisplacement = defineMetric({
  ...shared,
  id: 'latent-displacement',
  label: 'Latent displacement',
  primary: 10,
  smallestEffect: 0.03,
  summary:
    'How far a protection moves the latents of a VAE encoder, relative to the clean latents; after an attack, what is left of it.',
  reference: 'The quantity that encoder attacks push: Liang and Wu, Mist (arXiv:2305.12683)',
  protocol: `latent-displacement@1: ${FORMS}; relative to the length of the clean latents; ${LATENTS}`,
  unit: '',
  params: z.strictObject({
    along: z
      .enum(['own', 'any', 'target'])
      .default('own')
      .describe(`${ALONG}; target: the part along the way to the target`),
    target: z
      .enum(['glyphs', 'grey'])
      .default('glyphs')
      .describe("target image, for along=target: Mist's default glyphs, or flat grey"),
  }),
  needs: () => roleNeeds('vae-encoder'),
  aligned: ({ along }) => along !== 'any',
  measure: async (image, references, { along, target }, context) => {
    const encoder = await openRole(context, 'vae-encoder');
    const clean = await references.clean.load();
    const { width, height } = clean;
    const latents = ({ sha256, load }: ImageRef): Promise<Float32Array> =>
      rememberedLatents(encoder, `${sha256} ${width}x${height}`, async () => sizedAs(clean, await load()));
    const start = await latents(references.clean);
    const moved = await displacementOf(image, references, along === 'any', latents);
    const part =
      along === 'target'
        ? partAlong(moved.after, difference(await latentsIn(encoder, TARGETS[target](clean)), start))
        : moved.part;
    return part / norm(start);
  },
});

export const embeddingDisplacement = defineMetric({
  ...shared,
  id: 'embedding-displacement',
  label: 'Embedding displacement',
  primary: 11,
  smallestEffect: 0.03,
  summary:
    'How far a protection moves the embedding of an image, in embeddings of length 1; after an attack, what is left of it.',
  reference: 'none: any embedder',
  protocol: `embedding-displacement@1: ${FORMS}; embeddings of length 1; ${PREPARATION['image-embedder']}`,
  unit: '',
  params: z.strictObject(alongParameters),
  needs: () => roleNeeds('image-embedder'),
  measure: async (image, references, { along }, { vectorOf }) => {
    const embedding = async (each: ImageRef) => unitVector(await vectorOf(each, 'image-embedder'));
    return (await displacementOf(image, references, along === 'any', embedding)).part;
  },
});

export const pixelDisplacement = defineMetric({
  ...shared,
  id: 'pixel-displacement',
  label: 'Pixel displacement',
  summary: 'Root mean square of what a protection adds to the pixels; after an attack, what is left of it.',
  reference: 'none: root mean square error against the clean image under the same attack',
  protocol: `pixel-displacement@1: ${FORMS}; root mean square over all values, in 1/255`,
  unit: '1/255',
  measures: 'fidelity',
  params: z.strictObject(alongParameters),
  needs: () => [],
  aligned: ({ along }) => along !== 'any',
  measure: async (image, references, { along }) => {
    const clean = await references.clean.load();
    const pixels = async (each: ImageRef) => sizedAs(clean, await each.load()).data;
    const { part, after } = await displacementOf(image, references, along === 'any', pixels);
    return (255 * part) / Math.sqrt(after.length);
  },
});

/** The displacement of an image, and its length or its part along the protection's own direction. */
async function displacementOf(
  image: ImageRef,
  { control, clean, protected: moved }: DisplacementReferences,
  whole: boolean,
  vectorOf: (image: ImageRef) => Promise<Vector>,
): Promise<{ readonly after: Vector; readonly part: number }> {
  const after = difference(await vectorOf(image), await vectorOf(control));
  const before = image.sha256 === moved.sha256 && control.sha256 === clean.sha256;
  if (whole || before) return { after, part: norm(after) };
  return { after, part: partAlong(after, difference(await vectorOf(moved), await vectorOf(clean))) };
}

/** An image that an attack has given another size is brought back by Pillow's Lanczos. */
const sizedAs = (size: Size, image: Image): Image => atSize(image, size, 'lanczos');

function difference(a: Vector, b: Vector): Float64Array {
  return Float64Array.from(a, (value, i) => value - b[i]!);
}

const norm = (a: Vector): number => Math.sqrt(dot(a, a));

/** The length of the part of `a` along `b`; 0 if `b` is 0 and has no direction. */
const partAlong = (a: Vector, b: Vector): number => dot(a, b) / Math.max(norm(b), Number.MIN_VALUE);
