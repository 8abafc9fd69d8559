/** @file Images from prompts, and from images and prompts: the loop over a sampler's path. */
import type { Image, Size } from '../image/image.ts';
import { expected, notFiniteLatent } from '../messages.ts';
import { imageTensor } from '../models/pixels.ts';
import { type TensorOf, tensor } from '../onnx/tensor.ts';
import type { Random } from '../random.ts';
import { type Conditioning, guidedClean } from './guidance.ts';
import { type Diffusion, rowsOf } from './open.ts';
import { inputScale } from './prediction.ts';
import { type Draw, type Path, pathFrom } from './sampler.ts';
import { type SamplerName, samplers } from './samplers.ts';
import type { Spacing } from './schedule.ts';

type Floats = TensorOf<'float32'>;

export interface SampleOptions {
  /** One for each image; each image has draws of its own, so that it is the same in any batch. */
  readonly randoms: readonly Random[];
  /** One for each image, or one for all. */
  readonly prompts: readonly string[];
  /** One for each image, or one for all; empty unless told. */
  readonly negatives?: readonly string[];
  /** Weight of classifier-free guidance; 7.5 unless told, 1 is none. */
  readonly guidance?: number;
  readonly sampler?: SamplerName;
  readonly steps?: number;
  /** The sampler's own unless told. */
  readonly spacing?: Spacing | undefined;
  readonly eta?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Latents [n, c, h, w] from noise, for images of `size`; the model's own size unless told. @throws USAGE, MODEL */
export async function sampleLatents(
  diffusion: Diffusion,
  {
    size = { width: diffusion.side, height: diffusion.side },
    ...options
  }: SampleOptions & { readonly size?: Size },
): Promise<Floats> {
  const { randoms, sampler = 'ddim', steps = 50, spacing } = options;
  const path = samplers[sampler].path(diffusion.schedule, steps, spacing);
  const draw = drawer(randoms, latentCount(diffusion, size));
  const start = draw().map((value) => path.start * value);
  const dims = [
    randoms.length,
    diffusion.channels,
    size.height / diffusion.cell,
    size.width / diffusion.cell,
  ];
  return walk(diffusion, tensor('float32', dims, start), path, draw, options);
}

/**
 * Image-to-image (Meng et al. 2022, SDEdit) on latents [n, c, h, w]: noise is added as of `strength` of the way back, and
 * the last `floor(steps * strength)` steps of the sampler take it away. @throws USAGE where that is no step at all.
 */
export async function resampleLatents(
  diffusion: Diffusion,
  latents: Floats,
  { strength, ...options }: SampleOptions & { readonly strength: number },
): Promise<Floats> {
  const { randoms, sampler = 'ddim', steps = 50, spacing } = options;
  // 0.29 * 100 is 28.999999999999996.
  const taken = Math.min(steps, Math.floor(steps * strength + 1e-9));
  if (taken < 1) {
    throw expected(`at least one step (steps x strength is ${steps * strength})`, 'strength', strength, {
      code: 'USAGE',
    });
  }
  const whole = samplers[sampler].path(diffusion.schedule, steps, spacing);
  const path = pathFrom(whole, steps - taken);
  const draw = drawer(randoms, latents.data.length / randoms.length);
  const noise = draw();
  const start = latents.data.map((value, i) => value + path.sigmas[0]! * noise[i]!);
  return walk(diffusion, tensor('float32', latents.dims, start), path, draw, options);
}

/** Latents to images, one at a time: a decoder's activations are what memory goes into. */
export async function decodeImages(diffusion: Diffusion, latents: Floats): Promise<Image[]> {
  const images: Image[] = [];
  for (let i = 0; i < latents.dims[0]!; i++) {
    const { dims, data } = await diffusion.decode(rowsOf(latents, i, i + 1));
    images.push(clippedImage({ width: dims[3]!, height: dims[2]! }, data));
  }
  return images;
}

/** Latents [1, c, h, w] of an image whose sides are whole cells. */
export const encodeImage = (diffusion: Diffusion, image: Image): Promise<Floats> =>
  diffusion.encode(imageTensor(image));

/** Images from prompts. */
export async function textToImage(
  diffusion: Diffusion,
  options: SampleOptions & { readonly size?: Size },
): Promise<Image[]> {
  return decodeImages(diffusion, await sampleLatents(diffusion, options));
}

/** From the start of a path to its end; the last x as the network scales it. */
async function walk(
  diffusion: Diffusion,
  start: Floats,
  path: Path,
  draw: Draw,
  { sampler = 'ddim', eta, signal, onProgress, ...options }: SampleOptions,
): Promise<Floats> {
  const conditioning = await conditioningOf(diffusion, start.dims[0]!, options);
  const step = samplers[sampler].stepper(path, { eta });
  let x = start.data;
  for (const [i, timestep] of path.timesteps.entries()) {
    signal?.throwIfAborted();
    const now = tensor('float32', start.dims, x);
    const clean = await guidedClean(diffusion, now, path.sigmas[i]!, timestep, conditioning);
    x = step(i, x, clean, draw);
    if (!x.every(Number.isFinite)) throw notFiniteLatent(diffusion.id, i);
    onProgress?.((i + 1) / path.timesteps.length);
  }
  const scale = inputScale(path.sigmas.at(-1)!);
  return tensor(
    'float32',
    start.dims,
    x.map((value) => scale * value),
  );
}

async function conditioningOf(
  { encodeText }: Diffusion,
  n: number,
  { prompts, negatives = [''], guidance = 7.5 }: SampleOptions,
): Promise<Conditioning> {
  const each = (texts: readonly string[]): Promise<Floats> =>
    encodeText(Array.from({ length: n }, (_, i) => texts[texts.length === 1 ? 0 : i]!));
  const prompt = await each(prompts);
  return { prompt, negative: guidance === 1 ? prompt : await each(negatives), guidance };
}

/** Draws for a batch: `count` values for each image, from its own stream. */
function drawer(randoms: readonly Random[], count: number): Draw {
  return () => {
    const noise = new Float32Array(randoms.length * count);
    randoms.forEach((random, row) => {
      for (let i = 0; i < count; i++) noise[row * count + i] = random.normal();
    });
    return noise;
  };
}

/** Values of a latent for an image of `size`. @throws USAGE where the U-Net cannot halve and double its sides. */
function latentCount({ cell, multiple, channels }: Diffusion, { width, height }: Size): number {
  if (width % multiple !== 0 || height % multiple !== 0 || Math.min(width, height) < multiple) {
    throw expected(`sides that are multiples of ${multiple} px`, 'size', `${width}x${height}`, {
      code: 'USAGE',
    });
  }
  return (channels * width * height) / cell ** 2;
}

function clippedImage(size: Size, planes: Float32Array): Image {
  const area = size.width * size.height;
  const data = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) data[3 * i + c] = Math.min(1, Math.max(0, planes[c * area + i]!));
  }
  return { ...size, data };
}
