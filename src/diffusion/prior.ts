/**
 * @file Class images of prior preservation (Ruiz et al. 2023, DreamBooth): samples of the base model for one prompt. A model
 * that is fine-tuned also trains on them, so that it does not forget the class.
 */
import type { Image } from '../image/image.ts';
import type { Random } from '../random.ts';
import type { TrainingPicture } from './examples.ts';
import { type SampleOptions, textToImage } from './generate.ts';
import type { Diffusion } from './open.ts';

export interface ClassImages extends Pick<SampleOptions, 'sampler' | 'steps' | 'signal'> {
  readonly prompt: string;
  readonly count: number;
  /** Random numbers of the image at each place, so that fewer images are the first of more. */
  readonly randomOf: (place: number) => Random;
  /** Side in px (default: the model's own). */
  readonly resolution?: number | undefined;
  /** Images that are known by their place; new ones are added. */
  readonly known?: Map<number, Image>;
  /** Called before each image is sampled, with how many there will then be. */
  readonly onImage?: ((count: number) => void) | undefined;
}

/** Samples the class images; their caption is the prompt. @throws INTERRUPTED */
export async function sampleClassImages(
  diffusion: Diffusion,
  { prompt, count, randomOf, resolution, known = new Map(), onImage, ...sampling }: ClassImages,
): Promise<TrainingPicture[]> {
  const size = resolution === undefined ? {} : { size: { width: resolution, height: resolution } };
  const images: TrainingPicture[] = [];
  for (let place = 0; place < count; place++) {
    let image = known.get(place);
    if (image === undefined) {
      onImage?.(place + 1);
      const options = { prompts: [prompt], randoms: [randomOf(place)], ...size, ...sampling };
      image = (await textToImage(diffusion, options))[0]!;
      known.set(place, image);
    }
    images.push({ image, caption: prompt });
  }
  return images;
}
