/**
 * @file Expectation over transformation (Athalye et al. 2018): what the mimic may do to the picture before a network sees
 * it. At each step of a descent every window is seen through one transformation, drawn, which stands before the encoder
 * in the very graph that is differentiated.
 */
import type { Size } from '../image/image.ts';
import { type Window, windowSize } from '../image/windows.ts';
import { builtModel, type GraphBuilder, graphBuilder } from '../onnx/builder.ts';
import { compose } from '../onnx/compose.ts';
import { declaredType } from '../onnx/infer.ts';
import { type Model, opsetOf } from '../onnx/model.ts';
import type { NamedTensors } from '../onnx/tensor.ts';
import { type NamedTransformation, type PluginContext, transformationsOf } from '../plugin/define.ts';
import { drawsOf, type Transformation } from '../plugin/transformation.ts';
import type { Random } from '../random.ts';

/** What windows are seen through, and where the draws come from. */
export interface Expectation {
  readonly transformations: readonly NamedTransformation[];
  readonly random: Random;
}

/** The transformations that the parameter `eot` names. */
export const expectationOf = (context: PluginContext): Expectation => ({
  transformations: transformationsOf(context, 'eot'),
  random: context.random.fork('eot'),
});

/** One way of seeing a window. */
export interface View {
  /** To be put behind the name of what is derived from an encoder; empty where the window is seen as it is. */
  readonly name: string;
  /** An encoder that sees through the transformation. */
  behind(encoder: Model): Model;
  /** What its graph is fed beside the window. */
  draws(random: Random): NamedTensors;
}

/** The picture as it is. */
const PLAIN: View = { name: '', behind: (encoder) => encoder, draws: () => ({}) };

/** From a step and a window to how it is seen: all windows of a step through the same transformation, with draws of their own. */
export async function viewsOf(
  { transformations, random }: Expectation,
  windows: readonly Window[],
): Promise<(step: number, window: number) => { readonly view: View; readonly draws: NamedTensors }> {
  const size = windowSize(windows[0]!);
  const views = await Promise.all(transformations.map((each) => viewThrough(each, size)));
  return (step, window) => {
    const own = random.fork(`step ${step}`);
    const view = views.length === 0 ? PLAIN : own.pick(views);
    return { view, draws: view.draws(own.fork(`window ${window}`)) };
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
