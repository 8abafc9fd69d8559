/** @file External data of several models, which ONNX Runtime looks for in one folder, named from a folder that holds all. */
import { join, relative, resolve, sep } from 'node:path';
import { separateFolders } from '../../messages/index.ts';
import { tensorsOf } from '../files.ts';
import type { Attribute, Graph, Model, StoredTensor } from '../model.ts';

/**
 * The same models, those with external data relative to one folder and no other with any.
 * @throws ONNX if no folder holds all, as on two drives of Windows
 */
export function inOneFolder(...models: readonly Model[]): readonly Model[] {
  const folders = models.map((model) => (hasExternal(model) ? resolve(model.folder ?? '.') : undefined));
  const own = folders.filter((folder) => folder !== undefined);
  const folder = own.length === 0 ? undefined : own.reduce(ancestorOf);
  return models.map((model, i) => {
    const { folder: _, ...bare } = model;
    if (folders[i] === undefined) return bare;
    return folders[i] === folder ? { ...bare, folder: folder! } : relocated(model, folders[i], folder!);
  });
}

const hasExternal = ({ graph }: Model): boolean =>
  tensorsOf(graph).some(({ external }) => external !== undefined);

/** The deepest folder that holds both. */
function ancestorOf(a: string, b: string): string {
  const [left, right] = [a.split(sep), b.split(sep)];
  const shared = left.findIndex((part, i) => part !== right[i]);
  if (shared === 0) throw separateFolders(a, b);
  return shared < 0 ? a : left.slice(0, shared).join(sep) || sep;
}

function relocated(model: Model, from: string, to: string): Model {
  const tensor = (stored: StoredTensor): StoredTensor => {
    if (stored.external === undefined) return stored;
    const location = relative(to, join(from, stored.external.location)).split(sep).join('/');
    return { ...stored, external: { ...stored.external, location } };
  };
  return { ...model, folder: to, graph: mapped(model.graph, tensor) };
}

/** A graph with other constants, those inside its nodes included. */
function mapped(graph: Graph, tensor: (stored: StoredTensor) => StoredTensor): Graph {
  const attribute = (each: Attribute): Attribute => {
    switch (each.kind) {
      case 'tensor':
        return { ...each, value: tensor(each.value) };
      case 'tensors':
        return { ...each, value: each.value.map(tensor) };
      case 'graph':
        return { ...each, value: mapped(each.value, tensor) };
      case 'graphs':
        return { ...each, value: each.value.map((inner) => mapped(inner, tensor)) };
      default:
        return each;
    }
  };
  const nodes = graph.nodes.map((node) => ({
    ...node,
    attributes: Object.fromEntries(
      Object.entries(node.attributes).map(([name, each]) => [name, attribute(each)]),
    ),
  }));
  return { ...graph, nodes, initializers: graph.initializers.map(tensor) };
}
