/**
 * @file Prior preservation while a surrogate is trained (Ruiz et al. 2023, DreamBooth): it also trains on images of the class
 * of the protected image, so that it stays the model that a mimic starts from. The class images are the user's own, or
 * samples of the model itself.
 */
import { z } from 'zod';
import type { TrainingPicture } from '../../diffusion/examples.ts';
import { openDiffusion } from '../../diffusion/open.ts';
import { sampleClassImages } from '../../diffusion/prior.ts';
import type { Image } from '../../image/image.ts';
import { openRole, picturesOf, type PluginContext, type RoleNeed } from '../../plugin/define.ts';
import { deriveSeed, seededRandom } from '../../random.ts';

/** Class images, with a protection's published values as defaults. */
export const priorParameters = (published: {
  readonly priorWeight: number;
  readonly classImages: number;
}) => ({
  priorWeight: z
    .number()
    .min(0)
    .max(100)
    .default(published.priorWeight)
    .describe('weight of the prior-preservation loss on class images; 0: no class images'),
  classImages: z
    .int()
    .min(1)
    .max(1000)
    .default(published.classImages)
    .describe('number of class images; at most one for each training step is used'),
  classPrompt: z.string().default('a painting').describe('prompt for the class images, and their caption'),
  classData: z
    .string()
    .min(1)
    .optional()
    .describe(
      'your own class images: a file, folder, manifest or atelier(...) (default: samples of the model in the role unet)',
    ),
});

/** The values of these parameters. */
export interface Prior {
  readonly priorWeight: number;
  readonly classImages: number;
  readonly classPrompt: string;
  readonly classData?: string | undefined;
  readonly trainSteps: number;
}

/** `refers` of a plug-in that has these parameters. */
export const priorRefers = { classData: 'pictures' } as const;

/** A model that samples its class images needs a decoder. */
export const priorNeeds = ({ priorWeight, trainSteps, classData }: Prior): readonly RoleNeed[] =>
  priorWeight > 0 && trainSteps > 0 && classData === undefined ? [{ role: 'vae-decoder' }] : [];

/** The class images for `draws` training steps; none if the prior has no weight. */
export async function classImagesOf(
  params: Prior,
  draws: number,
  context: PluginContext,
): Promise<readonly TrainingPicture[]> {
  const { priorWeight, classImages, classPrompt, classData } = params;
  if (priorWeight === 0 || draws === 0) return [];
  const count = Math.min(classImages, draws);
  const images =
    classData === undefined
      ? await sampled(classPrompt, count, context)
      : await given(classPrompt, count, context);
  const source = classData === undefined ? 'generated' : 'given';
  const about = { source, count: images.length, prompt: classPrompt, weight: priorWeight };
  context.note?.('class pictures', about);
  return images;
}

function given(caption: string, count: number, context: PluginContext): Promise<TrainingPicture[]> {
  const own = picturesOf(context, 'classData').slice(0, count);
  return Promise.all(own.map(async (each) => ({ image: await each.load(), caption })));
}

/** Samples by the U-Net that made them, then by all else that they depend on: protected images share their class images. */
const cache = new WeakMap<object, Map<string, Map<number, Image>>>();

/** The seeds depend on the class, not on the image that is protected. */
async function sampled(
  prompt: string,
  count: number,
  context: PluginContext,
): Promise<readonly TrainingPicture[]> {
  const unet = await openRole(context, 'unet');
  const others = [await openRole(context, 'vae-decoder'), await openRole(context, 'text-encoder')];
  const byModels = cache.get(unet) ?? new Map<string, Map<number, Image>>();
  cache.set(unet, byModels);
  const key = `${others.map(({ model }) => model.key).join(' ')} ${prompt}`;
  const known = byModels.get(key) ?? new Map<number, Image>();
  byModels.set(key, known);
  const { signal } = context;
  return sampleClassImages(await openDiffusion((role) => openRole(context, role)), {
    prompt,
    count,
    // The name of a stream of random numbers stays as it was, so that its numbers do.
    randomOf: (place) => seededRandom(deriveSeed(`class picture ${place} of ${prompt}`)),
    sampler: 'dpm++2m-karras',
    steps: 20,
    signal,
    known,
  });
}
