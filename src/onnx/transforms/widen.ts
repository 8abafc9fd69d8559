/** @file Weights that a file stores in half precision to be small and computes with in single precision. */
import type { Attribute, Graph, Model, Node, StoredTensor } from '../model.ts';
import { loadStored } from '../stored.ts';
import { halfToNumber, tensorBytes, tensor, type TensorOf } from '../tensor.ts';

/**
 * The same model with each float16 weight behind a Cast to float32 replaced by the float32 weight that the Cast makes,
 * under the Cast's name. Runtimes do so, too, but only as they load a graph: whoever trains weights, adapts them or
 * changes them by little steps needs them as they are computed with. What is not stored so is shared with `model`.
 */
export function withWideWeights(model: Model): Model {
  const { graph } = model;
  const stored = new Map(graph.initializers.map((each) => [each.name, each]));
  const wide = new Map<Node, StoredTensor>();
  for (const node of graph.nodes) {
    const half = stored.get(node.inputs[0] ?? '');
    if (half?.dtype === 'float16' && isToSingle(node)) wide.set(node, widened(half, node.outputs[0]!, model));
  }
  if (wide.size === 0) return model;
  const nodes = graph.nodes.filter((node) => !wide.has(node));
  const used = new Set([...readBy(nodes), ...graph.outputs.map(({ name }) => name)]);
  const kept = graph.initializers.filter(({ name, dtype }) => dtype !== 'float16' || used.has(name));
  return { ...model, graph: { ...graph, nodes, initializers: [...kept, ...wide.values()] } };
}

/** ONNX's number for float32, which Cast names its target by. */
const FLOAT = 1;

const isToSingle = ({ opType, domain, attributes: { to } }: Node): boolean =>
  opType === 'Cast' && domain === '' && to?.kind === 'int' && to.value === FLOAT;

function widened(half: StoredTensor, name: string, { folder }: Model): StoredTensor {
  const { dims, data } = loadStored(half, folder) as TensorOf<'float16'>;
  const values = singles();
  const wide = tensor(
    'float32',
    dims,
    Float32Array.from(data, (bits) => values[bits]!),
  );
  return { name, dtype: 'float32', dims, raw: tensorBytes(wide) };
}

/** All that nodes read, those in the bodies of loops and branches included. */
const readBy = (nodes: readonly Node[]): string[] =>
  nodes.flatMap(({ inputs, attributes }) => [
    ...inputs,
    ...Object.values(attributes)
      .flatMap(bodiesOf)
      .flatMap((body) => readBy(body.nodes)),
  ]);

const bodiesOf = (attribute: Attribute): readonly Graph[] =>
  attribute.kind === 'graph' ? [attribute.value] : attribute.kind === 'graphs' ? attribute.value : [];

let table: Float32Array | undefined;

/** The number behind each half's bits: looked up, eight million weights take a tenth of a second. */
function singles(): Float32Array {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => halfToNumber(bits));
  return table;
}
