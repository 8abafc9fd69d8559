/**
 * @file The driver: reverse-mode differentiation from an ONNX graph to an ONNX graph.
 *
 * Nodes on a path from `wrt` to the loss are visited backwards; each one's rule turns the cotangents of its outputs
 * into those of its inputs, in nodes of the model's own operator set. Cotangents of a value with several readers are
 * added, those of broadcast inputs summed back. What nothing needs is left out.
 */
import { missingRule, noInfluence, notDifferentiable, notScalar, unknownName } from '../messages/index.ts';
import { inlineFunctions } from '../onnx/transforms/inline.ts';
import { upgradeOpset } from '../onnx/transforms/upgrade.ts';
import { inferTypes, type ValueType } from '../onnx/infer.ts';
import {
  type Dim,
  type Graph,
  isDifferentiable,
  type Model,
  type Node,
  opsetOf,
  type ValueInfo,
} from '../onnx/model.ts';
import type { Value } from '../onnx/operators.ts';
import type { Size } from '../onnx/sizes.ts';
import type { Rule } from './rule.ts';
import { ruleOf } from './rules.ts';
import { startTape, type Tape } from './tape.ts';

/** What to differentiate, and by what. */
export interface GradientOptions {
  /** A scalar output; its own cotangent is 1. */
  readonly loss?: string;
  /** Outputs y whose cotangents come in as further inputs `ct.<y>`, of the type and shape of y. */
  readonly cotangent?: readonly string[];
  /** Inputs and weights to differentiate by. */
  readonly wrt: readonly string[];
  /** Forward outputs to keep (default: all). */
  readonly outputs?: readonly string[];
}

/** The first operator set in the forms that rules emit: axes as inputs, softmax along one axis. */
const OLDEST = 13;

/** The name of the input that the cotangent of output `y` comes in by. */
export const cotangentName = (y: string): string => `ct.${y}`;

/** The name of the output that the gradient by `x` goes out by. */
export const gradientName = (x: string): string => `grad.${x}`;

/**
 * The model that computes the forward outputs and a gradient `grad.<name>` for each name in `wrt`.
 *
 * With `loss`, gradients of that scalar; with `cotangent`, vector-Jacobian products with the cotangents that are fed.
 * Weights are named, not copied. Errors name the operator without a rule and the path to it, a name in `wrt` that is
 * unknown, not of a float type or without influence.
 */
export function gradientGraph(original: Model, options: GradientOptions): Model {
  const targets = options.loss === undefined ? (options.cotangent ?? []) : [options.loss];
  const model = raised(inlineFunctions(original), targets, options.wrt);
  const { graph } = model;
  const types = checked(graph, opsetOf(model), targets, options.wrt);
  const tape = startTape(
    {
      opset: opsetOf(model),
      taken: namesIn(graph),
      inputs: graph.inputs,
      weights: new Set(graph.initializers.map(({ name }) => name)),
    },
    backpropagate,
  );
  for (const [value, type] of types) tape.declare(value, type);

  const nameOf = dimNames();
  const cotangents = options.loss === undefined ? targets.map((y) => cotangentInput(tape, y, nameOf)) : [];
  const seeds = new Map(targets.map((y) => [y, seed(tape, y, options.loss === undefined)]));
  const gradients = backpropagate(tape, graph.nodes, seeds, options.wrt);
  const outputs = options.wrt.map((x, i) => {
    // Connected, but only through operators whose gradient is zero.
    const gradient = gradients[i] ?? tape.full(x, 0);
    const name = gradientName(x);
    tape.append({
      name,
      opType: 'Identity',
      domain: '',
      inputs: [gradient],
      outputs: [name],
      attributes: {},
    });
    return infoOf(graph, x, name, types.get(x)!);
  });
  const nodes = [...graph.nodes, ...tape.nodes];
  const kept = graph.outputs.filter(({ name }) => options.outputs?.includes(name) ?? true);
  return pruned(model, {
    ...graph,
    name: `${graph.name}.gradient`,
    nodes,
    inputs: [...graph.inputs, ...cotangents],
    outputs: [...kept, ...outputs],
    initializers: [...graph.initializers, ...tape.initializers],
    valueInfo: imageShapes(tape, nodes, nameOf),
  });
}

/**
 * Shapes of all images [N, C, H, W] of the graph, equal sizes by equal names. ONNX Runtime keeps its blocked layout
 * through an addition or a product, and reuses a buffer, only where it can tell that shapes are equal.
 */
function imageShapes(tape: Tape, nodes: readonly Node[], nameOf: (size: Size) => Dim): ValueInfo[] {
  return nodes.flatMap(({ outputs }) =>
    outputs.flatMap((name) => {
      const { dtype, shape } = tape.typeOf(name);
      if (shape?.length !== 4 || dtype === undefined || !isDifferentiable(dtype)) return [];
      return [{ name, dtype, shape: shape.map(nameOf) }];
    }),
  );
}

/** Operators of a model that no rule covers, each once, wherever they stand: what `gradcheck` lists. */
export function operatorsWithoutRule(model: Model): string[] {
  const missing = upgradeOpset(inlineFunctions(model), OLDEST)
    .graph.nodes.filter((node) => ruleOf(node) === undefined)
    .map(qualifiedName);
  return [...new Set(missing)].sort();
}

const qualifiedName = ({ domain, opType }: Node): string => (domain === '' ? opType : `${domain}.${opType}`);

/** The model in an operator set that has what the rules on the way emit. */
function raised(model: Model, targets: readonly string[], wrt: readonly string[]): Model {
  const { active } = activity(model.graph.nodes, targets, wrt, () => true);
  const needed = active.map((node) => ruleOf(node)?.since ?? 0);
  return upgradeOpset(model, Math.max(OLDEST, ...needed));
}

/** Checks the names that were asked for; gives what is known about every value. */
function checked(
  graph: Graph,
  opset: number,
  targets: readonly string[],
  wrt: readonly string[],
): ReadonlyMap<string, ValueType> {
  const outputs = graph.outputs.map(({ name }) => name);
  for (const y of targets) {
    if (!outputs.includes(y)) throw unknownName('output', y, outputs, { code: 'ONNX' });
  }
  const sources = [...graph.inputs, ...graph.initializers].map(({ name }) => name);
  const types = inferTypes(graph, opset);
  for (const x of wrt) {
    if (!sources.includes(x)) throw unknownName('input or weight', x, sources, { code: 'ONNX' });
    const { dtype } = types.get(x)!;
    if (!isDifferentiable(dtype)) throw notDifferentiable(x, dtype ?? 'no tensor');
    const { reached } = activity(graph.nodes, targets, [x], () => true);
    if (!targets.some((y) => reached.has(y))) throw noInfluence(x, targets);
  }
  return types;
}

/** Sizes as the file may spell them: numbers, names of the model's, or names for what is computed from those. */
function dimNames(): (size: Size) => Dim {
  const names = new Map<Size, string>();
  return (size) => {
    if (typeof size === 'number' || /^\w+$/.test(size)) return size;
    if (!names.has(size)) names.set(size, `size.${names.size}`);
    return names.get(size)!;
  };
}

function cotangentInput(tape: Tape, y: string, nameOf: (size: Size) => Dim): ValueInfo {
  const { dtype, shape } = tape.typeOf(y);
  return {
    name: cotangentName(y),
    ...(dtype !== undefined && { dtype }),
    ...(shape !== undefined && { shape: shape.map(nameOf) }),
  };
}

/** The cotangent that differentiation begins with: fed from outside, or 1. */
function seed(tape: Tape, y: string, fed: boolean): Value {
  const type = tape.typeOf(y);
  if (!isDifferentiable(type.dtype)) throw notDifferentiable(y, type.dtype ?? 'of unknown type');
  if (!fed) {
    if (type.shape?.some((size) => typeof size === 'number' && size !== 1)) throw notScalar(y, type.shape);
    return tape.full(y, 1);
  }
  const name = cotangentName(y);
  tape.declare(name, type);
  return name;
}

/** A gradient has the type of what it is a gradient by, in the words of the file where it has some. */
function infoOf(graph: Graph, x: string, name: string, { dtype, shape }: ValueType): ValueInfo {
  const declared = graph.inputs.find((input) => input.name === x);
  if (declared !== undefined) return { ...declared, name };
  return { name, ...(dtype !== undefined && { dtype }), ...(shape !== undefined && { shape }) };
}

/** What `from` reaches, and the nodes on the way from there to `targets`, in order. */
function activity(
  nodes: readonly Node[],
  targets: Iterable<string>,
  from: readonly string[],
  carries: (value: Value) => boolean,
): { reached: ReadonlySet<Value>; active: readonly Node[] } {
  const reached = new Set(from);
  const forward = nodes.filter((node) => {
    const hit = [...node.inputs, ...captured(node)].some((input) => reached.has(input));
    if (hit) for (const output of node.outputs) if (output !== '' && carries(output)) reached.add(output);
    return hit;
  });
  const needed = new Set(targets);
  const active = forward.toReversed().filter((node) => {
    const hit = node.outputs.some((output) => needed.has(output));
    if (hit)
      for (const input of [...node.inputs, ...captured(node)]) if (reached.has(input)) needed.add(input);
    return hit;
  });
  return { reached, active: active.reverse() };
}

/** Values that the graphs inside a node (If, Loop, Scan) read from around it. */
function captured(node: Node): string[] {
  return Object.values(node.attributes).flatMap((attribute) => {
    const graphs =
      attribute.kind === 'graph' ? [attribute.value] : attribute.kind === 'graphs' ? attribute.value : [];
    return graphs.flatMap(({ nodes, outputs }) => [
      ...nodes.flatMap((inner) => [...inner.inputs, ...captured(inner)]),
      ...outputs.map(({ name }) => name),
    ]);
  });
}

/** Gradients by `inputs`, given cotangents of some values; undefined if no cotangent arrives. */
function backpropagate(
  tape: Tape,
  nodes: readonly Node[],
  seeds: ReadonlyMap<Value, Value>,
  inputs: readonly Value[],
): (Value | undefined)[] {
  const from = inputs.filter((input) => input !== '');
  const straightThrough = quantised(nodes);
  const carries = (value: Value): boolean => {
    const { dtype } = tape.typeOf(value);
    return dtype === undefined || isDifferentiable(dtype) || straightThrough.has(value);
  };
  const { reached, active } = activity(nodes, seeds.keys(), from, carries);
  const pending = new Map<Value, Value[]>([...seeds].map(([y, ct]) => [y, [ct]]));
  const totals = new Map<Value, Value>();
  const total = (value: Value): Value | undefined => {
    const known = totals.get(value);
    if (known !== undefined) return known;
    const sum = pending.get(value)?.reduce((a, b) => tape.Add(a, b));
    if (sum !== undefined) totals.set(value, sum);
    return sum;
  };
  for (const node of active.toReversed()) {
    const cts = node.outputs.map(total);
    if (cts.every((ct) => ct === undefined)) continue;
    const rule = ruleFor(node, nodes, cts, from);
    node.outputs.forEach((y, i) => {
      adopt(tape, cts[i], y);
    });
    rule.vjp(cts, node, tape).forEach((gradient, i) => {
      const x = node.inputs[i]!;
      if (x === '' || !reached.has(x) || !carries(x)) return;
      const made = typeof gradient === 'function' ? gradient() : gradient;
      if (made === undefined) return;
      const ct = rule.broadcasts ? tape.unbroadcast(made, x) : made;
      pending.set(x, [...(pending.get(x) ?? []), ct]);
    });
  }
  return inputs.map((input) => (input === '' ? undefined : total(input)));
}

/** A cotangent has the shape of its value: what is known about one is known about the other. */
function adopt(tape: Tape, ct: Value | undefined, y: Value): void {
  const { shape, dtype } = tape.typeOf(y);
  const own = ct === undefined ? undefined : tape.typeOf(ct);
  if (ct === undefined || shape === undefined) return;
  const type = isDifferentiable(dtype) ? dtype : own?.dtype;
  tape.declare(ct, { shape, ...(type !== undefined && { dtype: type }) });
}

/** Integers between QuantizeLinear and DequantizeLinear: gradients go through them although they are integers. */
const quantised = (nodes: readonly Node[]): ReadonlySet<Value> =>
  new Set(nodes.filter(({ opType }) => opType === 'QuantizeLinear').flatMap(({ outputs }) => outputs));

function ruleFor(
  node: Node,
  nodes: readonly Node[],
  cts: readonly (Value | undefined)[],
  from: readonly Value[],
): Rule {
  const rule = ruleOf(node);
  const otherOutput = cts.slice(1).some((ct) => ct !== undefined);
  if (rule === undefined || (otherOutput && !rule.manyOutputs)) {
    throw missingRule(qualifiedName(node), node.name, pathTo(node, nodes, from), {
      controlFlow: ['If', 'Loop', 'Scan'].includes(node.opType),
      ...(rule !== undefined && { output: cts.findLastIndex((ct) => ct !== undefined) }),
    });
  }
  return rule;
}

/** The shortest way from one of `from` to a node, as operators. */
function pathTo(target: Node, nodes: readonly Node[], from: readonly Value[]): readonly string[] {
  const paths = new Map<Value, readonly string[]>(from.map((x) => [x, [x]]));
  for (const node of nodes) {
    const arriving = [...node.inputs, ...captured(node)].flatMap((input) => {
      const path = paths.get(input);
      return path === undefined ? [] : [path];
    });
    if (arriving.length === 0) continue;
    const shortest = arriving.reduce((a, b) => (b.length < a.length ? b : a));
    const path = [...shortest, node.name === '' ? node.opType : `${node.opType} '${node.name}'`];
    if (node === target) return path;
    for (const output of node.outputs) if (!paths.has(output)) paths.set(output, path);
  }
  return [];
}

/** Every name that a graph uses, those inside its nodes included. */
function namesIn(graph: Graph): string[] {
  const inner = graph.nodes.flatMap(({ attributes }) =>
    Object.values(attributes).flatMap((attribute) => {
      if (attribute.kind === 'graph') return namesIn(attribute.value);
      return attribute.kind === 'graphs' ? attribute.value.flatMap(namesIn) : [];
    }),
  );
  return [
    ...[...graph.inputs, ...graph.outputs, ...graph.initializers].map(({ name }) => name),
    ...graph.nodes.flatMap(({ name, inputs, outputs }) => [name, ...inputs, ...outputs]),
    ...inner,
  ];
}

/** Without the nodes and constants that no output needs. */
function pruned(model: Model, graph: Graph): Model {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes = graph.nodes.toReversed().filter((node) => {
    const kept = node.outputs.some((output) => needed.has(output));
    if (kept) for (const input of [...node.inputs, ...captured(node)]) needed.add(input);
    return kept;
  });
  return {
    ...model,
    graph: {
      ...graph,
      nodes: nodes.reverse(),
      valueInfo: graph.valueInfo.filter(({ name }) => needed.has(name)),
      initializers: graph.initializers.filter(({ name }) => needed.has(name)),
    },
  };
}
