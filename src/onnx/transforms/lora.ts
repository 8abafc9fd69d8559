/**
 * @file Low-rank adaptation (Hu et al. 2021, arXiv:2106.09685) by graph surgery: beside chosen weights W run pairs A, B,
 *
 *   y = W x + s B A x,   A [r, in], B [out, r],   s = alpha / r
 *
 * with A, B and s as inputs of the graph. Gradients come from the engine as for any input, and whatever a pair holds, the
 * model's own weights are neither copied nor touched. Layouts and names are those of PEFT (Hugging Face); a pair of a
 * convolution is a convolution to r channels with W's window, then one of 1x1.
 */
import { loraMatchesNothing, loraRankTooHigh } from '../../messages/index.ts';
import { floatOf, intOf } from '../attributes.ts';
import { type GraphBuilder, graphBuilder } from '../builder.ts';
import { declaredType } from '../infer.ts';
import {
  DATA_TYPES,
  type DataType,
  type Model,
  type Node,
  opsetOf,
  type StoredTensor,
  type ValueInfo,
} from '../model.ts';

/** The projections of attention: what LoRA training of diffusion models adapts by default. */
export const ATTENTION_PROJECTIONS = /(^|\.)to_(q|k|v|out(\.0)?)$/;

/** The input that the pairs' contribution is multiplied by: float32 [], alpha / rank; 0 is the model as it was. */
export const LORA_SCALE = 'lora scale';

/** How the names of a pair's inputs end, after the module's path. */
export const LORA_DOWN = '.lora_A.weight';
export const LORA_UP = '.lora_B.weight';

/** Half a pair: an input of the graph. */
export interface LoraPort {
  /** `<module>.lora_A.weight` or `<module>.lora_B.weight`. */
  readonly name: string;
  readonly dims: readonly number[];
}

/** The pair of one weight. */
export interface LoraPair {
  /** Path of the layer: `down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q`. */
  readonly module: string;
  /** A: [r, in], of a convolution [r, in, kh, kw]. */
  readonly down: LoraPort;
  /** B: [out, r], of a convolution [out, r, 1, 1]. */
  readonly up: LoraPort;
}

export interface LoraModel {
  readonly model: Model;
  readonly pairs: readonly LoraPair[];
}

/** A layer that a pair can run beside. */
interface Layer {
  readonly module: string;
  readonly opType: 'MatMul' | 'Gemm' | 'Conv';
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Height and width of a convolution's window. */
  readonly window: readonly number[];
  readonly dtype: 'float32' | 'float16';
}

/**
 * The model with a pair beside each layer (MatMul, Gemm, ungrouped Conv of two dimensions) whose module's path matches
 * `pattern`; layers that share a weight share its pair. @throws ONNX if nothing matches, listing what there is, and
 * where the rank is above the smaller side of a weight.
 */
export function insertLora(
  model: Model,
  { rank, pattern = ATTENTION_PROJECTIONS }: { readonly rank: number; readonly pattern?: RegExp },
): LoraModel {
  const layers = layersOf(model);
  const chosen = new Map([...layers].filter(([, { module }]) => pattern.test(module)));
  if (chosen.size === 0) {
    throw loraMatchesNothing(pattern.source, [...new Set([...layers.values()].map(({ module }) => module))]);
  }
  const pairs = pairsOf([...chosen.values()], rank);
  const g = graphBuilder({ opset: opsetOf(model), taken: namesIn(model) });
  const ports = [...pairs.values()].flatMap(({ down, up }) => [down, up]);
  const inputs: ValueInfo[] = ports.map(({ name, dims }) => ({ name, dtype: 'float32', shape: dims }));
  inputs.push({ name: LORA_SCALE, dtype: 'float32', shape: [] });
  for (const input of inputs) g.declare(input.name, declaredType(input));
  for (const node of model.graph.nodes) {
    const layer = chosen.get(node);
    if (layer === undefined) g.append(node);
    else beside(g, node, layer, pairs.get(layer.module)!);
  }
  const { graph } = model;
  return {
    model: {
      ...model,
      graph: {
        ...graph,
        nodes: g.nodes,
        inputs: [...graph.inputs, ...inputs],
        initializers: [...graph.initializers, ...g.initializers],
      },
    },
    pairs: [...pairs.values()],
  };
}

/** One pair a module. */
function pairsOf(layers: readonly Layer[], rank: number): ReadonlyMap<string, LoraPair> {
  for (const { module, inFeatures, outFeatures } of layers) {
    if (rank > Math.min(inFeatures, outFeatures))
      throw loraRankTooHigh(rank, module, inFeatures, outFeatures);
  }
  return new Map(layers.map((layer) => [layer.module, pairOf(layer, rank)]));
}

function pairOf({ module, window, inFeatures, outFeatures }: Layer, rank: number): LoraPair {
  const ones = window.map(() => 1);
  return {
    module,
    down: { name: `${module}${LORA_DOWN}`, dims: [rank, inFeatures, ...window] },
    up: { name: `${module}${LORA_UP}`, dims: [outFeatures, rank, ...ones] },
  };
}

/** Writes a layer's node and, beside it, its pair; their sum has the node's old name. */
function beside(g: GraphBuilder, node: Node, { opType, dtype }: Layer, { down, up }: LoraPair): void {
  const [y] = node.outputs as [string];
  const frozen = g.fresh(`${y}.frozen`);
  g.append({ ...node, outputs: [frozen] });
  const fed = (input: string): string => (dtype === 'float32' ? input : g.Cast(input, dtype));
  const turned = (weight: string): string => g.Transpose(fed(weight), [1, 0]);
  const [x] = node.inputs as [string];
  // The pair's first window moves as the layer's own; its second is of one pixel, and moves as convolutions do.
  const reduced =
    opType === 'Conv'
      ? g.emit('Conv', [x, fed(down.name)], node.attributes)[0]!
      : g.MatMul(x, turned(down.name));
  const scaled = g.Mul(reduced, fed(LORA_SCALE));
  const adapted = opType === 'Conv' ? g.Conv(scaled, fed(up.name), {}) : g.MatMul(scaled, turned(up.name));
  g.append({
    name: `${node.name}.adapted`,
    opType: 'Add',
    domain: '',
    inputs: [frozen, adapted],
    outputs: [y],
    attributes: {},
  });
}

/** Every node that is a layer with a stored weight, in the order of the graph. */
function layersOf({ graph }: Model): ReadonlyMap<Node, Layer> {
  const stored = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
  const weightOf = (value: string): Weight | undefined => {
    const tensor = stored.get(value);
    if (tensor !== undefined) return { tensor, dtype: tensor.dtype, turned: false };
    const maker = makers.get(value);
    const source = maker?.inputs[0] === undefined ? undefined : weightOf(maker.inputs[0]);
    // One weight of two layers comes through an Identity, a linear layer's through a Transpose, a halved one through a Cast.
    switch (source && maker?.opType) {
      case 'Identity':
        return source;
      case 'Transpose':
        return { ...source!, turned: !source!.turned };
      case 'Cast':
        return { ...source!, dtype: DATA_TYPES[intOf(maker!, 'to', 0)] ?? 'undefined' };
      default:
        return undefined;
    }
  };
  const layers = new Map<Node, Layer>();
  for (const node of graph.nodes) {
    const weight = node.inputs[1] === undefined ? undefined : weightOf(node.inputs[1]);
    const layer = weight === undefined || node.domain !== '' ? undefined : layerOf(node, weight);
    if (layer !== undefined) layers.set(node, layer);
  }
  return layers;
}

interface Weight {
  readonly tensor: StoredTensor;
  /** As the layer computes with it. */
  readonly dtype: DataType;
  readonly turned: boolean;
}

function layerOf(node: Node, { tensor: { name, dims }, dtype, turned }: Weight): Layer | undefined {
  const { opType } = node;
  if (dtype !== 'float32' && dtype !== 'float16') return undefined;
  const common = { module: moduleOf(node, name), dtype };
  if (opType === 'Conv' && dims.length === 4 && !turned && intOf(node, 'group', 1) === 1) {
    return { ...common, opType, inFeatures: dims[1]!, outFeatures: dims[0]!, window: dims.slice(2) };
  }
  const linear =
    opType === 'MatMul' ||
    (opType === 'Gemm' && intOf(node, 'transA', 0) === 0 && floatOf(node, 'alpha', 1) === 1);
  if (!linear || dims.length !== 2) return undefined;
  const outFirst = turned !== (intOf(node, 'transB', 0) === 1);
  const [inFeatures, outFeatures] = outFirst ? [dims[1]!, dims[0]!] : [dims[0]!, dims[1]!];
  return { ...common, opType, inFeatures, outFeatures, window: [] };
}

/**
 * The path of a layer. Exports from PyTorch name biased layers' weights `<path>.weight`; those of layers without bias are
 * folded and have names such as `onnx::MatMul_42`, but the node is still named `/<path with slashes>/MatMul`. Weights that
 * were stored as halves and widened are `<path>.weight.float32`.
 */
function moduleOf({ name, opType }: Node, weight: string): string {
  const [, path] = /^(.+)\.weight(\.float32)?$/.exec(weight) ?? [];
  if (path !== undefined) return path;
  const parts = name.split('/').filter((part) => part !== '');
  if (parts.length > 1 && parts.at(-1)!.startsWith(opType)) return parts.slice(0, -1).join('.');
  return weight;
}

const namesIn = ({ graph }: Model): string[] => [
  ...[...graph.inputs, ...graph.initializers].map(({ name }) => name),
  ...graph.nodes.flatMap(({ outputs }) => outputs),
];
