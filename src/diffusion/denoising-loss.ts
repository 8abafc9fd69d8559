/**
 * @file The loss that a diffusion model is trained by, as one ONNX graph with a scalar `loss`: to differentiate by LoRA
 * pairs or weights (fine-tuning), by text embeddings (textual inversion), by latents or pixels (AdvDM and its
 * relatives). Ho et al. 2020 (arXiv:2006.11239); weights w for min-SNR, Hang et al. 2023 (arXiv:2303.09556):
 *
 *   x_t = a x_0 + s e,   L = mean over samples of w mean over cells of (f(x_t, t, text) - y)^2
 *
 * with y = e (epsilon), y = a e - s x_0 (v; Salimans and Ho 2022, arXiv:2202.00512), or fed from outside. `product` is the mean
 * over cells of f(x_t, t, text) e instead, which Mist v2 descends.
 */
import { type GraphBuilder, graphBuilder, builtModel } from '../onnx/builder.ts';
import { compose } from '../onnx/transforms/compose.ts';
import { declaredType } from '../onnx/infer.ts';
import { type Dim, type Model, opsetOf, type ValueInfo } from '../onnx/model.ts';
import type { Prediction } from './prediction.ts';

/** Inputs of the loss in addition to the U-Net's own `timestep` and `text`; with n samples of latents [c, h, w]. */
export const LOSS_INPUTS = {
  /** [n, c, h, w]: x_0, scaled as the U-Net takes it. An encoder in front takes its place with `image` [n, 3, 8h, 8w]. */
  latent: 'latent',
  /** [n, c, h, w]: e, standard normal. */
  drawn: 'drawn noise',
  /** [n]: a, the square root of the schedule's cumulative alpha at each sample's timestep. */
  signal: 'signal rate',
  /** [n]: s = sqrt(1 - a^2). */
  noise: 'noise rate',
  /** [n]: w. */
  weight: 'weight',
  /** [n, c, h, w]: y, where it is fed. */
  target: 'target',
} as const;

/** The scalar output. */
export const LOSS = 'loss';

/** What a prediction is held against: what it should be, something fed, or by a product with the noise. */
export type Wanted = Prediction | 'input' | 'product';

const NOISY = 'noisy latent';
const PREDICTED = 'noise';

/**
 * The denoising loss of a graph in the role `unet`. `target` is what it is compared with; `input` adds an input that says
 * so, as protections that pull the prediction somewhere want it (ACE). Inputs that only this U-Net has stay.
 */
export function denoisingLoss(unet: Model, target: Wanted = 'epsilon'): Model {
  const opset = opsetOf(unet);
  const shape = latentShape(unet);
  const noised = compose(noising(opset, shape), unet, { join: { [LOSS_INPUTS.latent]: NOISY } });
  return compose(noised, errorOf(opset, shape, target), {
    join: { [PREDICTED]: PREDICTED },
    outputs: [LOSS],
  });
}

/** The same loss from pixels on: `image` [n, 3, H, W] of 0..1 goes through a graph in the role `vae-encoder` first. */
export function denoisingLossOfImages(encoder: Model, unet: Model, target: Wanted = 'epsilon'): Model {
  const { latent } = LOSS_INPUTS;
  return compose(encoder, denoisingLoss(unet, target), { join: { [latent]: latent }, outputs: [LOSS] });
}

/** The shape of a U-Net's latents; sizes that the file leaves free stay free, under one name each. */
function latentShape({ graph }: Model): readonly Dim[] {
  const declared = graph.inputs.find(({ name }) => name === LOSS_INPUTS.latent)?.shape ?? [];
  const free = ['n', 'c', 'h', 'w'];
  return free.map((name, axis) => (typeof declared[axis] === 'number' ? declared[axis] : name));
}

/** x_t = a x_0 + s e. */
function noising(opset: number, shape: readonly Dim[]): Model {
  const { latent, drawn, signal, noise } = LOSS_INPUTS;
  const inputs = [info(latent, shape), info(drawn, shape), perSample(signal, shape), perSample(noise, shape)];
  const g = builderWith(opset, inputs);
  g.append({
    name: NOISY,
    opType: 'Add',
    domain: '',
    inputs: [scaled(g, latent, signal), scaled(g, drawn, noise)],
    outputs: [NOISY],
    attributes: {},
  });
  return builtModel(g, inputs, [NOISY], { name: 'noising' });
}

/** mean over samples of w mean over cells of (prediction - y)^2, or of prediction times e. */
function errorOf(opset: number, shape: readonly Dim[], target: Wanted): Model {
  const { latent, drawn, signal, noise, weight } = LOSS_INPUTS;
  const rates = [perSample(signal, shape), perSample(noise, shape)];
  const needed = {
    epsilon: [info(drawn, shape)],
    product: [info(drawn, shape)],
    v: [info(latent, shape), info(drawn, shape), ...rates],
    input: [info(LOSS_INPUTS.target, shape)],
  }[target];
  const inputs = [info(PREDICTED, shape), ...needed, perSample(weight, shape)];
  const g = builderWith(opset, inputs);
  const wanted = {
    epsilon: () => drawn,
    product: () => drawn,
    v: () => g.Sub(scaled(g, drawn, signal), scaled(g, latent, noise)),
    input: () => LOSS_INPUTS.target,
  }[target]();
  const difference = target === 'product' ? '' : g.Sub(PREDICTED, wanted);
  const perCell = target === 'product' ? g.Mul(PREDICTED, wanted) : g.Mul(difference, difference);
  const perImage = g.ReduceMean(perCell, [1, 2, 3], { keepdims: false });
  const loss = g.ReduceMean(g.Mul(perImage, weight), [0], { keepdims: false });
  g.append({ name: LOSS, opType: 'Identity', domain: '', inputs: [loss], outputs: [LOSS], attributes: {} });
  return builtModel(g, inputs, [LOSS], { name: 'error' });
}

function builderWith(opset: number, inputs: readonly ValueInfo[]): GraphBuilder {
  const g = graphBuilder({ opset });
  for (const input of inputs) g.declare(input.name, declaredType(input));
  return g;
}

const info = (name: string, shape: readonly Dim[]): ValueInfo => ({ name, dtype: 'float32', shape });

const perSample = (name: string, [n]: readonly Dim[]): ValueInfo => info(name, [n!]);

/** Each sample of `x` times its own number. */
const scaled = (g: GraphBuilder, x: string, factor: string): string =>
  g.Mul(x, g.Unsqueeze(factor, [1, 2, 3]));
