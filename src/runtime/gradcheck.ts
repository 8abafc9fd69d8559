/** @file Checking the gradients of a model: at random inputs, by random cotangents, along random directions. */
import { cotangentName, gradientGraph, gradientName } from '../autodiff/gradient.ts';
import { expected, notFiniteOutput } from '../messages/index.ts';
import type { Model } from '../onnx/model.ts';
import { loadStored, plainType } from '../onnx/stored.ts';
import {
  elementCount,
  fromNumbers,
  isFloat,
  type NamedTensors,
  type Tensor,
  toFloat64,
} from '../onnx/tensor.ts';
import { withWideWeights } from '../onnx/transforms/widen.ts';
import type { Random } from '../random.ts';
import { checkDirection, type DirectionCheck, dot, type Loss } from './differences.ts';
import { checkWrt, converted, portOf, reaches } from './request.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';

export interface GradcheckOptions extends Pick<SessionOptions, 'device' | 'threads' | 'name'> {
  readonly random: Random;
  /** Inputs to use; the others are drawn. */
  readonly inputs?: NamedTensors;
  /** Sizes of free dimensions by name (default: 1 for those that look like a batch, 32 for others). */
  readonly sizes?: Readonly<Record<string, number>>;
  /** What to check (default: all float inputs, and up to 8 weights drawn at random). */
  readonly wrt?: readonly string[] | undefined;
  /** Random directions for each name (default: 3). */
  readonly directions?: number | undefined;
  /** Largest allowed difference, relative to the larger of the two slopes or their typical size (default: 0.01). */
  readonly tolerance?: number | undefined;
}

export interface GradcheckResult {
  readonly checks: readonly DirectionCheck[];
  readonly tolerance: number;
  /** No check is wrong, and at least one could tell. A gradient of nothing but zeros is always too noisy to tell. */
  readonly passed: boolean;
}

/**
 * Checks the gradients of a model; of weights stored as halves, those of the float32 weights that it computes with, for a
 * half moves in steps too large for a difference. Throws if the model cannot be differentiated or gives NaN.
 */
export async function gradcheck(stored: Model, options: GradcheckOptions): Promise<GradcheckResult> {
  const model = withWideWeights(stored);
  const { random, tolerance = 0.01, directions = 3, name = 'in memory' } = options;
  const wrt = options.wrt ?? defaultWrt(model, random.fork('wrt'));
  if (wrt.length === 0)
    throw expected('an input or weight to differentiate by', name, undefined, { code: 'USAGE' });
  checkWrt(model.graph, wrt, floatOutputs(model));
  const drawn = converted(drawInputs(model, options), model.graph.inputs.map(portOf));
  const values = { ...drawn, ...weightValues(model, wrt) };
  const session = await openSession(withWeightsAsInputs(model, wrt), { ...options, name });
  try {
    const cotangents = await drawCotangents(session, values, floatOutputs(model), random);
    const gradients = await gradientsAt(model, drawn, cotangents, wrt, options);
    const loss = lossOf(session, values, cotangents);
    const checks: DirectionCheck[] = [];
    for (const target of wrt) {
      const claim = { wrt: target, point: values[target]!, gradient: gradients[target]!, tolerance };
      for (let i = 0; i < directions; i++) {
        checks.push(await checkDirection(claim, loss, random.fork(`${target}/${i}`)));
      }
    }
    const told = checks.some(({ verdict }) => verdict === 'ok' || verdict === 'kink');
    return { checks, tolerance, passed: told && checks.every(({ verdict }) => verdict !== 'wrong') };
  } finally {
    await session.close();
  }
}

/** Float outputs: what a loss can be made of. */
const floatOutputs = (model: Model): string[] =>
  model.graph.outputs.flatMap(({ name, dtype }) => (isFloat(plainType(dtype) ?? 'bool') ? [name] : []));

function defaultWrt(model: Model, random: Random): readonly string[] {
  const { inputs, initializers } = model.graph;
  const targets = floatOutputs(model);
  const candidate = (value: { name: string; dtype?: Model['graph']['inputs'][number]['dtype'] }): boolean =>
    isFloat(plainType(value.dtype) ?? 'bool') && reaches(model.graph, value.name, targets);
  const weights = initializers.filter((stored) => stored.dims.length > 0 && candidate(stored));
  while (weights.length > 8) weights.splice(random.int(weights.length), 1);
  return [...inputs.filter(candidate), ...weights].map(({ name }) => name);
}

/** Inputs of the model: given, or normal for floats, 0 and 1 for integers, which every vocabulary has. */
function drawInputs(model: Model, { inputs = {}, sizes = {}, random }: GradcheckOptions): NamedTensors {
  const drawn = model.graph.inputs.map((info): [string, Tensor] => {
    const given = inputs[info.name];
    if (given !== undefined) return [info.name, given];
    const { name, dtype, dims } = portOf(info);
    const shape = dims.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? defaultSize(dim))));
    const stream = random.fork(`input/${name}`);
    const draw = isFloat(dtype) ? () => stream.normal() : () => stream.int(2);
    return [name, fromNumbers(dtype, shape, draws(elementCount(shape), draw))];
  });
  return { ...inputs, ...Object.fromEntries(drawn) };
}

const defaultSize = (dim: string): number => (dim === '' || /batch|^n$/i.test(dim) ? 1 : 32);

/** Normal cotangents of the outputs `targets`, which have to be numbers. */
async function drawCotangents(
  session: Session,
  values: NamedTensors,
  targets: readonly string[],
  random: Random,
): Promise<NamedTensors> {
  const outputs = await session.run(values, targets);
  const pairs = targets.map((target) => {
    const output = outputs[target]!;
    if (!toFloat64(output).every(Number.isFinite)) throw notFiniteOutput(session.model, target);
    return [target, normal(output, random.fork(`cotangent/${target}`))] as const;
  });
  return Object.fromEntries(pairs);
}

/** What is checked: the gradients of the model as it stands, weights inside. */
async function gradientsAt(
  model: Model,
  inputs: NamedTensors,
  cotangents: NamedTensors,
  wrt: readonly string[],
  options: GradcheckOptions,
): Promise<Readonly<Record<string, Float64Array>>> {
  const graph = gradientGraph(model, { cotangent: Object.keys(cotangents), wrt });
  const session = await openSession(graph, options);
  try {
    const feeds = { ...inputs, ...renamed(cotangents, cotangentName) };
    const needed = session.inputs.map((port) => [port.name, feeds[port.name]!] as const);
    const results = await session.run(Object.fromEntries(needed), wrt.map(gradientName));
    return Object.fromEntries(wrt.map((x) => [x, toFloat64(results[gradientName(x)]!)]));
  } finally {
    await session.close();
  }
}

const normal = ({ dtype, dims }: Tensor, random: Random): Tensor =>
  fromNumbers(
    dtype,
    dims,
    draws(elementCount(dims), () => random.normal()),
  );

const draws = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);

const renamed = (tensors: NamedTensors, rename: (name: string) => string): NamedTensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor]));

function withWeightsAsInputs(model: Model, wrt: readonly string[]): Model {
  const { graph } = model;
  const opened = graph.initializers.filter(({ name }) => wrt.includes(name));
  const inputs = opened.map(({ name, dtype, dims }) => ({ name, dtype, shape: dims }));
  const initializers = graph.initializers.filter((stored) => !opened.includes(stored));
  return { ...model, graph: { ...graph, inputs: [...graph.inputs, ...inputs], initializers } };
}

function weightValues(model: Model, wrt: readonly string[]): NamedTensors {
  const stored = model.graph.initializers.filter(({ name }) => wrt.includes(name));
  return Object.fromEntries(stored.map((weight) => [weight.name, loadStored(weight, model.folder)!]));
}

/** The loss `sum(output * cotangent)` with one input replaced. */
function lossOf(session: Session, values: NamedTensors, cotangents: NamedTensors): Loss {
  const seeds = Object.entries(cotangents).map(([name, ct]) => [name, toFloat64(ct)] as const);
  return async (name, value) => {
    const outputs = await session.run({ ...values, [name]: value }, Object.keys(cotangents));
    return seeds.reduce((sum, [output, ct]) => sum + dot(toFloat64(outputs[output]!), ct), 0);
  };
}
