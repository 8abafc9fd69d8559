/**
 * @file Parts of a model made inputs, so that they can be trained: its weights, or the embedding of one token. Gradients
 * come from the engine as for any input.
 */
import { noTokenTable, noWeights } from '../../messages/index.ts';
import { graphBuilder } from '../builder.ts';
import { type Graph, type Model, type Node, opsetOf, type StoredTensor } from '../model.ts';
import { intOf } from '../attributes.ts';
import { loadStored } from '../stored.ts';
import { withWideWeights } from './widen.ts';
import { type NamedTensors, type Tensor, tensor, tensorBytes, toFloat32 } from '../tensor.ts';

/** An input that was a part of the model, with the values that it had there. */
export interface TunablePort {
  readonly name: string;
  readonly dims: readonly number[];
  readonly initial: Float32Array;
}

export interface TunableModel {
  readonly model: Model;
  readonly ports: readonly TunablePort[];
}

/** Weights and biases under PyTorch's names, those that were widened, and those that its exporter folded. */
const WEIGHTS = /\.(weight|bias)(\.float32)?$|^onnx::/;

/**
 * The model with its weights and biases as inputs; constants that are none (frequencies of
 * timesteps, shapes) stay. @throws ONNX if there are none.
 */
export function weightsAsInputs(stored: Model): TunableModel {
  const model = withWideWeights(stored);
  const { graph } = model;
  const chosen = weightPorts(model);
  if (chosen.length === 0) throw noWeights();
  const names = new Set(chosen.map(({ name }) => name));
  const ports = chosen.map((stored) => ({
    name: stored.name,
    dims: stored.dims,
    initial: Float32Array.from(toFloat32(loadStored(stored, model.folder) as Tensor)),
  }));
  return {
    ports,
    model: {
      ...model,
      graph: {
        ...graph,
        inputs: [
          ...graph.inputs,
          ...ports.map(({ name, dims }) => ({ name, dtype: 'float32' as const, shape: dims })),
        ],
        initializers: graph.initializers.filter(({ name }) => !names.has(name)),
      },
    },
  };
}

/** The model with other weights under the same names, as constants. */
export function withWeights(model: Model, weights: NamedTensors): Model {
  const { model: open, ports } = weightsAsInputs(model);
  const { graph } = open;
  const put = ports.map(({ name, dims, initial }): StoredTensor => {
    const given = weights[name] ?? tensor('float32', dims, initial);
    return { name, dtype: 'float32', dims, raw: tensorBytes(given) };
  });
  const names = new Set(ports.map(({ name }) => name));
  return {
    ...open,
    graph: {
      ...graph,
      inputs: graph.inputs.filter(({ name }) => !names.has(name)),
      initializers: [...graph.initializers, ...put],
    },
  };
}

/** The initializers that are weights or biases, in the order of the graph; those that are stored as halves must be wide. */
export const weightPorts = ({ graph }: Model): readonly StoredTensor[] => graph.initializers.filter(isWeight);

const isWeight = ({ name, dtype, dims }: StoredTensor): boolean =>
  dtype === 'float32' && dims.some((size) => size > 1) && WEIGHTS.test(name);

/** The input that a token's embedding comes in by: float32 [d]. */
export const TOKEN_EMBEDDING = 'token embedding';

/**
 * A text encoder's graph in which the embedding of token `id` is an input (textual inversion; Gal et al. 2022,
 * arXiv:2208.01618): rows are taken from the table as before, but where `tokens` says `id`.
 * @throws ONNX if the graph looks its tokens up in no table.
 */
export function tokenAsInput(stored: Model, id: number, tokens = 'tokens'): TunableModel {
  const model = withWideWeights(stored);
  const { graph } = model;
  const { node, table } = tokenLookup(graph, tokens);
  const [rows, d] = table.dims as [number, number];
  const values = toFloat32(loadStored(table, model.folder) as Tensor);
  if (id < 0 || id >= rows) throw noTokenTable(`it has ${rows} rows, and the token is number ${id}`);
  const g = graphBuilder({ opset: opsetOf(model), taken: namesIn(graph) });
  g.declare(TOKEN_EMBEDDING, { dtype: 'float32', shape: [d] });
  for (const each of graph.nodes) {
    if (each !== node) {
      g.append(each);
      continue;
    }
    const [output] = node.outputs as [string];
    const looked = g.fresh(`${output}.table`);
    g.append({ ...node, outputs: [looked] });
    const here = g.Unsqueeze(g.Equal(g.Cast(node.inputs[1]!, 'int64'), g.constant('int64', [], [id])), [-1]);
    const inputs = [here, TOKEN_EMBEDDING, looked];
    g.append({
      name: `${node.name}.token`,
      opType: 'Where',
      domain: '',
      inputs,
      outputs: [output],
      attributes: {},
    });
  }
  const port = { name: TOKEN_EMBEDDING, dims: [d], initial: values.slice(id * d, (id + 1) * d) };
  return {
    ports: [port],
    model: {
      ...model,
      graph: {
        ...graph,
        nodes: g.nodes,
        inputs: [...graph.inputs, { name: TOKEN_EMBEDDING, dtype: 'float32', shape: [d] }],
        initializers: [...graph.initializers, ...g.initializers],
      },
    },
  };
}

/** The Gather of a stored table [rows, d] by what comes from `tokens` alone. */
function tokenLookup(graph: Graph, tokens: string): { node: Node; table: StoredTensor } {
  const stored = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  const from = new Set([tokens]);
  for (const node of graph.nodes) {
    const table = stored.get(node.inputs[0] ?? '');
    const looksUp = node.opType === 'Gather' && intOf(node, 'axis', 0) === 0 && from.has(node.inputs[1]!);
    if (looksUp && table?.dims.length === 2) return { node, table };
    const passes =
      node.inputs.some((input) => from.has(input)) && ['Cast', 'Identity', 'Reshape'].includes(node.opType);
    if (passes) from.add(node.outputs[0]!);
  }
  throw noTokenTable('it looks its tokens up in no stored table');
}

const namesIn = (graph: Graph): string[] => [
  ...[...graph.inputs, ...graph.initializers].map(({ name }) => name),
  ...graph.nodes.flatMap(({ outputs }) => outputs),
];
