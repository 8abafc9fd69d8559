/**
 * @file Prior preservation while a surrogate is trained (Ruiz et al. 2023, DreamBooth): it also trains on images of the class
 * of the protected image, so that it stays the model that a mimic starts from. The class images are the user's own, or
 * samples of the model itself.
 */
import { z } from 'zod';
import type { TrainingPicture } from '../../diffusion/examples.ts';
import { textToImage } from '../../diffusion/generate.ts';
import { openDiffusion } from '../../diffusion/open.ts';
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
      ? await sampled(classPrompt, count, context)
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

/**
 * Samples by the U-Net that made them, then by everything else that they depend on: all images that are protected share
 * their class images.
 */
const cache = new WeakMap<object, Map<string, Image>>();

async function sampled(prompt: string, count: number, context: PluginContext): Promise<Image[]> {
  const unet = await openRole(context, 'unet');
  const others = [await openRole(context, 'vae-decoder'), await openRole(context, 'text-encoder')];
  const models = others.map(({ model }) => model.key).join(' ');
  const known = cache.get(unet) ?? new Map<string, Image>();
  cache.set(unet, known);
  const diffusion = await openDiffusion((role) => openRole(context, role));
  const images: Image[] = [];
  for (let i = 0; i < count; i++) {
    const name = `class picture ${i} of ${prompt}`;
    const key = `${models} ${name}`;
    const image = known.get(key) ?? (await sample(name));
    known.set(key, image);
    images.push(image);
  }
  return images;

  /** The seed depends on the class, not on the image that is protected. */
  async function sample(name: string): Promise<Image> {
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
