/** @file How large a graph may be. Beyond these numbers a file is no model, but a mistake or a trap that would never end. */
import { invalidModel } from '../messages/index.ts';
import type { Graph, Model } from './model.ts';

/** The largest published diffusion models have some ten thousand operators. */
const MOST_NODES = 200_000;
const MOST_INPUTS = 10_000;
const DEEPEST = 100;

/** Counts operators while functions are written out. @throws ONNX beyond the limits */
export interface NodeCounter {
  add(nodes: number, depth: number): void;
}

export function nodeCounter(model: string): NodeCounter {
  let count = 0;
  return {
    add: (nodes, depth) => {
      count += nodes;
      if (depth > DEEPEST)
        throw invalidModel(model, `its functions call each other more than ${DEEPEST} deep`);
      if (count > MOST_NODES)
        throw invalidModel(model, `its functions stand for more than ${MOST_NODES} operators`);
    },
  };
}

/** @throws ONNX if the graph of a file, nested graphs included, is beyond the limits */
export function assertLimits(model: Model, name: string): void {
  let nodes = 0;
  const look = (graph: Graph, depth: number): void => {
    nodes += graph.nodes.length;
    if (nodes > MOST_NODES) throw invalidModel(name, `it has more than ${MOST_NODES} operators`);
    if (depth > DEEPEST) throw invalidModel(name, `its graphs are nested more than ${DEEPEST} deep`);
    for (const { inputs, opType, attributes } of graph.nodes) {
      if (inputs.length > MOST_INPUTS)
        throw invalidModel(
          name,
          `an operator ${opType} has ${inputs.length} inputs, and at most ${MOST_INPUTS} are allowed`,
        );
      for (const attribute of Object.values(attributes)) {
        if (attribute.kind === 'graph') look(attribute.value, depth + 1);
        if (attribute.kind === 'graphs') for (const each of attribute.value) look(each, depth + 1);
      }
    }
  };
  look(model.graph, 0);
}
