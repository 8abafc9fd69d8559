/** @file Joining models by name: what one gives, the next takes. */
import { mismatchedJoin, unknownName } from '../../messages/index.ts';
import { inferTypes, type ValueType } from '../infer.ts';
import type { Attribute, Dim, Graph, Model, Node, ValueInfo } from '../model.ts';
import { opsetOf } from '../model.ts';
import { inOneFolder } from './one-folder.ts';
import { upgradeOpset } from './upgrade.ts';

/** How two models are joined. */
export interface Joint {
  /** Inputs of the second model by the outputs of the first that feed them; (default: by equal names). */
  readonly join?: Readonly<Record<string, string>>;
  /** Put before names of the second model that the first has too. */
  readonly prefix?: string;
  /** Outputs to keep, as they are named in the result; (default: all of both). */
  readonly outputs?: readonly string[];
}

/**
 * The model that feeds outputs of `first` into `second`.
 *
 * Inputs of equal names that are not joined are one input. Every other name that both models use gets `prefix` in the
 * second, names of dynamic sizes included, except where the joint shows that they mean the same. The older of the two
 * operator sets is raised; external data in two folders is named from the one that holds both. Errors: a joint of unknown
 * names, of different types or of sizes that cannot be equal.
 */
export function compose(first: Model, second: Model, { join, prefix = 'b.', outputs }: Joint = {}): Model {
  const opset = Math.max(opsetOf(first), opsetOf(second));
  const [a, b] = inOneFolder(upgradeOpset(first, opset), upgradeOpset(second, opset)) as [Model, Model];
  const folder = a.folder ?? b.folder;
  const wires = join ?? namesake(a.graph, b.graph);
  const types = inferTypes(a.graph, opset);
  const dims = checkedJoint(a.graph, b.graph, wires, types);
  const renamed = renamedGraph(
    b.graph,
    renaming(a.graph, b.graph, wires, prefix),
    dimRenaming(a.graph, b.graph, dims, prefix),
  );
  const fed = new Set([...Object.values(wires), ...a.graph.inputs.map(({ name }) => name)]);
  const all = [...a.graph.outputs, ...renamed.outputs];
  const names = all.map(({ name }) => name);
  for (const name of outputs ?? []) {
    if (!names.includes(name)) throw unknownName('output', name, names, { code: 'ONNX' });
  }
  const graph: Graph = {
    name: `${a.graph.name}+${b.graph.name}`,
    nodes: [...a.graph.nodes, ...renamed.nodes],
    inputs: [...a.graph.inputs, ...renamed.inputs.filter(({ name }) => !fed.has(name))],
    outputs: all.filter(({ name }) => outputs?.includes(name) ?? true),
    initializers: [...a.graph.initializers, ...renamed.initializers],
    valueInfo: [...a.graph.valueInfo, ...renamed.valueInfo],
  };
  return {
    irVersion: Math.max(a.irVersion, b.irVersion),
    opsets: { ...b.opsets, ...a.opsets },
    graph,
    functions: [...a.functions, ...b.functions],
    metadata: { ...b.metadata, ...a.metadata },
    ...(folder !== undefined && { folder }),
  };
}

const namesake = (a: Graph, b: Graph): Record<string, string> => {
  const outputs = new Set(a.outputs.map(({ name }) => name));
  return Object.fromEntries(b.inputs.flatMap(({ name }) => (outputs.has(name) ? [[name, name]] : [])));
};

/** Checks that what is joined fits; gives the first model's names for dynamic sizes of the second, where it has some. */
function checkedJoint(
  a: Graph,
  b: Graph,
  wires: Readonly<Record<string, string>>,
  types: ReadonlyMap<string, ValueType>,
): ReadonlyMap<string, string> {
  const dims = new Map<string, string>();
  const inputs = new Map(b.inputs.map((info) => [info.name, info]));
  const outputs = a.outputs.map(({ name }) => name);
  for (const [input, output] of Object.entries(wires)) {
    const wanted = inputs.get(input);
    if (wanted === undefined) throw unknownName('input', input, [...inputs.keys()], { code: 'ONNX' });
    if (!outputs.includes(output)) throw unknownName('output', output, outputs, { code: 'ONNX' });
    const given = types.get(output) ?? {};
    const fits =
      (wanted.dtype === undefined || given.dtype === undefined || wanted.dtype === given.dtype) &&
      (wanted.shape === undefined ||
        given.shape === undefined ||
        (wanted.shape.length === given.shape.length &&
          wanted.shape.every(
            (dim, i) =>
              typeof dim !== 'number' || typeof given.shape![i] !== 'number' || dim === given.shape![i],
          )));
    if (!fits) throw mismatchedJoin(output, described(given), input, described(wanted));
    wanted.shape?.forEach((dim, i) => {
      const size = given.shape?.[i];
      if (typeof dim === 'string' && typeof size === 'string' && /^\w+$/.test(size)) dims.set(dim, size);
    });
  }
  return dims;
}

const described = ({ dtype, shape }: ValueType | ValueInfo): string =>
  `${dtype ?? '?'} [${shape?.map((size) => (typeof size === 'number' ? size : '?')).join(', ') ?? '...'}]`;

type Renaming = (name: string) => string;

/** New names for the values of the second model. */
function renaming(a: Graph, b: Graph, wires: Readonly<Record<string, string>>, prefix: string): Renaming {
  const taken = namesOf(a);
  const shared = new Set(a.inputs.map(({ name }) => name));
  const names = new Map(Object.entries(wires));
  for (const { name } of b.inputs) if (shared.has(name) && !names.has(name)) names.set(name, name);
  const own = namesOf(b);
  for (const name of own) {
    if (name === '' || names.has(name)) continue;
    let fresh = name;
    while (taken.has(fresh) || (fresh !== name && own.has(fresh))) fresh = prefix + fresh;
    // Of `x` and `b.x`, both in need of another name, only one can be `b.b.x`.
    taken.add(fresh);
    names.set(name, fresh);
  }
  return (name) => names.get(name) ?? name;
}

/** New names for the dynamic sizes of the second model. */
function dimRenaming(a: Graph, b: Graph, joined: ReadonlyMap<string, string>, prefix: string): Renaming {
  const dimsOf = ({ inputs }: Graph): string[] =>
    inputs.flatMap(({ shape }) => shape?.filter((dim): dim is string => typeof dim === 'string') ?? []);
  const taken = new Set(dimsOf(a));
  const shared = new Set(a.inputs.map(({ name }) => name));
  const same = new Set(dimsOf({ ...b, inputs: b.inputs.filter(({ name }) => shared.has(name)) }));
  return (dim) => joined.get(dim) ?? (taken.has(dim) && !same.has(dim) ? prefix + dim : dim);
}

/** Names of values and of nodes, which may coincide with each other but not across two models. */
const namesOf = (graph: Graph): Set<string> =>
  new Set([
    ...[...graph.inputs, ...graph.outputs, ...graph.initializers].map(({ name }) => name),
    ...graph.nodes.flatMap(({ name, outputs }) => [name, ...outputs]),
  ]);

function renamedGraph(graph: Graph, name: Renaming, dim: Renaming): Graph {
  const info = (value: ValueInfo): ValueInfo => ({
    ...value,
    name: name(value.name),
    ...(value.shape !== undefined && {
      shape: value.shape.map((size): Dim => (typeof size === 'string' ? dim(size) : size)),
    }),
  });
  return {
    ...graph,
    nodes: graph.nodes.map((node) => renamedNode(node, name)),
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    valueInfo: graph.valueInfo.map(info),
    initializers: graph.initializers.map((tensor) => ({ ...tensor, name: name(tensor.name) })),
  };
}

/** A node that reads and makes values of other names, graphs inside it included. */
export const renamedNode = (node: Node, name: (old: string) => string): Node => ({
  ...node,
  name: name(node.name),
  inputs: node.inputs.map(name),
  outputs: node.outputs.map(name),
  attributes: Object.fromEntries(
    Object.entries(node.attributes).map(([key, attribute]) => [key, renamedAttribute(attribute, name)]),
  ),
});

/** Graphs inside a node read values from around it; names of their own hide those. */
function renamedAttribute(attribute: Attribute, name: Renaming): Attribute {
  const inside = (graph: Graph): Graph => {
    const own = namesOf(graph);
    return renamedGraph(
      graph,
      (value) => (own.has(value) ? value : name(value)),
      (size) => size,
    );
  };
  if (attribute.kind === 'graph') return { kind: 'graph', value: inside(attribute.value) };
  return attribute.kind === 'graphs' ? { kind: 'graphs', value: attribute.value.map(inside) } : attribute;
}
