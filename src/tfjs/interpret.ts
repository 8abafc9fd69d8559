/** @file An ONNX graph run node by node with TensorFlow.js. Reached by `await import` only: TensorFlow.js is optional. */
import type * as tf from '@tensorflow/tfjs';
import { unsupportedByTfjs } from '../messages/index.ts';
import { type Model, opsetOf } from '../onnx/model.ts';
import type { Call, OperatorTable } from './call.ts';
import { storedToTf } from './constants.ts';
import { elementwise } from './elementwise.ts';
import { products } from './linear.ts';
import { reductions } from './reduce.ts';
import { sampling } from './sampling.ts';
import { shapes } from './shape.ts';

/** Every operator that engine `tfjs` knows. */
const operators: OperatorTable = {
  ...elementwise,
  ...products,
  ...reductions,
  ...sampling,
  ...shapes,
};

/** The weights of a model as tensors. */
export const weightsOf = (model: Model): ReadonlyMap<string, tf.Tensor> =>
  new Map(model.graph.initializers.map((stored) => [stored.name, storedToTf(stored, model.folder)]));

/** Every tensor of the graph by name, from its inputs and weights. */
export function interpret(
  model: Model,
  given: ReadonlyMap<string, tf.Tensor>,
): ReadonlyMap<string, tf.Tensor> {
  const opset = opsetOf(model);
  const values = new Map(given);
  for (const node of model.graph.nodes) {
    const operator = operators[node.opType];
    if (operator === undefined) throw unsupportedByTfjs(node.opType, node.name);
    const call: Call = { node, opset, inputs: node.inputs.map((name) => values.get(name)) };
    const result = operator(call);
    const outputs = Array.isArray(result) ? result : [result];
    node.outputs.forEach((name, i) => {
      if (outputs[i] !== undefined) values.set(name, outputs[i]);
    });
  }
  return values;
}
