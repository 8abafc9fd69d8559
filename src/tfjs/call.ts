/** @file What an operator of the interpreter sees of its node: tensors in, attributes by name and kind. */
import type { Tensor } from '@tensorflow/tfjs';
import { unsupportedByTfjs } from '../messages/index.ts';
import { floatOf, intOf, intsOf, textOf } from '../onnx/attributes.ts';
import type { Node, StoredTensor } from '../onnx/model.ts';

/** One call of an operator. */
export interface Call {
  readonly node: Node;
  /** Version of the operator set that the node's meaning comes from. */
  readonly opset: number;
  /** Tensors in the node's order; undefined if an optional one is left out. */
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

export const int = (call: Call, name: string, absent: number): number => intOf(call.node, name, absent);

export const float = (call: Call, name: string, absent: number): number => floatOf(call.node, name, absent);

export const text = (call: Call, name: string, absent: string): string => textOf(call.node, name, absent);

export const ints = (call: Call, name: string): readonly number[] | undefined => intsOf(call.node, name);

export function storedTensor(call: Call, name: string): StoredTensor | undefined {
  const found = call.node.attributes[name];
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
