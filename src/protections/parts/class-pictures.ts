/**
 * @file Prior preservation while a surrogate learns (Ruiz et al. 2023, DreamBooth): beside the protected picture it goes on
 * learning pictures of its class, so that it stays the model that a mimic starts from. Pictures of the user's own, or
 * samples of the model itself.
 */
import { z } from 'zod';
import type { TrainingPicture } from '../../diffusion/examples.ts';
import { textToImage } from '../../diffusion/generate.ts';
import { openDiffusion } from '../../diffusion/open.ts';
import type { Image } from '../../image/image.ts';
import { openRole, picturesOf, type PluginContext, type RoleNeed } from '../../plugin/define.ts';
import { deriveSeed, seededRandom } from '../../random.ts';

/** Class pictures, with a protection's published values as defaults. */
export const priorParameters = (published: {
  readonly priorWeight: number;
  readonly classImages: number;
}) => ({
  priorWeight: z
    .number()
    .min(0)
    .max(100)
    .default(published.priorWeight)
    .describe('weight of the loss at class pictures (prior preservation); 0: the surrogate sees none'),
  classImages: z
    .int()
    .min(1)
    .max(1000)
    .default(published.classImages)
    .describe('class pictures at most; no more are used than there are training steps'),
  classPrompt: z
    .string()
    .default('a painting')
    .describe('what class pictures show: their caption, and what the diffusion model is asked for'),
  classData: z
    .string()
    .min(1)
    .optional()
    .describe(
      'class pictures of your own: a file, folder, manifest or atelier(...); the model paints them unless told',
    ),
});

/** What these parameters mean together. */
export interface Prior {
  readonly priorWeight: number;
  readonly classImages: number;
  readonly classPrompt: string;
  readonly classData?: string | undefined;
  readonly trainSteps: number;
}

/** `refers` of a plug-in that has these parameters. */
export const priorRefers = { classData: 'pictures' } as const;

/** A model that paints its class pictures needs a decoder. */
export const priorNeeds = ({ priorWeight, trainSteps, classData }: Prior): readonly RoleNeed[] =>
  priorWeight > 0 && trainSteps > 0 && classData === undefined ? [{ role: 'vae-decoder' }] : [];

/** The class pictures that `draws` training steps want; none where the prior has no weight. */
export async function classPicturesOf(
  params: Prior,
  draws: number,
  context: PluginContext,
): Promise<readonly TrainingPicture[]> {
  const { priorWeight, classImages, classPrompt, classData } = params;
  if (priorWeight === 0 || draws === 0) return [];
  const count = Math.min(classImages, draws);
  const images =
    classData === undefined
      ? await painted(classPrompt, count, context)
      : await Promise.all(
          picturesOf(context, 'classData')
            .slice(0, count)
            .map((each) => each.load()),
        );
  const source = classData === undefined ? 'generated' : 'given';
  context.note?.('class pictures', {
    source,
    count: images.length,
    prompt: classPrompt,
    weight: priorWeight,
  });
  return images.map((image) => ({ image, caption: classPrompt }));
}

/** What a model has painted, by the U-Net that did: every picture that is protected meets the same class. */
const cache = new WeakMap<object, Map<string, Image>>();

async function painted(prompt: string, count: number, context: PluginContext): Promise<Image[]> {
  const unet = await openRole(context, 'unet');
  const known = cache.get(unet) ?? new Map<string, Image>();
  cache.set(unet, known);
  const diffusion = await openDiffusion((role) => openRole(context, role));
  const images: Image[] = [];
  for (let i = 0; i < count; i++) {
    const name = `class picture ${i} of ${prompt}`;
    const image = known.get(name) ?? (await paint(name));
    known.set(name, image);
    images.push(image);
  }
  return images;

  /** Draws belong to the class, not to the picture that is protected. */
  async function paint(name: string): Promise<Image> {
    const randoms = [seededRandom(deriveSeed(name))];
    const sampler = { sampler: 'dpm++2m-karras', steps: 20 } as const;
    const [image] = await textToImage(diffusion, {
      randoms,
      prompts: [prompt],
      ...sampler,
      signal: context.signal,
    });
    return image!;
  }
}
