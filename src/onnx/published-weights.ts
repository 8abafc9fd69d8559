/**
 * @file Weights under the names and in the layouts that they have in PyTorch, whatever an exporter made of them: linear
 * layers' folded and turned round (`onnx::MatMul_42` [in, out] for `<path>.weight` [out, in]), those of group norms
 * with two axes of size 1 (`onnx::Mul_7` [c, 1, 1] for `<path>.weight` [c]), halves widened (`<path>.weight.float32`).
 */
import { intOf } from './attributes.ts';
import type { Model, Node } from './model.ts';
import { type NamedTensors, type Tensor, type TensorOf, tensor, toFloat32 } from './tensor.ts';
import { weightPorts } from './transforms/tunable.ts';
import { withWideWeights } from './transforms/widen.ts';

/** A weight of a graph, and what it is outside of it. */
interface PublishedWeight {
  /** The graph's own name. */
  readonly port: string;
  readonly name: string;
  /** As PyTorch has it. */
  readonly dims: readonly number[];
  /** Whether the graph has it transposed. */
  readonly turned: boolean;
}

/** All that `weightsAsInputs` opens, in the order of the graph. */
function publishedWeights(model: Model): PublishedWeight[] {
  const users = new Map<string, Node>();
  for (const node of model.graph.nodes) {
    for (const input of node.inputs) if (!users.has(input)) users.set(input, node);
  }
  return weightPorts(model).map(({ name: port, dims }) => {
    const user = users.get(port);
    const name = nameOf(port, user);
    const turned = dims.length === 2 && user !== undefined && multipliesFromRight(user, port);
    const flat = dims.length === 3 && dims[1] === 1 && dims[2] === 1 ? dims.slice(0, 1) : dims;
    return { port, name, dims: turned ? [...flat].reverse() : flat, turned };
  });
}

function nameOf(port: string, user: Node | undefined): string {
  const [, own] = /^(.+\.(?:weight|bias))(?:\.float32)?$/.exec(port) ?? [];
  if (own !== undefined) return own;
  const path = (user?.name ?? '').split('/').filter((part) => part !== '');
  if (user === undefined || path.length < 2) return port;
  return `${path.slice(0, -1).join('.')}.${user.opType === 'Add' ? 'bias' : 'weight'}`;
}

const multipliesFromRight = (node: Node, port: string): boolean =>
  node.inputs[1] === port &&
  (node.opType === 'MatMul' || (node.opType === 'Gemm' && intOf(node, 'transB', 0) === 0));

/** Weights by a graph's names as weights by PyTorch's. */
export function toPublished(stored: Model, weights: NamedTensors): NamedTensors {
  const model = withWideWeights(stored);
  const entries = publishedWeights(model).flatMap(({ port, name, dims, turned }) => {
    const given = weights[port];
    return given === undefined ? [] : [[name, reshaped(given, dims, turned)] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * The other way. `unfit` is called with the name of a weight that the model does not have, and with what it should be where
 * only its shape is another; what it returns is thrown.
 */
export function fromPublished(
  stored: Model,
  given: NamedTensors,
  unfit: (name: string, found?: readonly number[], wanted?: readonly number[]) => Error,
): NamedTensors {
  const model = withWideWeights(stored);
  const known = new Map(publishedWeights(model).map((weight) => [weight.name, weight]));
  const { graph } = model;
  const dimsOf = new Map(graph.initializers.map(({ name, dims }) => [name, dims]));
  const entries = Object.entries(given).map(([name, each]) => {
    const weight = known.get(name);
    if (weight === undefined) throw unfit(name);
    if (each.dims.join() !== weight.dims.join()) throw unfit(name, each.dims, weight.dims);
    return [weight.port, reshaped(each, dimsOf.get(weight.port)!, weight.turned)] as const;
  });
  return Object.fromEntries(entries);
}

/** float32 in another shape; `turned`: the transpose of a matrix, which then has that shape. */
function reshaped(given: Tensor, dims: readonly number[], turned: boolean): TensorOf<'float32'> {
  const data = toFloat32(given);
  if (!turned) return tensor('float32', dims, data);
  const [rows, columns] = dims as [number, number];
  const other = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      other[row * columns + column] = data[column * rows + row]!;
  }
  return tensor('float32', dims, other);
}
