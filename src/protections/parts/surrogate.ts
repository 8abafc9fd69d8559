/**
 * @file Surrogates: the networks that a protection optimises against, as a loss with a gradient by the pixels.
 *
 *   L(x) = sum over surrogates of mean over cells of mean over channels of (E(x) - z)^2
 *
 * with z the target's latent. Cells that windows share count in each of them. A window is one run of one graph, forwards and
 * backwards. Gradients of windows are combined by their weights, so that the optimiser does not see windows and leaves no seam.
 */
import { gradientGraph, gradientName } from '../../autodiff/gradient.ts';
import type { Size } from '../../image/image.ts';
import { addWindow } from '../../image/windows.ts';
import { notFiniteGradient } from '../../messages/index.ts';
import { CELL, encoderWindows, type VaeEncoder, windowTensor } from '../../models/latents.ts';
import { builtModel, graphBuilder } from '../../onnx/builder.ts';
import { compose } from '../../onnx/transforms/compose.ts';
import { declaredType } from '../../onnx/infer.ts';
import { type Model, opsetOf, type ValueInfo } from '../../onnx/model.ts';
import type { NamedTensors } from '../../onnx/tensor.ts';
import type { Objective } from '../../optim/descend.ts';
import { seededRandom } from '../../random.ts';
import type { Session } from '../../runtime/session.ts';
import type { Target } from './target.ts';
import { type Expectation, viewsOf } from './view.ts';

/** The image as it is. */
export const UNCHANGED: Expectation = { transformations: [], latent: 'mean', random: seededRandom(0) };

/** The size of windows. */
export interface Windowing {
  /** The longest side of a window, px. */
  readonly side: number;
  /** The overlap of neighbouring windows, px. */
  readonly overlap: number;
}

/**
 * The distance of an image's latents from the target's, in an ensemble of one or more encoders, with its gradient by the
 * planes [3, height, width] of the image. @throws IMAGE if the image is smaller than a latent cell; while descending, MODEL
 * if a gradient is not a number
 */
export async function latentObjective(
  encoders: readonly VaeEncoder[],
  target: Target,
  size: Size,
  windowing: Windowing,
  expectation: Expectation = UNCHANGED,
): Promise<Objective> {
  const parts = await Promise.all(
    encoders.map((encoder) => openPart(encoder, target, size, windowing, expectation)),
  );
  const gradient = new Float32Array(3 * size.width * size.height);
  return async (x, step) => {
    gradient.fill(0);
    let loss = 0;
    for (const part of parts) loss += await part(x, step, gradient);
    return { loss, gradient };
  };
}

/** The part of one encoder: adds its gradient and returns its loss. */
async function openPart(
  encoder: VaeEncoder,
  target: Target,
  size: Size,
  windowing: Windowing,
  expectation: Expectation,
): Promise<(x: Float32Array, step: number, gradient: Float32Array) => Promise<number>> {
  // Encoders are convolutional and take smaller windows; a U-Net would not.
  const windows = encoderWindows(encoder, size, { ...windowing, even: true });
  const targets = await target(encoder, size, windows);
  const cell = encoder.model.fill.multiple ?? CELL;
  const share = cell ** 2 / (size.width * size.height);
  const seen = await viewsOf(expectation, windows, encoder);
  return async (x, step, gradient) => {
    let total = 0;
    for (const [i, window] of windows.entries()) {
      const { view, draws } = seen(step, i);
      const session = await encoder.derive(`gradient of the distance to a latent${view.name}`, (graph) =>
        latentDistanceGradient(view.behind(graph)),
      );
      const feeds = { [IMAGE]: windowTensor(x, size, window), [TARGET]: targets[i]!, ...draws };
      const [loss, part] = await evaluate(session, feeds);
      if (!Number.isFinite(loss) || !allFinite(part)) throw notFiniteGradient(encoder.model.id, step);
      addWindow(gradient, size, window, part, share);
      total += share * loss;
    }
    return total;
  };
}

/** One pass that stops at nothing: a NaN or infinity among the values makes their sum one. */
export function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
  return sum === 0;
}

const IMAGE = 'image';
const LATENT = 'latent';
const TARGET = 'target latent';

/** An encoder's graph, then the distance of its latent from an input, and the gradient of that by the image. */
function latentDistanceGradient(encoder: Model): Model {
  const latent = encoder.graph.outputs.find(({ name }) => name === LATENT)!;
  const target: ValueInfo = { ...latent, name: TARGET };
  const g = graphBuilder({ opset: opsetOf(encoder) });
  for (const port of [latent, target]) g.declare(port.name, declaredType(port));
  const difference = g.Sub(LATENT, TARGET);
  // The mean over channels gives encoders of 4 and of 16 channels the same weight in an ensemble.
  const perCell = g.ReduceMean(g.Mul(difference, difference), [1]);
  const loss = g.ReduceSum(perCell, [0, 1, 2, 3], { keepdims: false });
  const joined = compose(encoder, builtModel(g, [latent, target], [loss]));
  const { name } = joined.graph.outputs.at(-1)!;
  return gradientGraph(joined, { loss: name, wrt: [IMAGE], outputs: [name] });
}

/** The loss and the gradient by the image. */
async function evaluate(session: Session, feeds: NamedTensors): Promise<[number, Float32Array]> {
  const gradient = gradientName(IMAGE);
  const results = await session.run(feeds);
  const loss = Object.keys(results).find((name) => name !== gradient)!;
  return [results[loss]!.data[0] as number, results[gradient]!.data as Float32Array];
}
