/** @file Calls of a model's own functions, written out as the operators that the functions are made of. */
import { type NodeCounter, nodeCounter } from '../limits.ts';
import type { Attribute, Attributes, Graph, Model, ModelFunction, Node } from '../model.ts';

/**
 * The model without functions of its own, as far as they are written in the model's operator sets; a function in
 * another operator set stays a call.
 */
export function inlineFunctions(model: Model): Model {
  if (model.functions.length === 0) return model;
  const fits = ({ opsets }: ModelFunction): boolean =>
    Object.entries(opsets).every(([domain, version]) => (model.opsets[domain] ?? version) === version);
  const inlined = model.functions.filter(fits);
  const functions = new Map(inlined.map((body) => [keyOf(body.domain, body.name), body]));
  const opsets = Object.assign({}, ...inlined.map((body) => body.opsets), model.opsets) as Record<
    string,
    number
  >;
  return {
    ...model,
    opsets,
    functions: model.functions.filter((body) => !fits(body)),
    graph: expandedGraph(model.graph, { bodies: functions, counter: nodeCounter(model.graph.name) }),
  };
}

/** The functions, and a count of what they stand for: thirty that call each other twice are a thousand million operators. */
interface Functions {
  readonly bodies: ReadonlyMap<string, ModelFunction>;
  readonly counter: NodeCounter;
}

const keyOf = (domain: string, name: string): string => `${domain}:${name}`;

const expandedGraph = (graph: Graph, functions: Functions): Graph => ({
  ...graph,
  nodes: graph.nodes.flatMap((node, i) => expanded(node, functions, `${node.name || node.opType}.${i}/`)),
});

/** The nodes that a call stands for; the node itself where it is not a call. */
function expanded(node: Node, functions: Functions, prefix: string, depth = 0): readonly Node[] {
  const body = functions.bodies.get(keyOf(node.domain, node.opType));
  if (body === undefined) return [withBodies(node, functions)];
  functions.counter.add(body.nodes.length, depth);
  const names = new Map<string, string>([['', '']]);
  body.inputs.forEach((name, i) => {
    names.set(name, node.inputs[i] ?? '');
  });
  body.outputs.forEach((name, i) => {
    if (node.outputs[i]) names.set(name, node.outputs[i]);
  });
  const rename = (name: string): string => names.get(name) ?? prefix + name;
  return body.nodes.flatMap((inner, i) => {
    const attributes = resolved(inner.attributes, node.attributes, body.attributeDefaults, rename);
    const call: Node = {
      ...inner,
      name: `${prefix}${inner.name || inner.opType}`,
      inputs: inner.inputs.map(rename),
      outputs: inner.outputs.map(rename),
      attributes,
    };
    return expanded(call, functions, `${prefix}${i}/`, depth + 1);
  });
}

/** References to attributes of the call become their values; one that the call leaves out is left out. */
function resolved(
  attributes: Attributes,
  given: Attributes,
  defaults: Attributes,
  rename: (name: string) => string,
): Attributes {
  const value = (attribute: Attribute): Attribute | undefined => {
    if (attribute.kind === 'reference') return given[attribute.value] ?? defaults[attribute.value];
    return attribute.kind === 'graph'
      ? { kind: 'graph', value: renamed(attribute.value, rename) }
      : attribute;
  };
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, attribute]) => {
      const known = value(attribute);
      return known === undefined ? [] : [[name, known]];
    }),
  );
}

/** A graph inside a node of a function, which reads the function's values. */
const renamed = (graph: Graph, rename: (name: string) => string): Graph => ({
  ...graph,
  nodes: graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes: resolved(node.attributes, {}, {}, rename),
  })),
  inputs: graph.inputs.map((info) => ({ ...info, name: rename(info.name) })),
  outputs: graph.outputs.map((info) => ({ ...info, name: rename(info.name) })),
  initializers: graph.initializers.map((tensor) => ({ ...tensor, name: rename(tensor.name) })),
});

const withBodies = (node: Node, functions: Functions): Node => ({
  ...node,
  attributes: Object.fromEntries(
    Object.entries(node.attributes).map(([name, attribute]) => [
      name,
      attribute.kind === 'graph'
        ? { kind: 'graph' as const, value: expandedGraph(attribute.value, functions) }
        : attribute,
    ]),
  ),
});
