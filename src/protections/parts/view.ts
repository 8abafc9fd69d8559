/**
 * @file Expectation over transformation (Athalye et al. 2018): what may happen to the image before a network sees it. Each
 * step of a descent applies one random transformation to all windows. It stands in front of the encoder in the graph that is
 * differentiated. If an encoder gives a distribution of latents, the loss may use a sample from it.
 */
import { z } from 'zod';
import type { Size } from '../../image/image.ts';
import { type Window, windowSize } from '../../image/windows.ts';
import { CELL, drawingLatents, LATENT_DRAW, type VaeEncoder } from '../../models/latents.ts';
import { builtModel, type GraphBuilder, graphBuilder } from '../../onnx/builder.ts';
import { compose } from '../../onnx/transforms/compose.ts';
import { declaredType } from '../../onnx/infer.ts';
import { type Model, opsetOf } from '../../onnx/model.ts';
import { type NamedTensors, tensor } from '../../onnx/tensor.ts';
import { type NamedTransformation, type PluginContext, transformationsOf } from '../../plugin/define.ts';
import { drawsOf, type Transformation } from '../../plugin/transformation.ts';
import type { Random } from '../../random.ts';

/** The transformations of windows, and the source of random numbers. */
export interface Expectation {
  readonly transformations: readonly NamedTransformation[];
  /** The latent that the loss uses: the mean of the encoder's distribution, or a sample from it. */
  readonly latent: 'mean' | 'sampled';
  readonly random: Random;
}

/** The parameters of an expectation. */
export const expectationParameters = {
  latent: z
    .enum(['mean', 'sampled'])
    .default('mean')
    .describe("latent to use: the mean of the encoder's distribution, or a sample from it"),
  eot: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'expectation over transformation: attack chains with a graph, one of which each step applies at random; empty: none',
    ),
};

/** `refers` of a plug-in that has these parameters. */
export const expectationRefers = { eot: 'attacks' } as const;

/** The expectation that the parameters `eot` and `latent` describe. */
export const expectationOf = (
  { latent }: Pick<Expectation, 'latent'>,
  context: PluginContext,
): Expectation => ({
  transformations: transformationsOf(context, 'eot'),
  latent,
  random: context.random.fork('eot'),
});

/** One way for an encoder to see a window. */
export interface View {
  /** A suffix for the name of what is derived from an encoder; empty if the window is seen as it is. */
  readonly name: string;
  /** An encoder that sees through the transformation. */
  behind(encoder: Model): Model;
  /** Further inputs of its graph for a window of that size. */
  draws(random: Random, size: Size): NamedTensors;
}

/** The image as it is. */
const PLAIN: View = { name: '', behind: (encoder) => encoder, draws: () => ({}) };

/**
 * How an encoder sees a window at a step: all windows of a step through the same transformation, each with its own random
 * numbers. @throws MODEL if latents are to be sampled and the encoder gives only their mean
 */
export async function viewsOf(
  { transformations, random, latent }: Expectation,
  windows: readonly Window[],
  encoder: VaeEncoder,
): Promise<(step: number, window: number) => { readonly view: View; readonly draws: NamedTensors }> {
  const size = windowSize(windows[0]!);
  const through = await Promise.all(transformations.map((each) => viewThrough(each, size)));
  const [plain, ...views] = [PLAIN, ...through].map((view) =>
    latent === 'sampled' ? viewOfDraws(view, encoder) : view,
  );
  return (step, window) => {
    const own = random.fork(`step ${step}`);
    const view = views.length === 0 ? plain! : own.pick(views);
    return { view, draws: view.draws(own.fork(`window ${window}`), windowSize(windows[window]!)) };
  };
}

async function viewThrough({ label, at }: NamedTransformation, size: Size): Promise<View> {
  const made = await at(size);
  return {
    name: ` after ${label} of ${size.width}x${size.height} px`,
    behind: (encoder) =>
      compose(backToSize(made, size), encoder, { join: { [IMAGE]: SEEN }, outputs: [LATENT] }),
    draws: (random) => drawsOf(made, random),
  };
}

/** A view that ends in a sample from the latents' distribution. */
function viewOfDraws(view: View, { graph, model: { id, fill } }: VaeEncoder): View {
  const drawing = (encoder: Model): Model => drawingLatents(encoder, id, 'latent=sampled');
  const channels = drawing(graph).graph.outputs[0]!.shape![1] as number;
  const cell = fill.multiple ?? CELL;
  return {
    name: `${view.name}, drawn`,
    behind: (encoder) => view.behind(drawing(encoder)),
    draws: (random, size) => {
      const dims = [1, channels, size.height / cell, size.width / cell];
      const own = random.fork('latent');
      const values = new Float32Array(dims.reduce((a, b) => a * b)).map(() => own.normal());
      return { ...view.draws(random, size), [LATENT_DRAW]: tensor('float32', dims, values) };
    },
  };
}

/** A transformation whose output has the size of its input, so that latents stay aligned with those of the target. */
function backToSize(made: Transformation, { width, height }: Size): Model {
  const { model } = made;
  const [attacked] = model.graph.outputs;
  const g = graphBuilder({ opset: opsetOf(model), taken: [attacked!.name] });
  g.declare(attacked!.name, declaredType(attacked!));
  const same = made.size.width === width && made.size.height === height;
  const sizes = (): string => g.Concat([batchAndPlanes(g, attacked!.name), g.ints([height, width])], 0);
  const resized = same
    ? g.Identity(attacked!.name)
    : g.emit('Resize', [attacked!.name, '', '', sizes()], { mode: { kind: 'string', value: 'linear' } })[0]!;
  g.append({
    name: SEEN,
    opType: 'Identity',
    domain: '',
    inputs: [resized],
    outputs: [SEEN],
    attributes: {},
  });
  return compose(model, builtModel(g, [attacked!], [SEEN]), { outputs: [SEEN] });
}

/** [n, 3]. */
const batchAndPlanes = (g: GraphBuilder, image: string): string => g.Slice(g.Shape(image), [0], [2], [0]);

const IMAGE = 'image';
const SEEN = 'transformed image';
const LATENT = 'latent';
