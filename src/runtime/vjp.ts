/** @file Outputs and gradients of any model in ONNX Runtime: its graph is differentiated, and run on a device. */
import type { Model } from '../onnx/model.ts';
import type { NamedTensors } from '../onnx/tensor.ts';
import type { Device } from './device.ts';
import { checkCotangents, type VjpRequest } from './request.ts';
import { openSession, type RunCost } from './session.ts';

/** Where a model and its gradient run. */
export interface VjpOptions {
  readonly device?: Device | 'auto' | undefined;
  readonly threads?: number | undefined;
  /** What messages call the model. */
  readonly name?: string | undefined;
}

export interface VjpResult {
  /** Every output of the model. */
  readonly outputs: NamedTensors;
  /** By name in `wrt`, in the type and shape of what it is the gradient by. */
  readonly gradients: NamedTensors;
  /** Where it ran: a device of ONNX Runtime, or a backend of TensorFlow.js. */
  readonly device: string;
  readonly cost: RunCost;
}

/** Runs a model and its gradient; the request is checked already. */
export async function vjpByOnnx(
  model: Model,
  { inputs, cotangents, wrt }: VjpRequest,
  options: VjpOptions & { readonly name: string },
): Promise<VjpResult> {
  const { cotangentName, gradientGraph, gradientName } = await import('../autodiff/gradient.ts');
  const graph = gradientGraph(model, { cotangent: Object.keys(cotangents), wrt });
  const session = await openSession(graph, options);
  try {
    const seeds = Object.entries(cotangents).map(([name, tensor]) => [cotangentName(name), tensor] as const);
    const feeds = { ...inputs, ...Object.fromEntries(seeds) };
    // Inputs that nothing in the gradient graph reads are pruned from it.
    const needed = session.inputs.map(({ name }) => [name, feeds[name]!] as const);
    const results = await session.run(Object.fromEntries(needed));
    const pick = (names: readonly string[], key: (name: string) => string): NamedTensors =>
      Object.fromEntries(names.map((name) => [name, results[key(name)]!]));
    const outputs = pick(
      model.graph.outputs.map(({ name }) => name),
      (name) => name,
    );
    return { outputs, gradients: pick(wrt, gradientName), device: session.device, cost: session.lastRun()! };
  } catch (error) {
    await explain(model, { inputs, cotangents, wrt }, options);
    throw error;
  } finally {
    await session.close();
  }
}

/** Where a run failed: the failure of the forward pass alone, or the cotangent of a wrong shape, says more. */
async function explain(
  model: Model,
  { inputs, cotangents }: VjpRequest,
  options: VjpOptions & { readonly name: string },
): Promise<void> {
  const session = await openSession(model, options);
  try {
    checkCotangents(options.name, cotangents, await session.run(inputs));
  } finally {
    await session.close();
  }
}
