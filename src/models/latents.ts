/** @file Latents of images of any size: the windows in which a VAE encoder sees them, and what it makes of each. */
import type { Size } from '../image/image.ts';
import { cutWindow, type Window, type WindowOptions, windowSize, windowsOf } from '../image/windows.ts';
import { noMoments, smallerThanCell } from '../messages/index.ts';
import { builtModel, graphBuilder } from '../onnx/builder.ts';
import { compose } from '../onnx/transforms/compose.ts';
import { declaredType } from '../onnx/infer.ts';
import { type Model, opsetOf } from '../onnx/model.ts';
import { type TensorOf, tensor } from '../onnx/tensor.ts';
import type { RoleModel } from './open.ts';
import { LATENT_SPREAD } from './standard.ts';

export type VaeEncoder = RoleModel<'vae-encoder'>;

/** A latent cell of the Stable Diffusion family, px: what an encoder's sides are multiples of unless it says otherwise. */
export const CELL = 8;

/** How an encoder sees an image. */
export interface EncoderWindowing extends Pick<WindowOptions, 'side' | 'overlap' | 'even'> {
  /** How many latent cells sides are multiples of: 1. */
  readonly cells?: number;
}

/**
 * The windows of an image for an encoder: at most `side` px long, `overlap` px shared with their neighbours, both rounded
 * down to what the encoder takes, or to so many latent cells. @throws IMAGE if a side is smaller than one latent cell.
 */
export function encoderWindows(
  { model: { id, fill } }: VaeEncoder,
  image: Size,
  { side, overlap, cells = 1, even = false }: EncoderWindowing,
): readonly Window[] {
  const cell = fill.multiple ?? CELL;
  if (Math.min(image.width, image.height) < cell) throw smallerThanCell(id, image, cell);
  const multiple = cells * cell;
  const whole = (px: number): number => Math.floor(px / multiple) * multiple;
  const longest = fill.size ?? Math.max(multiple, whole(side));
  return windowsOf(image, {
    side: longest,
    overlap: whole(Math.min(overlap, longest / 2)),
    multiple,
    fixed: fill.size !== undefined,
    even,
  });
}

/** A window of `planes` [3, height, width] as an encoder takes it: [1, 3, h, w]. */
export function windowTensor(planes: Float32Array, size: Size, window: Window): TensorOf<'float32'> {
  const { width, height } = windowSize(window);
  return tensor('float32', [1, 3, height, width], cutWindow(planes, size, window));
}

/** The latent of each window: [1, c, h/8, w/8], scaled as a U-Net takes it. */
export async function latentsOf(
  encoder: VaeEncoder,
  planes: Float32Array,
  size: Size,
  windows: readonly Window[],
): Promise<TensorOf<'float32'>[]> {
  const latents: TensorOf<'float32'>[] = [];
  for (const window of windows) {
    const { latent } = await encoder.run({ image: windowTensor(planes, size, window) });
    latents.push(latent);
  }
  return latents;
}

/** Input of a graph of `drawingLatents`: standard normal, of the latent's shape. */
export const LATENT_DRAW = 'latent draw';

/**
 * An encoder's graph that gives, as `latent`, mean + deviation * `LATENT_DRAW`: a draw from the distribution of the latents
 * in place of its mean. `asker` is who wants it. @throws MODEL if the encoder gives no more than the mean.
 */
export function drawingLatents(graph: Model, id: string, asker: string): Model {
  const [latent, spread] = [LATENT, LATENT_SPREAD].map((name) =>
    graph.graph.outputs.find((output) => output.name === name),
  );
  if (latent === undefined || spread === undefined) throw noMoments(id, asker);
  const mean = { ...latent, name: LATENT_MEAN };
  const draw = { ...latent, name: LATENT_DRAW };
  const g = graphBuilder({ opset: opsetOf(graph) });
  for (const port of [mean, spread, draw]) g.declare(port.name, declaredType(port));
  g.append({
    name: LATENT,
    opType: 'Add',
    domain: '',
    inputs: [LATENT_MEAN, g.Mul(LATENT_SPREAD, LATENT_DRAW)],
    outputs: [LATENT],
    attributes: {},
  });
  return compose(renamedValue(graph, LATENT, LATENT_MEAN), builtModel(g, [mean, spread, draw], [LATENT]), {
    outputs: [LATENT],
  });
}

const LATENT = 'latent';
const LATENT_MEAN = 'latent mean';

/** The same graph with a value under another name. */
function renamedValue(model: Model, from: string, to: string): Model {
  const named = (name: string): string => (name === from ? to : name);
  const { graph } = model;
  return {
    ...model,
    graph: {
      ...graph,
      nodes: graph.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(named),
        outputs: node.outputs.map(named),
      })),
      outputs: graph.outputs.map((output) => ({ ...output, name: named(output.name) })),
      valueInfo: graph.valueInfo.map((info) => ({ ...info, name: named(info.name) })),
    },
  };
}
