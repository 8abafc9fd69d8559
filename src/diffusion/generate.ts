/** @file Images from prompts, and from images and prompts: the loop over a sampler's path. */
import type { Image, Size } from '../image/image.ts';
import { expected } from '../messages/index.ts';
import { type TensorOf, tensor } from '../onnx/tensor.ts';
import type { Random } from '../random.ts';
import { type Conditioning, guidedClean } from './guidance.ts';
import { type Diffusion, rowsOf } from './open.ts';
import { purificationPath } from './purification.ts';
import { inputScale } from './prediction.ts';
import { ancestralStepper } from './samplers/ancestral.ts';
import { type Draw, type Path, pathFrom, type Step, walk, type WalkOptions } from './samplers/sampler.ts';
import { type SamplerName, samplers } from './samplers/samplers.ts';
import type { Spacing } from './schedule.ts';

type Floats = TensorOf<'float32'>;

export interface SampleOptions extends WalkOptions {
  /** One for each image; each image has draws of its own, so that it is the same in any batch. */
  readonly randoms: readonly Random[];
  /** One for each image, or one for all. */
  readonly prompts: readonly string[];
  /** One for each image, or one for all (default: empty). */
  readonly negatives?: readonly string[];
  /** Weight of classifier-free guidance; 1 turns it off (default: 7.5). */
  readonly guidance?: number;
  readonly sampler?: SamplerName;
  readonly steps?: number;
  /** How timesteps are spaced (default: the sampler's own spacing). */
  readonly spacing?: Spacing | undefined;
  readonly eta?: number | undefined;
}

/** Latents [n, c, h, w] from noise, for images of `size` (default: the model's own size). @throws USAGE, MODEL */
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
  const step = samplers[sampler].stepper(path, options);
  return denoised(diffusion, tensor('float32', dims, start), path, step, draw, options);
}

/**
 * Image-to-image (Meng et al. 2022, SDEdit) on latents [n, c, h, w]: noise is added as of `strength` of the way back, and
 * the last `floor(steps * strength)` steps of the sampler take it away. @throws USAGE if that is no step at all.
 */
export async function resampleLatents(
  diffusion: Diffusion,
  latents: Floats,
  { strength, ...options }: SampleOptions & { readonly strength: number },
): Promise<Floats> {
  const { sampler = 'ddim', steps = 50, spacing } = options;
  // 0.29 * 100 is 28.999999999999996.
  const taken = Math.min(steps, Math.floor(steps * strength + 1e-9));
  if (taken < 1) {
    throw expected(`at least one step (steps x strength is ${steps * strength})`, 'strength', strength, {
      code: 'USAGE',
    });
  }
  const whole = samplers[sampler].path(diffusion.schedule, steps, spacing);
  const path = pathFrom(whole, steps - taken);
  const step = samplers[sampler].stepper(path, options);
  return renoised(diffusion, latents, path, step, options);
}

/**
 * Diffusion to timestep t and DDPM's way back (Nie et al. 2022, DiffPure) on latents [n, c, h, w], in `steps` network calls;
 * as many as t are DDPM's own.
 */
export function purifyLatents(
  diffusion: Diffusion,
  latents: Floats,
  { t, steps, ...options }: Omit<SampleOptions, 'steps'> & { readonly t: number; readonly steps: number },
): Promise<Floats> {
  const path = purificationPath(diffusion.schedule, t, steps);
  return renoised(diffusion, latents, path, ancestralStepper(path, 1), options);
}

/** From noisy latents at the start of a path to clean ones. */
function renoised(
  diffusion: Diffusion,
  { dims, data }: Floats,
  path: Path,
  step: Step,
  options: SampleOptions,
): Promise<Floats> {
  const draw = drawer(options.randoms, data.length / options.randoms.length);
  const noise = draw();
  const start = data.map((value, i) => value + path.sigmas[0]! * noise[i]!);
  return denoised(diffusion, tensor('float32', dims, start), path, step, draw, options);
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

/** Images from prompts. */
export async function textToImage(
  diffusion: Diffusion,
  options: SampleOptions & { readonly size?: Size },
): Promise<Image[]> {
  return decodeImages(diffusion, await sampleLatents(diffusion, options));
}

/** From the start of a path to its end; the last x as the network scales it. */
async function denoised(
  diffusion: Diffusion,
  start: Floats,
  path: Path,
  step: Step,
  draw: Draw,
  options: SampleOptions,
): Promise<Floats> {
  const { dims } = start;
  const conditioning = await conditioningOf(diffusion, dims[0]!, options);
  const see = (x: Float32Array, i: number): Promise<Float32Array> =>
    guidedClean(diffusion, tensor('float32', dims, x), path.sigmas[i]!, path.timesteps[i]!, conditioning);
  const x = await walk(diffusion.id, start.data, path, step, see, draw, options);
  const scale = inputScale(path.sigmas.at(-1)!);
  return tensor(
    'float32',
    dims,
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

/** Values of a latent for an image of `size`. @throws USAGE if the U-Net cannot halve and double its sides. */
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
