/** @file What an operator of the interpreter sees of its node: tensors in, attributes by name and kind. */
import type { Tensor } from '@tensorflow/tfjs';
import { unsupportedByTfjs } from '../../messages.ts';
import type { Attribute, Node, StoredTensor } from '../../onnx/model.ts';

/** One call of an operator. */
export interface Call {
  readonly node: Node;
  /** Version of the operator set that the node's meaning comes from. */
  readonly opset: number;
  /** Tensors in the node's order; undefined where an optional one is left out. */
  readonly inputs: readonly (Tensor | undefined)[];
}

/** An operator of the interpreter: its outputs in ONNX's order, or the only one. */
export type Operator = (call: Call) => Tensor | readonly Tensor[];

/** A table of operators by ONNX name. */
export type OperatorTable = Readonly<Record<string, Operator>>;

/** An input that ONNX requires. */
export function required(call: Call, index: number): Tensor {
  const tensor = call.inputs[index];
  if (tensor === undefined) throw unsupported(call, `without its input ${index}`);
  return tensor;
}

/** The error for a use of an operator that the interpreter does not cover. */
export const unsupported = ({ node }: Call, how: string): Error =>
  unsupportedByTfjs(node.opType, node.name, how);

const attribute = (call: Call, name: string): Attribute | undefined => call.node.attributes[name];

export function int(call: Call, name: string, fallback: number): number {
  const found = attribute(call, name);
  return found?.kind === 'int' ? found.value : fallback;
}

export function float(call: Call, name: string, fallback: number): number {
  const found = attribute(call, name);
  return found?.kind === 'float' ? found.value : fallback;
}

export function text(call: Call, name: string, fallback: string): string {
  const found = attribute(call, name);
  return found?.kind === 'string' ? found.value : fallback;
}

export function ints(call: Call, name: string): readonly number[] | undefined {
  const found = attribute(call, name);
  return found?.kind === 'ints' ? found.value : undefined;
}

export function storedTensor(call: Call, name: string): StoredTensor | undefined {
  const found = attribute(call, name);
  return found?.kind === 'tensor' ? found.value : undefined;
}

/** The values of a tensor that says how to compute (a shape, axes, pads), as numbers. */
export const numbersOf = (tensor: Tensor): number[] => Array.from(tensor.dataSync());

/** Integers that newer operator sets take as an input and older ones as an attribute. */
export function intsFrom(call: Call, index: number, name: string): readonly number[] | undefined {
  const tensor = call.inputs[index];
  return tensor === undefined ? ints(call, name) : numbersOf(tensor);
}

/** An axis counted from the front. */
export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
