/**
 * @file IMPRESS: an autoencoder reproduces a clean image, but not a protected one. So the image is moved until it does:
 *
 *   minimise MSE(D(E(x)), x) + alpha max(LPIPS(x, x') - eps, 0)   from x = x' + startNoise n,   x' the protected image,
 *
 * by Adam with a learning rate that follows a cosine, over pixels of -1..1. As published, E is the mean and the last x is
 * taken. What differs here, on purpose: pixels are kept in 0..1, which only scales learning rate, noise and Adam's epsilon;
 * large images are purified window by window; float32 instead of float16; presets, since the program has settings for two
 * tasks and its 3000 steps are slow on a CPU.
 */
import { z } from 'zod';
import { gradientGraph, gradientName } from '../../autodiff/gradient.ts';
import { notFiniteGradient } from '../../messages/index.ts';
import { builtModel, graphBuilder } from '../../onnx/builder.ts';
import { compose } from '../../onnx/transforms/compose.ts';
import { declaredType } from '../../onnx/infer.ts';
import { type Model, opsetOf } from '../../onnx/model.ts';
import { type NamedTensors, type TensorOf, tensor } from '../../onnx/tensor.ts';
import { adam, type Schedule } from '../../optim/update.ts';
import { openRole, type PluginContext, roleNeeds } from '../../plugin/define.ts';
import type { Random } from '../../random.ts';
import { defineAttack } from '../define.ts';
import { throughNetwork, windowParameters } from '../parts/network.ts';

/** The settings of the program for protected style and for protected edits, and fast ones for a CPU. */
const PRESETS = {
  style: { steps: 3000, lr: 0.01, alpha: 0.1, startNoise: 0.1 },
  edit: { steps: 1000, lr: 0.005, alpha: 0.01, startNoise: 0.05 },
  fast: { steps: 100, lr: 0.01, alpha: 0.1, startNoise: 0.1 },
} as const;

export const impress = defineAttack({
  id: 'impress',
  version: 1,
  label: 'IMPRESS',
  summary: 'Moves the image until an autoencoder reproduces it, within a perceptual distance.',
  reference: 'Cao et al., IMPRESS (NeurIPS 2023); impress.py and the scripts of the released program',
  params: z.strictObject({
    preset: z
      .enum(['style', 'edit', 'fast'])
      .default('style')
      .describe(
        'settings: published for Glaze (style), published for PhotoGuard (edit), or fast; the parameters below override them',
      ),
    steps: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('number of gradient steps (default: style 3000, edit 1000, fast 100)'),
    lr: z
      .number()
      .min(1e-5)
      .max(1)
      .optional()
      .describe('learning rate of Adam, for pixels of -1..1 (default: 0.01; edit 0.005)'),
    alpha: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe('weight of the perceptual penalty (default: 0.1; edit 0.01)'),
    startNoise: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('standard deviation of the initial noise, for pixels of -1..1 (default: 0.1; edit 0.05)'),
    eps: z.number().min(0).max(1).default(0.1).describe('LPIPS distance that is not penalised'),
    ...windowParameters(512),
  }),
  formerNames: { lr: 'rate', startNoise: 'noise' },
  needs: () => roleNeeds('vae-encoder', 'vae-decoder', 'perceptual'),
  pins: { perceptual: ['lpips-vgg', 'lpips-squeeze', 'lpips-alex'] },
  random: true,
  apply: async (image, { preset, eps, window, overlap, ...given }, context) => {
    const settings: Settings = { ...PRESETS[preset], ...definedIn(given), eps };
    const { fill } = (await openRole(context, 'vae-encoder')).model;
    const windowing = { window, overlap, multiple: fill.multiple ?? 8, size: fill.size };
    return throughNetwork(image, windowing, context, (part, own) => purified(part, settings, own));
  },
});

type Floats = TensorOf<'float32'>;

/** Parameters that were given. */
const definedIn = (
  given: Partial<Record<keyof typeof PRESETS.style, number | undefined>>,
): Partial<Settings> => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

interface Settings {
  readonly steps: number;
  readonly lr: number;
  readonly alpha: number;
  readonly startNoise: number;
  readonly eps: number;
}

/** The descent, for one window [1, 3, h, w] of 0..1. */
async function purified(image: Floats, settings: Settings, context: PluginContext): Promise<Floats> {
  const { steps, lr, startNoise } = settings;
  const objective = await openObjective(image, settings, context);
  const update = adam(cosine(lr / 2, 0.5e-5, steps), { epsilon: 2e-5 });
  const x = started(image.data, startNoise / 2, context.random);
  for (let step = 0; step < steps; step++) {
    context.signal?.throwIfAborted();
    update(x, await objective(x, step), step);
    for (let i = 0; i < x.length; i++) x[i] = Math.min(1, Math.max(0, x[i]!));
    context.onProgress?.((step + 1) / steps);
  }
  return tensor('float32', image.dims, x);
}

const started = (pixels: Float32Array, noise: number, random: Random): Float32Array =>
  pixels.map((value) => value + noise * random.normal());

/** From `high` along half a cosine to `low` after `steps` steps (Loshchilov and Hutter 2017, without restarts). */
const cosine =
  (high: number, low: number, steps: number): Schedule =>
  (step) =>
    low + ((high - low) * (1 + Math.cos((Math.PI * step) / steps))) / 2;

const IMAGE = 'image';
const ERROR = 'inconsistency';

/** The gradient of the loss by x. @throws MODEL if it is not a number */
async function openObjective(
  image: Floats,
  { alpha, eps }: Settings,
  context: PluginContext,
): Promise<(x: Float32Array, step: number) => Promise<Float32Array>> {
  const encoder = await openRole(context, 'vae-encoder');
  const decoder = await openRole(context, 'vae-decoder');
  const perceptual = await openRole(context, 'perceptual');
  const name = `gradient of the inconsistency with ${decoder.model.key}`;
  const consistency = await encoder.derive(name, (graph) => inconsistencyGradient(graph, decoder.graph));
  const likeness = await perceptual.derive('gradient by the first image', (graph) =>
    gradientGraph(graph, { loss: 'distance', wrt: ['a'] }),
  );
  return async (x, step) => {
    const now = tensor('float32', image.dims, x);
    const gradient = gradientIn(await consistency.run({ [IMAGE]: now }), IMAGE);
    const seen = alpha === 0 ? undefined : await likeness.run({ a: now, b: image });
    if (seen !== undefined && (seen.distance!.data[0] as number) > eps) {
      const pull = gradientIn(seen, 'a');
      for (let i = 0; i < gradient.length; i++) gradient[i]! += alpha * pull[i]!;
    }
    if (!gradient.every(Number.isFinite)) throw notFiniteGradient(encoder.model.id, step);
    return gradient;
  };
}

const gradientIn = (results: NamedTensors, input: string): Float32Array =>
  results[gradientName(input)]!.data as Float32Array;

/** MSE(D(E(x)), x) over pixels of -1..1, with its gradient by x of 0..1. */
function inconsistencyGradient(encoder: Model, decoder: Model): Model {
  const there = compose(encoder, decoder, { join: { latent: 'latent' }, prefix: 'decoder.' });
  const back = there.graph.outputs.at(-1)!;
  const given = there.graph.inputs.find(({ name }) => name === IMAGE)!;
  const g = graphBuilder({ opset: opsetOf(there) });
  for (const port of [given, back]) g.declare(port.name, declaredType(port));
  const difference = g.Sub(back.name, IMAGE);
  const squared = g.Mul(g.scalar(4, difference), g.Mul(difference, difference));
  const error = g.ReduceMean(squared, [0, 1, 2, 3], { keepdims: false });
  g.append({
    name: ERROR,
    opType: 'Identity',
    domain: '',
    inputs: [error],
    outputs: [ERROR],
    attributes: {},
  });
  const whole = compose(there, builtModel(g, [given, back], [ERROR]), {
    join: { [back.name]: back.name },
    outputs: [ERROR],
  });
  return gradientGraph(whole, { loss: ERROR, wrt: [IMAGE], outputs: [ERROR] });
}
