/** @file Outputs and gradients of a model by TensorFlow.js's own automatic differentiation. */
import * as tf from '@tensorflow/tfjs';
import type { DataType, Model } from '../onnx/model.ts';
import { plainType } from '../onnx/stored.ts';
import type { DType, NamedTensors } from '../onnx/tensor.ts';
import { checkCotangents, type VjpRequest } from '../runtime/request.ts';
import { fromTf, toTf } from './constants.ts';
import { interpret, weightsOf } from './interpret.ts';

/**
 * The outputs of a model, and the gradients of `sum(output * cotangent)` by the inputs or weights named in `wrt`;
 * zero where only steps and comparisons lead from a name to an output. Everything is computed in float32. `name` is
 * what messages call the model.
 */
export function differentiate(
  model: Model,
  { inputs, cotangents, wrt }: VjpRequest,
  name = 'in memory',
): { outputs: NamedTensors; gradients: NamedTensors } {
  const kept = new Map<string, tf.Tensor>();
  tf.engine().startScope();
  try {
    const given = new Map(weightsOf(model));
    for (const [name, tensor] of Object.entries(inputs)) given.set(name, toTf(tensor));
    const seeds = new Map(Object.entries(cotangents).map(([name, tensor]) => [name, toTf(tensor)]));
    const loss = (...values: tf.Tensor[]): tf.Scalar => {
      const results = interpret(
        model,
        new Map([...given, ...wrt.map((name, i) => [name, values[i]!] as const)]),
      );
      for (const { name: output } of model.graph.outputs) kept.set(output, tf.keep(results.get(output)!));
      const shapes = [...kept].map(([output, { shape }]) => [output, { dims: shape }] as const);
      checkCotangents(name, cotangents, Object.fromEntries(shapes));
      const products = [...seeds].map(([output, seed]) => tf.sum(tf.mul(results.get(output)!, seed)));
      return products.length === 0 ? tf.scalar(0) : (tf.addN(products) as tf.Scalar);
    };
    const points = wrt.map((name) => given.get(name)!);
    const gradients = gradientsOf(loss, points);
    return {
      outputs: Object.fromEntries(
        model.graph.outputs.map(({ name, dtype }) => [name, fromTf(kept.get(name)!, floatUnlessTold(dtype))]),
      ),
      gradients: Object.fromEntries(
        wrt.map((name, i) => [name, fromTf(gradients[i]!, dtypeOf(model, name))]),
      ),
    };
  } finally {
    for (const tensor of kept.values()) tensor.dispose();
    tf.engine().endScope();
  }
}

/** Gradients of a scalar function; zero by what it does not depend on. */
function gradientsOf(f: (...values: tf.Tensor[]) => tf.Scalar, points: tf.Tensor[]): tf.Tensor[] {
  if (points.length === 0) {
    f(); // for its outputs: TensorFlow.js wants something to differentiate by
    return [];
  }
  const allowNone = true; // TensorFlow.js would throw where nothing it knows a gradient of leads to the loss
  const { grads } = tf.engine().gradients(() => f(...points), points, undefined, allowNone);
  return points.map((point, i) => (grads[i] as tf.Tensor | undefined) ?? tf.zerosLike(point));
}

const floatUnlessTold = (dtype: DataType | undefined): DType => plainType(dtype) ?? 'float32';

/** The element type of an input or weight, which is that of its gradient. */
function dtypeOf({ graph }: Model, name: string): DType {
  const found = [...graph.inputs, ...graph.initializers].find((value) => value.name === name);
  return floatUnlessTold(found?.dtype);
}
