/** @file A network under construction: a graph whose weights lie in a checkpoint, under the names that they have there. */
import { missingWeight, misshapenWeight, unusableWeight } from '../../messages/index.ts';
import { builtModel, type GraphBuilder, graphBuilder } from '../../onnx/builder.ts';
import { declaredType } from '../../onnx/infer.ts';
import type { DataType, Model, ValueInfo } from '../../onnx/model.ts';
import type { Value } from '../../onnx/operators.ts';
import { asStored, folderOf, type PlacedTensor, type Weights } from '../weights/weights.ts';

export type { Value } from '../../onnx/operators.ts';

/** The graph and its checkpoint. Layers are functions of it, of the path of their module, and of what they take. */
export interface Net {
  readonly g: GraphBuilder;
  /**
   * A weight as float32, of a shape that the network's configuration says. `from` is its name in the checkpoint, if that is
   * another. @throws MODEL if it is missing, or of another shape or type.
   */
  weight(name: string, dims: readonly number[], from?: string): Value;
  /** Whether the checkpoint has a tensor of that name. */
  has(name: string): boolean;
  /** The sizes of a value from axis `begin` to `end`, followed by `rest`: a shape to give to another value. */
  shape(x: Value, begin: number, end: number, rest: readonly number[]): Value;
  /** The size of a value along an axis, which must be known while building. */
  size(x: Value, axis: number): number;
}

/** The operator set that networks are written in: the first with LayerNormalization. */
const OPSET = 17;

const WIDE = new Set<DataType>(['float16', 'bfloat16', 'float64']);

/**
 * Builds a network: `build` gives values by the names of the outputs. Initializers have the names that their tensors have in
 * the checkpoint; what is stored in half precision is widened by a Cast to `<name>.float32`.
 */
export function network(
  name: string,
  weights: Weights,
  inputs: readonly ValueInfo[],
  build: (net: Net) => Readonly<Record<string, Value>>,
): Model {
  const g = graphBuilder({ opset: OPSET });
  for (const input of inputs) g.declare(input.name, declaredType(input));
  const folder = folderOf(weights.tensors.values()) ?? '.';
  const built = build(startNet(g, name, weights, folder));
  for (const [output, value] of Object.entries(built)) {
    g.append({
      name: `/${output}`,
      opType: 'Identity',
      domain: '',
      inputs: [value],
      outputs: [output],
      attributes: {},
    });
  }
  return builtModel(g, inputs, Object.keys(built), { name, folder });
}

function startNet(g: GraphBuilder, name: string, { source, tensors }: Weights, folder: string): Net {
  const known = new Map<string, Value>();
  const shapes = new Map<string, Value>();

  const found = (tensor: string, dims: readonly number[]): PlacedTensor => {
    const placed = tensors.get(tensor);
    if (placed === undefined) throw missingWeight(source, name, tensor, [...tensors.keys()]);
    if (placed.dims.join() !== dims.join()) throw misshapenWeight(source, tensor, dims, placed.dims);
    if (placed.dtype !== 'float32' && !WIDE.has(placed.dtype))
      throw unusableWeight(source, tensor, placed.dtype);
    return placed;
  };

  const weight: Net['weight'] = (path, dims, from = path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const placed = found(from, dims);
    const stored = g.weight(asStored(path, placed, folder));
    const value = placed.dtype === 'float32' ? stored : wide(g, stored, path);
    known.set(path, value);
    return value;
  };

  const shape: Net['shape'] = (x, begin, end, rest) => {
    const sizes = g.typeOf(x).shape?.slice(begin, end) ?? [];
    const key = JSON.stringify([...sizes, ...rest]);
    const before = shapes.get(key);
    if (before !== undefined) return before;
    const made = sizes.every((size) => typeof size === 'number')
      ? g.ints([...(sizes as number[]), ...rest])
      : g.Concat([g.Slice(g.Shape(x), [begin], [end], [0]), g.ints(rest)], 0);
    shapes.set(key, made);
    return made;
  };

  const size: Net['size'] = (x, axis) => {
    const known = g.typeOf(x).shape?.at(axis);
    if (typeof known !== 'number')
      throw new RangeError(`${name}: the size of '${x}' along axis ${axis} is unknown`);
    return known;
  };

  return { g, weight, has: (tensor) => tensors.has(tensor), shape, size };
}

/** A weight of half precision as float32, under a name that says so. */
function wide(g: GraphBuilder, stored: Value, path: string): Value {
  const output = g.fresh(`${path}.float32`);
  const to = { kind: 'int', value: 1 } as const;
  g.append({
    name: output,
    opType: 'Cast',
    domain: '',
    inputs: [stored],
    outputs: [output],
    attributes: { to },
  });
  return output;
}
