/** @file Outputs and gradients of any model, by either engine: ONNX Runtime or TensorFlow.js. */
import { CraquelureError, reasonOf, runFailed } from '../messages/index.ts';
import type { Model } from '../onnx/model.ts';
import { peakMemory } from '../runtime/memory.ts';
import { checkCotangents, checkRequest, type VjpRequest } from '../runtime/request.ts';
import { type VjpOptions as OnnxOptions, type VjpResult, vjpByOnnx } from '../runtime/vjp.ts';

/** `onnx` differentiates the graph and runs it in ONNX Runtime; `tfjs` leaves both to TensorFlow.js. */
export const engines = ['onnx', 'tfjs'] as const;

export type Engine = (typeof engines)[number];

/** Where and by which engine. */
export interface VjpOptions extends OnnxOptions {
  readonly engine?: Engine | undefined;
}

/** Runs a model and its gradient. Throws before running if the request does not fit the model. */
export async function vjp(model: Model, request: VjpRequest, options: VjpOptions = {}): Promise<VjpResult> {
  const name = options.name ?? 'in memory';
  const checked = checkRequest(model, name, request);
  const run = options.engine === 'tfjs' ? vjpByTfjs : vjpByOnnx;
  const result = await run(model, checked, { ...options, name });
  checkCotangents(name, checked.cotangents, result.outputs);
  return result;
}

async function vjpByTfjs(
  model: Model,
  request: VjpRequest,
  { device = 'cpu', name }: OnnxOptions & { readonly name: string },
): Promise<VjpResult> {
  const { loadTfjs } = await import('./load.ts');
  const backend = await loadTfjs(device);
  const { differentiate } = await import('./vjp.ts');
  const start = performance.now();
  try {
    const result = differentiate(model, request, name);
    const cost = { ms: performance.now() - start, peakMemory: peakMemory() };
    return { ...result, device: `tfjs ${backend}`, cost };
  } catch (error) {
    if (error instanceof CraquelureError) throw error;
    throw runFailed(name, `tfjs ${backend}`, reasonOf(error).split('\n')[0]!, { cause: error });
  }
}
