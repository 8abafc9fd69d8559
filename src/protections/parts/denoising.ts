/**
 * @file The objectives of protections that optimise through a diffusion model: its training loss at the image.
 *
 *   L(x) = mean over cells of (f(a_t E(x) + s_t e, t, text) - y)^2,   t and e sampled at each step
 *
 * One graph leads from pixels to loss; windows are combined as those of encoders. y is e, which the model should predict
 * (maximised by AdvDM), or the latent of a target (minimised by ACE).
 */
import { cotangentName, gradientGraph, gradientName } from '../../autodiff/gradient.ts';
import { denoisingLossOfImages, LOSS, LOSS_INPUTS, type Wanted } from '../../diffusion/denoising-loss.ts';
import { type Diffusion, openDiffusion } from '../../diffusion/open.ts';
import type { Size } from '../../image/image.ts';
import { addWindow, type Window } from '../../image/windows.ts';
import { notFiniteGradient } from '../../messages/index.ts';
import { encoderWindows, type VaeEncoder, windowTensor } from '../../models/latents.ts';
import type { RoleModel } from '../../models/open.ts';
import type { Model } from '../../onnx/model.ts';
import { type NamedTensors, type TensorOf, tensor } from '../../onnx/tensor.ts';
import type { Objective } from '../../optim/descend.ts';
import { openRole, type PluginContext } from '../../plugin/define.ts';
import type { Random } from '../../random.ts';
import type { Session } from '../../runtime/session.ts';
import { allFinite, type Windowing } from './surrogate.ts';
import type { Target } from './target.ts';
import { type Expectation, type View, viewsOf } from './view.ts';

/** What is differentiated. */
export interface DenoisingOptions {
  readonly size: Size;
  readonly windowing: Windowing;
  readonly prompt: string;
  /** Timesteps are drawn from here up to the last. */
  readonly fromTimestep: number;
  /** What the prediction is compared with: a target's latent, or the noise by a product (default: the noise by a square). */
  readonly target?: Target | 'product';
  /** A surrogate that is being trained: a U-Net whose weights or LoRA pairs are inputs. */
  readonly tuned?: Tuned;
  /** How each step sees the image. */
  readonly expectation: Expectation;
  readonly random: Random;
}

/** A U-Net whose trained part is an input, with its current values. */
export interface Tuned {
  /** What is trained. For one U-Net, equal names have equal graphs. */
  readonly name: string;
  readonly model: Model;
  fed(): NamedTensors;
}

/** The denoising loss at x, with its gradient by the planes [3, height, width]; to be minimised. */
export async function denoisingObjective(
  context: PluginContext,
  options: DenoisingOptions,
): Promise<Objective> {
  const encoder = await openRole(context, 'vae-encoder');
  const unet = await openRole(context, 'unet');
  const diffusion = await openDiffusion((role) => openRole(context, role));
  const { size, target, tuned } = options;
  const windows = unetWindows(encoder, options);
  const targets = typeof target === 'function' ? await target(encoder, size, windows) : undefined;
  const wanted = target === undefined ? diffusion.prediction : target === 'product' ? target : 'input';
  const text = await diffusion.encodeText([options.prompt]);
  return overWindows(encoder, unet.model.id, options, async ({ image, view, draws, random, index }) => {
    const session = await lossGradient(encoder, unet, { wanted, tuned, view });
    // One timestep for all samples, or one for each.
    const dims = session.inputs.find(({ name }) => name === 'timestep')!.dims.map(() => 1);
    const results = await session.run({
      [IMAGE]: image,
      text,
      ...draws,
      ...drawsFor(diffusion, image.dims, options.fromTimestep, random, dims),
      ...(targets !== undefined && { [LOSS_INPUTS.target]: targets[index]! }),
      ...fedBy(session, tuned),
    });
    return { loss: results[LOSS]!.data[0] as number, slope: slopeIn(results) };
  });
}

/** One window of one step: the image [1, 3, h, w], how the encoder sees it, and the random numbers of the window. */
interface WindowPass {
  readonly image: TensorOf<'float32'>;
  readonly view: View;
  /** Further inputs of the view. */
  readonly draws: NamedTensors;
  readonly random: Random;
  readonly index: number;
}

/**
 * The objective that is the mean of a loss over windows, weighted by their areas. `pass` gives the loss of a window and its
 * gradient by the pixels. `id` names the model in errors. @throws MODEL while descending, if either is not a number
 */
async function overWindows(
  encoder: VaeEncoder,
  id: string,
  options: Pick<DenoisingOptions, 'size' | 'windowing' | 'expectation' | 'random'>,
  pass: (window: WindowPass) => Promise<{ readonly loss: number; readonly slope: Float32Array }>,
): Promise<Objective> {
  const { size, expectation, random } = options;
  const windows = unetWindows(encoder, options);
  const seen = await viewsOf(expectation, windows, encoder);
  const area = size.width * size.height;
  const gradient = new Float32Array(3 * area);
  return async (x, step) => {
    gradient.fill(0);
    let total = 0;
    for (const [index, window] of windows.entries()) {
      const image = windowTensor(x, size, window);
      const own = random.fork(`step ${step} window ${index}`);
      const { loss, slope } = await pass({ image, ...seen(step, index), random: own, index });
      if (!Number.isFinite(loss) || !allFinite(slope)) throw notFiniteGradient(id, step);
      const share = shareOf(window, area);
      total += share * loss;
      addWindow(gradient, size, window, slope, share);
    }
    return { loss: total, gradient };
  };
}

const slopeIn = (results: NamedTensors): Float32Array => results[gradientName(IMAGE)]!.data as Float32Array;

const IMAGE = 'image';

/** U-Nets halve their latents up to three times, so sides of windows are multiples of this many cells. */
const UNET_CELLS = 8;

const unetWindows = (
  encoder: VaeEncoder,
  { size, windowing }: Pick<DenoisingOptions, 'size' | 'windowing'>,
): readonly Window[] => encoderWindows(encoder, size, { ...windowing, cells: UNET_CELLS });

/** Losses are means over windows: larger windows count more. */
const shareOf = ({ columns, rows }: Window, area: number): number =>
  (columns.pixels.length * rows.pixels.length) / area;

/** One session for each way of using a U-Net, kept for the next images. */
function lossGradient(
  encoder: VaeEncoder,
  unet: RoleModel<'unet'>,
  {
    wanted,
    tuned,
    view,
  }: { readonly wanted: Wanted; readonly tuned: Tuned | undefined; readonly view: View },
): Promise<Session> {
  const kind = `${wanted}, ${tuned?.name ?? 'as it is'}`;
  const name = `gradient of the denoising loss (${kind}) behind ${encoder.model.key}${view.name}`;
  return unet.derive(name, (graph) =>
    gradientGraph(denoisingLossOfImages(view.behind(encoder.graph), tuned?.model ?? graph, wanted), {
      loss: LOSS,
      wrt: [IMAGE],
      outputs: [LOSS],
    }),
  );
}

/** Joining two graphs puts `b.` before those names of the second that the first has as well. */
function fedBy(session: Session, tuned: Tuned | undefined): NamedTensors {
  const known = new Set(session.inputs.map(({ name }) => name));
  const fed = Object.entries(tuned?.fed() ?? {});
  return Object.fromEntries(fed.map(([name, value]) => [known.has(name) ? name : `b.${name}`, value]));
}

/**
 * Score distillation (Xue et al. 2024): the gradient by the latent is taken to be f(z_t, t, text) - e, so that no gradient
 * goes through the U-Net. The encoder carries it back to the pixels. The loss is the inner product with the latent.
 */
export async function distillationObjective(
  context: PluginContext,
  options: Omit<DenoisingOptions, 'target' | 'tuned'>,
): Promise<Objective> {
  const encoder = await openRole(context, 'vae-encoder');
  const diffusion = await openDiffusion((role) => openRole(context, role));
  const text = await diffusion.encodeText([options.prompt]);
  return overWindows(encoder, diffusion.id, options, async ({ image, view, draws, random }) => {
    const [forward, back] = await encoderPasses(encoder, view);
    const { latent: given } = await forward.run({ [IMAGE]: image, ...draws });
    const latent = given as TensorOf<'float32'>;
    const score = await scoreOf(diffusion, latent, text, options.fromTimestep, random);
    const results = await back.run({ [IMAGE]: image, ...draws, [cotangentName(LATENT)]: score });
    const loss = score.data.reduce((sum, v, k) => sum + v * latent.data[k]!, 0);
    return { loss, slope: slopeIn(results) };
  });
}

/** An encoder behind a view, and its vector-Jacobian product by the image. */
const encoderPasses = (encoder: VaeEncoder, view: View): Promise<[Session, Session]> =>
  Promise.all([
    encoder.derive(`latents${view.name}`, view.behind),
    encoder.derive(`vector-Jacobian product of the latent${view.name}`, (graph) =>
      gradientGraph(view.behind(graph), { cotangent: [LATENT], wrt: [IMAGE], outputs: [] }),
    ),
  ]);

/** f(z_t, t, text) - e for random t and e; a velocity v is a e - s z, so e is a v + s z_t. */
async function scoreOf(
  { schedule: { alphasCumprod }, prediction, predict }: Diffusion,
  latent: TensorOf<'float32'>,
  text: TensorOf<'float32'>,
  fromTimestep: number,
  random: Random,
): Promise<TensorOf<'float32'>> {
  const t = fromTimestep + random.int(alphasCumprod.length - fromTimestep);
  const [a, s] = [Math.sqrt(alphasCumprod[t]!), Math.sqrt(1 - alphasCumprod[t]!)];
  const noise = latent.data.map(() => random.normal());
  const noisy = latent.data.map((v, i) => a * v + s * noise[i]!);
  const said = (await predict(tensor('float32', latent.dims, noisy), t, text)).data;
  const predicted = prediction === 'v' ? said.map((v, i) => a * v + s * noisy[i]!) : said;
  return tensor(
    'float32',
    latent.dims,
    predicted.map((v, i) => v - noise[i]!),
  );
}

const LATENT = 'latent';

/** Timestep, noise and rates of one window in one step. */
function drawsFor(
  { schedule: { alphasCumprod }, channels, cell }: Diffusion,
  [, , height, width]: readonly number[],
  fromTimestep: number,
  random: Random,
  timestepDims: readonly number[],
): NamedTensors {
  const t = fromTimestep + random.int(alphasCumprod.length - fromTimestep);
  const a = alphasCumprod[t]!;
  const one = (value: number, dims: readonly number[] = [1]) =>
    tensor('float32', dims, Float32Array.of(value));
  const dims = [1, channels, height! / cell, width! / cell];
  const noise = new Float32Array(dims[1]! * dims[2]! * dims[3]!).map(() => random.normal());
  return {
    timestep: one(t, timestepDims),
    [LOSS_INPUTS.drawn]: tensor('float32', dims, noise),
    [LOSS_INPUTS.signal]: one(Math.sqrt(a)),
    [LOSS_INPUTS.noise]: one(Math.sqrt(1 - a)),
    [LOSS_INPUTS.weight]: one(1),
  };
}
