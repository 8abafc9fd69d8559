/** @file A request for gradients, checked against its model before anything runs, whichever engine answers it. */
import { expected, misfitTensor, noInfluence, notDifferentiable, unknownName } from '../messages/index.ts';
import type { Graph, Model, ValueInfo } from '../onnx/model.ts';
import { plainType } from '../onnx/stored.ts';
import {
  type DType,
  fromNumbers,
  isFloat,
  type NamedTensors,
  type Tensor,
  toFloat64,
} from '../onnx/tensor.ts';
import { checkFit, checkInputs, type Port } from './session.ts';

/** A vector-Jacobian product: the gradient of `sum(output * cotangent)` over the outputs with a cotangent. */
export interface VjpRequest {
  readonly inputs: NamedTensors;
  /** By output, of the output's shape. */
  readonly cotangents: NamedTensors;
  /** Names of inputs and weights. */
  readonly wrt: readonly string[];
}

/**
 * The request with every tensor in the element type that the model declares. Throws if a name is unknown, an
 * input is missing, a type or shape does not fit, or a name in `wrt` is not of a float type or influences no output
 * that has a cotangent.
 */
export function checkRequest(model: Model, name: string, request: VjpRequest): VjpRequest {
  const { graph } = model;
  const ports = graph.inputs.map(portOf);
  const outputs = graph.outputs.map(portOf);
  const inputs = converted(request.inputs, ports);
  const cotangents = converted(request.cotangents, outputs);
  checkInputs(name, ports, inputs);
  const targets = Object.keys(cotangents);
  if (targets.length === 0)
    throw expected('a cotangent for at least one output', name, undefined, { code: 'USAGE' });
  for (const target of targets) {
    const port = outputs.find((output) => output.name === target);
    if (port === undefined) throw unknownName('output', target, namesOf(outputs), { code: 'USAGE' });
    checkFit(name, `the cotangent of output '${target}'`, port, cotangents[target]!);
  }
  checkWrt(graph, request.wrt, targets);
  return { inputs, cotangents, wrt: request.wrt };
}

/** Throws if a cotangent has another shape than the output it belongs to. */
export function checkCotangents(
  name: string,
  cotangents: NamedTensors,
  outputs: Readonly<Record<string, { readonly dims: readonly number[] }>>,
): void {
  for (const [target, { dtype, dims }] of Object.entries(cotangents)) {
    const wanted = outputs[target]!.dims;
    if (wanted.join() === dims.join()) continue;
    const shapes = [wanted, dims].map((shape) => `${dtype} [${shape.join(', ')}]`) as [string, string];
    throw misfitTensor(`the cotangent of output '${target}'`, name, ...shapes);
  }
}

/** Throws if a name is not an input or weight, not of a float type, or influences none of the outputs `targets`. */
export function checkWrt(graph: Graph, wrt: readonly string[], targets: readonly string[]): void {
  const sources = [...graph.inputs, ...graph.initializers];
  for (const name of wrt) {
    const source = sources.find((value) => value.name === name);
    if (source === undefined) throw unknownName('input or weight', name, namesOf(sources), { code: 'USAGE' });
    const dtype = plainType(source.dtype);
    if (dtype === undefined || !isFloat(dtype)) throw notDifferentiable(name, source.dtype ?? 'unknown');
    if (!reaches(graph, name, targets)) throw noInfluence(name, targets);
  }
}

const namesOf = (values: readonly { readonly name: string }[]): string[] => values.map(({ name }) => name);

/** Whether any node leads from a value to one of `targets`. */
export function reaches(graph: Graph, from: string, targets: readonly string[]): boolean {
  const reached = new Set([from]);
  for (const { inputs, outputs } of graph.nodes) {
    if (inputs.some((input) => reached.has(input))) for (const output of outputs) reached.add(output);
  }
  return targets.some((target) => reached.has(target));
}

/** A value of a graph as sessions describe it. */
export const portOf = ({ name, dtype, shape }: ValueInfo): Port => ({
  name,
  dtype: plainType(dtype) ?? 'float32',
  dims: (shape ?? []).map((dim) => dim ?? ''),
});

/** Tensors in the element types of the ports they belong to: NumPy writes float64 where nothing else is said. */
export function converted(tensors: NamedTensors, ports: readonly Port[]): NamedTensors {
  const pairs = Object.entries(tensors).map(([name, tensor]) => {
    const port = ports.find((each) => each.name === name);
    return [name, port === undefined ? tensor : convert(tensor, port.dtype)] as const;
  });
  return Object.fromEntries(pairs);
}

/** Floats become floats, integers integers; a change of kind is a mistake that the check of types names. */
function convert(tensor: Tensor, dtype: DType): Tensor {
  const sameKind =
    isFloat(tensor.dtype) === isFloat(dtype) && (tensor.dtype === 'bool') === (dtype === 'bool');
  if (tensor.dtype === dtype || !sameKind) return tensor;
  return fromNumbers(dtype, tensor.dims, toFloat64(tensor));
}
