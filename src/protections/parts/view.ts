/**
 * @file Expectation over transformation (Athalye et al. 2018): what the mimic may do to the picture before a network sees
 * it. At each step of a descent every window is seen through one transformation, drawn, which stands before the encoder
 * in the very graph that is differentiated. Encoders that give a distribution of latents may be seen through a draw from it.
 */
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

/** What windows are seen through, and where the draws come from. */
export interface Expectation {
  readonly transformations: readonly NamedTransformation[];
  /** What is seen of the distribution of the latents: its mean, or a draw from it. */
  readonly latent: 'mean' | 'sampled';
  readonly random: Random;
}

/** What `eot` and `latent` among a protection's parameters say. */
export const expectationOf = (
  { latent }: Pick<Expectation, 'latent'>,
  context: PluginContext,
): Expectation => ({
  transformations: transformationsOf(context, 'eot'),
  latent,
  random: context.random.fork('eot'),
});

/** One way of seeing a window. */
export interface View {
  /** To be put behind the name of what is derived from an encoder; empty where the window is seen as it is. */
  readonly name: string;
  /** An encoder that sees through the transformation. */
  behind(encoder: Model): Model;
  /** What its graph is fed beside a window of that size. */
  draws(random: Random, size: Size): NamedTensors;
}

/** The picture as it is. */
const PLAIN: View = { name: '', behind: (encoder) => encoder, draws: () => ({}) };

/**
 * From a step and a window to how an encoder sees it: all windows of a step through the same transformation, with draws of
 * their own. @throws MODEL where latents are to be drawn and the encoder gives only their mean.
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

/** A view that ends in a draw from the latents' distribution. */
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

/** A transformation whose output has the size of its input: latents then lie where those of the target do. */
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
