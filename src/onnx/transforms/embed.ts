/** @file A whole model as one step of a graph under construction. */
import { missingInputs } from '../../messages/index.ts';
import type { GraphBuilder } from '../builder.ts';
import { renamedNode } from './compose.ts';
import { inlineFunctions } from './inline.ts';
import type { Model } from '../model.ts';
import type { Value } from '../operators.ts';
import { upgradeOpset } from './upgrade.ts';

/** Before all names, so that those of the graph's own outputs are free for whatever is joined to it. */
const EMBEDDED = 'embedded/';

/**
 * Writes the nodes of `model` behind the values that feed its inputs; gives its outputs by their names. Written twice, it
 * shares its weights. Its operator set must not be later than the builder's; operators of further domains and weights in
 * files are for whoever builds the model to declare (`builtModel`). Throws if an input is not fed.
 */
export function embed(
  g: GraphBuilder,
  model: Model,
  feeds: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value>> {
  const { graph } = upgradeOpset(inlineFunctions(model), g.opset);
  const unfed = graph.inputs.filter(({ name }) => !(name in feeds)).map(({ name }) => name);
  if (unfed.length > 0) throw missingInputs(graph.name, unfed);
  const names = new Map<string, Value>([['', ''], ...Object.entries(feeds)]);
  for (const tensor of graph.initializers) names.set(tensor.name, g.weight(tensor, EMBEDDED));
  const renamed = (name: string): Value => names.get(name) ?? name;
  for (const node of graph.nodes) {
    for (const output of node.outputs)
      if (!names.has(output)) names.set(output, g.fresh(`${EMBEDDED}${output}`));
    g.append(renamedNode({ ...node, name: '' }, renamed));
  }
  return Object.fromEntries(graph.outputs.map(({ name }) => [name, renamed(name)]));
}
