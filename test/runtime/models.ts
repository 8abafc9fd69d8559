/** @file Small models for the tests of this folder. */
import type { Attribute, Dim, Model, Node, ValueInfo } from '../../src/onnx/model.ts';

export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });

export const port = (
  name: string,
  shape: readonly Dim[],
  dtype: ValueInfo['dtype'] = 'float32',
): ValueInfo => ({
  name,
  dtype: dtype!,
  shape,
});

export const node = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Node['attributes'] = {},
): Node => ({ name: `${opType} ${outputs[0]}`, opType, domain: '', inputs, outputs, attributes });

/** A model of opset 16 from the parts that matter to a test. */
export function modelOf(parts: {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly initializers?: Model['graph']['initializers'];
  readonly folder?: string;
}): Model {
  const { inputs, outputs, nodes, initializers = [], folder } = parts;
  const graph = { name: 'test', nodes, inputs, outputs, initializers, valueInfo: [] };
  return { irVersion: 8, opsets: { '': 16 }, graph, functions: [], metadata: {}, ...(folder && { folder }) };
}

/** `y = a - b` with shapes `[batch, 2]`, and `total = sum(y)`. */
export const difference = modelOf({
  inputs: [port('a', ['batch', 2]), port('b', ['batch', 2])],
  outputs: [port('y', ['batch', 2]), port('total', [])],
  nodes: [
    node('Sub', ['a', 'b'], ['y']),
    node('ReduceSum', ['y'], ['total'], { keepdims: { kind: 'int', value: 0 } }),
  ],
});
