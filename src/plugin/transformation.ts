/**
 * @file Transformations of pictures as ONNX models: what an attack is to those who run it in ONNX Runtime, put it in
 * front of a network or differentiate through it.
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
import { commonFolder } from '../onnx/transforms/compose.ts';
import { type Model, opsetOf, type ValueInfo } from '../onnx/model.ts';
import type { Value } from '../onnx/operators.ts';
import { type NamedTensors, tensor } from '../onnx/tensor.ts';
import type { Random } from '../random.ts';
import type { Session } from '../runtime/session.ts';

/** A batch of pictures on its way through a graph: [n, 3, height, width] of 0..1. */
export interface GraphPicture extends Size {
  readonly value: Value;
}

/** Where a transformation writes its nodes. */
export interface GraphScope {
  readonly g: GraphBuilder;
  /** A further input [n, ...dims], filled for one picture by `sample`. */
  draw(hint: string, dims: readonly number[], sample: Sample): Value;
  /** What plays a role that the attack needs; its graph is written by `embed`. @throws MODEL where nothing plays it. */
  network(role: ModelRole): Network;
}

/** A model as a graph knows it: never run, only written out. */
export type Network = Pick<RoleModel, 'model' | 'graph'>;

/** The values of a random input for one picture, row-major. */
export type Sample = (random: Random) => Float32Array;

/** A transformation of pictures of one size. */
export interface Transformation {
  readonly model: Model;
  /** The size of what comes out. */
  readonly size: Size;
  readonly draws: readonly Draw[];
}

/** A random input: its name and sizes without the batch. */
interface Draw {
  readonly name: string;
  readonly dims: readonly number[];
  readonly sample: Sample;
}

/** The operator set of the graphs: what exporters of the encoders use, and what has a form for every operator used here. */
const OPSET = 17;

/**
 * The model that `emit` writes, for pictures of a size. It begins by rounding to the 8 bits that a file holds. `networks` are
 * all models that `emit` may embed. Throws where their weights lie in files of two folders.
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
  const folder = commonFolder(...networks);
  const model = builtModel(g, inputs, ['attacked'], { name: 'transformation', opsets, folder });
  return { model, size: { width: made.width, height: made.height }, draws };
}

/** The random inputs of a transformation for a batch of `n`; each picture after the first has a stream of its own. */
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
 * The pixels that a transformation makes of a picture of its size, in a session of its model; opacity stays behind.
 * With the same stream the draws are those of the attack itself.
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

/** Where halves are rounded to. */
export type Ties = 'even' | 'up';

/** About the error of a float32 sum, in 1/255. */
const TIE = 2 ** -15;

/**
 * Values rounded to multiples of 1/255 after clipping to 0..1. The gradient passes through the rounding unchanged and
 * is zero where a value is clipped.
 */
export function rounded(g: GraphBuilder, value: Value, ties: Ties = 'even'): Value {
  const clipped = g.Clip(value, g.scalar(0, value), g.scalar(1, value));
  const nudged = ties === 'up' ? g.Add(clipped, g.scalar(TIE / 255, value)) : clipped;
  return quantised(g, nudged, 1 / 255, 'uint8');
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
