/**
 * @file Transformations of images as ONNX models: an attack that can run in ONNX Runtime, stand in front of a network or be
 * differentiated.
 *
 *   image [n, 3, height, width] of 0..1, and random draws  ->  attacked [n, 3, height', width'] of 0..1
 *
 * Steps, such as rounding to 8 bits, pass gradients straight through; clipping does not.
 */
import type { Image, Size } from '../image/image.ts';
import type { RoleModel } from '../models/open.ts';
import { imageTensor, withPlanes } from '../models/pixels.ts';
import type { ModelRole } from '../models/roles.ts';
import { builtModel, type GraphBuilder, graphBuilder } from '../onnx/builder.ts';
import { type Model, opsetOf, type ValueInfo } from '../onnx/model.ts';
import type { Value } from '../onnx/operators.ts';
import { type NamedTensors, tensor } from '../onnx/tensor.ts';
import type { Random } from '../random.ts';
import type { Session } from '../runtime/session.ts';

/** A batch of images in a graph: [n, 3, height, width] of 0..1. */
export interface GraphPicture extends Size {
  readonly value: Value;
}

/** The graph that a transformation writes its nodes to. */
export interface GraphScope {
  readonly g: GraphBuilder;
  /** A random input [n, ...dims], filled for one image by `sample`. */
  draw(hint: string, dims: readonly number[], sample: Sample): Value;
  /** The model in a role that the attack needs; `embed` writes its graph. @throws MODEL if there is none */
  network(role: ModelRole): Network;
}

/** A model whose graph is embedded in another one and never run by itself. */
export type Network = Pick<RoleModel, 'model' | 'graph'>;

/** The values of a random input for one image, row-major. */
export type Sample = (random: Random) => Float32Array;

/** A transformation of images of one size. */
export interface Transformation {
  readonly model: Model;
  /** The size of the output. */
  readonly size: Size;
  readonly draws: readonly Draw[];
}

/** A random input: its name and sizes without the batch. */
interface Draw {
  readonly name: string;
  readonly dims: readonly number[];
  readonly sample: Sample;
}

/** The operator set of the graphs: that of exported encoders, with a form for every operator used here. */
const OPSET = 17;

/**
 * The model that `emit` writes, for images of one size. It begins by rounding to the 8 bits of a file. `networks` are all
 * models that `emit` may embed, their weights named from one folder.
 */
export function transformation(
  { width, height }: Size,
  emit: (picture: GraphPicture, scope: Omit<GraphScope, 'network'>) => GraphPicture,
  networks: readonly Model[] = [],
): Transformation {
  const opset = Math.max(OPSET, ...networks.map(opsetOf));
  const g = graphBuilder({ opset, taken: ['image', 'attacked'] });
  const inputs: ValueInfo[] = [];
  const draws: Draw[] = [];
  const input = (name: string, dims: readonly number[]): Value => {
    const shape = ['n', ...dims];
    g.declare(name, { dtype: 'float32', shape });
    inputs.push({ name, dtype: 'float32', shape });
    return name;
  };
  const draw: GraphScope['draw'] = (hint, dims, sample) => {
    const name = input(g.fresh(hint), dims);
    draws.push({ name, dims, sample });
    return name;
  };
  const image = input('image', [3, height, width]);
  const made = emit({ value: rounded(g, image), width, height }, { g, draw });
  g.append({
    name: 'attacked',
    opType: 'Identity',
    domain: '',
    inputs: [made.value],
    outputs: ['attacked'],
    attributes: {},
  });
  const opsets = Object.assign({}, ...networks.map((network) => network.opsets)) as Model['opsets'];
  const folder = networks.find((network) => network.folder !== undefined)?.folder;
  const model = builtModel(g, inputs, ['attacked'], { name: 'transformation', opsets, folder });
  return { model, size: { width: made.width, height: made.height }, draws };
}

/** The random inputs of a transformation for a batch of `n`; each image after the first has its own random stream. */
export function drawsOf({ draws }: Transformation, random: Random, n = 1): NamedTensors {
  const parts = draws.map(() => [] as Float32Array[]);
  for (let i = 0; i < n; i++) {
    const stream = i === 0 ? random : random.fork(`picture ${i}`);
    for (const [k, { sample }] of draws.entries()) parts[k]!.push(sample(stream));
  }
  return Object.fromEntries(
    draws.map(({ name, dims }, k) => [name, tensor('float32', [n, ...dims], joined(parts[k]!))]),
  );
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * The output of a transformation for an image of its size, in a session of its model, without opacity. With the same random
 * stream the random inputs are those of the attack itself.
 */
export async function runTransformation(
  session: Session,
  made: Transformation,
  image: Image,
  random: Random,
): Promise<Image> {
  const { attacked } = await session.run({ image: imageTensor(image), ...drawsOf(made, random) });
  return withPlanes({ ...made.size, data: image.data }, attacked!.data as Float32Array);
}

/** The rounding of halves. */
export type Ties = 'even' | 'up';

/** About the error of a float32 sum, in 1/255. */
const TIE = 2 ** -15;

/**
 * Values rounded to multiples of 1/255 after clipping to 0..1. The gradient passes through the rounding unchanged and is zero
 * for clipped values.
 */
export function rounded(g: GraphBuilder, value: Value, ties: Ties = 'even'): Value {
  const clipped = clamped(g, value, 0, 1);
  const nudged = ties === 'up' ? g.Add(clipped, g.scalar(TIE / 255, value)) : clipped;
  return quantised(g, nudged, 1 / 255, 'uint8');
}

/**
 * Values clipped to `low..high`. The gradient passes on the bounds, unlike that of ONNX's Clip: an image that is black or
 * white already can be led away from there.
 */
export function clamped(g: GraphBuilder, value: Value, low: number, high: number): Value {
  const [least, most] = [g.scalar(low, value), g.scalar(high, value)];
  return g.Where(g.Less(value, least), least, g.Where(g.Greater(value, most), most, value));
}

/** Values cut down to multiples of 1/255 after clipping to 0..1; straight through as `rounded`. */
export function truncated(g: GraphBuilder, value: Value): Value {
  return rounded(g, g.Sub(value, g.scalar(0.5 / 255, value)), 'up');
}

/**
 * Multiples of `step`, nearest to the values and, times 1/step, within the integer type. Straight through. Two of these
 * with different steps and nothing in between are one to ONNX Runtime, which keeps only the first.
 */
export function quantised(g: GraphBuilder, value: Value, step: number, dtype: 'uint8' | 'int8'): Value {
  const scale = g.constant('float32', [], [step]);
  const zero = g.constant(dtype, [], [0]);
  const [whole] = g.emit('QuantizeLinear', [value, scale, zero]);
  return g.DequantizeLinear(whole!, scale, zero);
}
