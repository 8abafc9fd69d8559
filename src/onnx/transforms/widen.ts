/** @file Weights that a file stores in half precision to be small and computes with in single precision. */
import type { Attribute, Graph, Model, Node, StoredTensor } from '../model.ts';
import { bytesOf } from '../stored.ts';
import { elementCount, halfToNumber } from '../tensor.ts';

/**
 * The same model with each float16 or bfloat16 weight behind a Cast to float32 replaced by the float32 weight that the Cast makes,
 * under the Cast's name. Runtimes do so, too, but only as they load a graph: whoever trains weights, adapts them or
 * changes them by little steps needs them as they are computed with. What is not stored so is shared with `model`.
 */
export function withWideWeights(model: Model): Model {
  const { graph } = model;
  const stored = new Map(graph.initializers.map((each) => [each.name, each]));
  const wide = new Map<Node, StoredTensor>();
  for (const node of graph.nodes) {
    const half = stored.get(node.inputs[0] ?? '');
    if (half !== undefined && isHalf(half) && isToSingle(node))
      wide.set(node, widened(half, node.outputs[0]!, model));
  }
  if (wide.size === 0) return model;
  const nodes = graph.nodes.filter((node) => !wide.has(node));
  const used = new Set([...readBy(nodes), ...graph.outputs.map(({ name }) => name)]);
  const kept = graph.initializers.filter((each) => !isHalf(each) || used.has(each.name));
  return { ...model, graph: { ...graph, nodes, initializers: [...kept, ...wide.values()] } };
}

/** ONNX's number for float32, which Cast names its target by. */
const FLOAT = 1;

const isToSingle = ({ opType, domain, attributes: { to } }: Node): boolean =>
  opType === 'Cast' && domain === '' && to?.kind === 'int' && to.value === FLOAT;

const isHalf = ({ dtype }: StoredTensor): boolean => dtype === 'float16' || dtype === 'bfloat16';

function widened(half: StoredTensor, name: string, { folder }: Model): StoredTensor {
  const { dims, dtype } = half;
  const bytes = bytesOf(half, folder);
  // Weights within a file may begin at an odd place.
  const { buffer, byteOffset } = bytes.byteOffset % 2 === 0 ? bytes : Uint8Array.from(bytes);
  const bits = new Uint16Array(buffer, byteOffset, elementCount(dims));
  const values = dtype === 'float16' ? singles() : undefined;
  // bfloat16 is the upper half of a float32.
  const wide =
    values === undefined
      ? new Float32Array(Uint32Array.from(bits, (each) => each << 16).buffer)
      : Float32Array.from(bits, (each) => values[each]!);
  return { name, dtype: 'float32', dims, raw: new Uint8Array(wide.buffer) };
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
