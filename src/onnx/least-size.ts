/**
 * @file Whether inputs are large enough for a graph's windows. Where a convolution or a pool slides over less than its window,
 * nothing is left; ONNX Runtime goes on with empty tensors until it divides by zero, which ends the process by a signal.
 */
import { constantType, inferNode, type ValueType } from './infer.ts';
import { typed } from './infer/type.ts';
import { type Model, type Node, opsetOf } from './model.ts';

/** The sizes of inputs by name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** Looks at shapes before they run. */
export interface SizeCheck {
  /** The first operator of which nothing is left for inputs of these shapes; undefined if there is none. */
  nothingLeft(shapes: Shapes): Node | undefined;
  /** The least side, in elements of the last two axes, with which something is left everywhere; undefined beyond 512. */
  leastSide(shapes: Shapes): number | undefined;
}

const WINDOWS = new Set(['AveragePool', 'Conv', 'FusedConv', 'LpPool', 'MaxPool', 'Resize', 'Upsample']);

/** The check of a model. It keeps the graph without its weights, and remembers the shapes that it was asked about. */
export function sizeCheck(model: Model): SizeCheck {
  const { nodes, inputs, initializers } = model.graph;
  const opset = opsetOf(model);
  const constants = new Map<string, ValueType>(initializers.map((each) => [each.name, constantType(each)]));
  const dtypes = new Map(inputs.map(({ name, dtype }) => [name, dtype]));
  const hasWindows = nodes.some(({ opType }) => WINDOWS.has(opType));
  const known = new Map<string, Node | undefined>();

  const look = (shapes: Shapes): Node | undefined => {
    const types = new Map(constants);
    for (const [name, dims] of Object.entries(shapes)) types.set(name, typed(dtypes.get(name), dims));
    const typeOf = (value: string): ValueType => types.get(value) ?? {};
    for (const node of nodes) {
      const outputs = inferNode(node, typeOf, opset);
      node.outputs.forEach((output, i) => {
        if (output !== '') types.set(output, outputs[i] ?? {});
      });
      if (WINDOWS.has(node.opType) && isEmpty(outputs[0]) && !isEmpty(typeOf(node.inputs[0] ?? '')))
        return node;
    }
    return undefined;
  };

  const nothingLeft = (shapes: Shapes): Node | undefined => {
    if (!hasWindows) return undefined;
    const key = JSON.stringify(Object.entries(shapes));
    if (!known.has(key)) known.set(key, look(shapes));
    return known.get(key);
  };

  return {
    nothingLeft,
    leastSide: (shapes) => {
      for (let side = 1; side <= 512; side++) if (look(widened(shapes, side)) === undefined) return side;
      return undefined;
    },
  };
}

const isEmpty = ({ shape = [] }: ValueType = {}): boolean =>
  shape.some((size) => typeof size === 'number' && size <= 0);

/** Images [n, c, h, w] whose sides are at least `side`. */
const widened = (shapes: Shapes, side: number): Shapes =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, dims]) => [
      name,
      dims.length === 4 ? [...dims.slice(0, 2), ...dims.slice(2).map((size) => Math.max(size, side))] : dims,
    ]),
  );
