/** @file Outputs and gradients of a model by TensorFlow.js's own automatic differentiation. */
import * as tf from '@tensorflow/tfjs';
import type { Model } from '../../onnx/model.ts';
import type { NamedTensors, Tensor } from '../../onnx/tensor.ts';
import { fromTf, narrow, toTf } from './constants.ts';
import { interpret, weightsOf } from './interpret.ts';

/** What TensorFlow.js computed. A gradient is absent where nothing leads from its name to an output. */
export interface TfjsResult {
  readonly outputs: NamedTensors;
  readonly gradients: NamedTensors;
}

/**
 * The outputs of a model, and the gradients of `sum(output * cotangent)` by the inputs or weights named in `wrt`.
 * Everything is computed in float32.
 */
export function differentiate(
  model: Model,
  inputs: NamedTensors,
  cotangents: NamedTensors,
  wrt: readonly string[],
): TfjsResult {
  const scope = new Map<string, tf.Tensor>();
  tf.engine().startScope();
  try {
    const given = new Map(weightsOf(model));
    for (const [name, tensor] of Object.entries(inputs)) given.set(name, toTf(tensor));
    const seeds = new Map(Object.entries(cotangents).map(([name, tensor]) => [name, toTf(tensor)]));
    const forward = (...values: tf.Tensor[]): tf.Scalar => {
      const named = new Map([...given, ...wrt.map((name, i) => [name, values[i]!] as const)]);
      const results = interpret(model, named);
      for (const { name } of model.graph.outputs) scope.set(name, tf.keep(results.get(name)!));
      if (seeds.size === 0) return tf.scalar(0);
      const products = [...seeds].map(([name, seed]) => tf.sum(tf.mul(results.get(name)!, seed)));
      return tf.addN(products) as tf.Scalar;
    };
    const points = wrt.map((name) => given.get(name)!);
    const gradients = points.length === 0 ? [] : gradientsOf(forward, points);
    if (points.length === 0) forward();
    return {
      outputs: Object.fromEntries(
        model.graph.outputs.map(({ name, dtype }) => [name, fromTf(scope.get(name)!, dtypeOr32(dtype))]),
      ),
      gradients: Object.fromEntries(
        wrt.flatMap((name, i) => (gradients[i] ? [[name, fromTf(gradients[i], dtypeOf(model, name))]] : [])),
      ),
    };
  } finally {
    for (const kept of scope.values()) kept.dispose();
    tf.engine().endScope();
  }
}

/** Gradients of a scalar function; undefined for a point that it does not depend on. */
function gradientsOf(
  f: (...values: tf.Tensor[]) => tf.Scalar,
  points: tf.Tensor[],
): readonly (tf.Tensor | undefined)[] {
  const allowNone = true; // the caller words the error, by name
  return tf.engine().gradients(() => f(...points), points, undefined, allowNone).grads;
}

const dtypeOr32 = (dtype: Model['graph']['outputs'][number]['dtype']): Tensor['dtype'] =>
  narrow(dtype ?? 'float32') ?? 'float32';

/** The element type of an input or weight, which is that of its gradient. */
function dtypeOf({ graph }: Model, name: string): Tensor['dtype'] {
  const found = [...graph.inputs, ...graph.initializers].find((value) => value.name === name);
  return dtypeOr32(found?.dtype);
}
