/** @file Goldens of published classes (`test/tools/make-network-goldens.py`), and how near a graph comes to them. */
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { cotangentName, gradientGraph, gradientName } from '../../src/autodiff/gradient.ts';
import type { Model } from '../../src/onnx/model.ts';
import { readSafetensors } from '../../src/onnx/safetensors.ts';
import { type NamedTensors, tensor, type Tensor, toFloat32 } from '../../src/onnx/tensor.ts';
import { openSession } from '../../src/runtime/session.ts';

export const golden = (...parts: readonly string[]): string =>
  join(fileURLToPath(new URL('golden', import.meta.url)), ...parts);

export const tensorsIn = async (...parts: readonly string[]): Promise<NamedTensors> =>
  (await readSafetensors(golden(...parts))).tensors;

/** The largest difference over the largest entry. */
export function errorOf(found: Tensor, wanted: Tensor): number {
  if (found.dims.join() !== wanted.dims.join())
    throw new RangeError(`[${found.dims}] is not [${wanted.dims}]`);
  const [a, b] = [toFloat32(found), toFloat32(wanted)];
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / largest;
}

/** What the script weighs outputs with before it differentiates: the cosine of each entry's index. */
const cosines = (dims: readonly number[]): Tensor => {
  const count = dims.reduce((a, b) => a * b, 1);
  return tensor(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.cos(i)),
  );
};

/** The inputs that a graph has. */
const fed = (model: Model, inputs: NamedTensors): NamedTensors =>
  Object.fromEntries(model.graph.inputs.map(({ name }) => [name, inputs[name]!]));

/** Errors of a graph's outputs, and of gradients by `wrt`, against goldens. */
export async function errorsOf(
  model: Model,
  inputs: NamedTensors,
  outputs: NamedTensors,
  wrt: readonly string[] = [],
): Promise<Readonly<Record<string, number>>> {
  const forward = await openSession(model, { name: 'network' });
  const given = await forward.run(fed(model, inputs));
  await forward.close();
  const errors = Object.entries(given).map(([name, each]) => [name, errorOf(each, outputs[name]!)] as const);
  if (wrt.length === 0) return Object.fromEntries(errors);
  const graph = gradientGraph(model, { cotangent: Object.keys(given), wrt });
  const session = await openSession(graph, { name: 'gradient' });
  const cotangents = Object.entries(given).map(
    ([name, { dims }]) => [cotangentName(name), cosines(dims)] as const,
  );
  const gradients = await session.run(fed(graph, { ...inputs, ...Object.fromEntries(cotangents) }));
  await session.close();
  const own = wrt.map(
    (name) =>
      [gradientName(name), errorOf(gradients[gradientName(name)]!, outputs[gradientName(name)]!)] as const,
  );
  return Object.fromEntries([...errors, ...own]);
}
