/** @file What one run of a graph costs: multiplications and the bytes of what it computes, counted from shapes alone. */
import { inferTypes } from './infer.ts';
import { type Model, opsetOf } from './model.ts';

export interface GraphCost {
  /** Those of convolutions and matrix products; everything else is small in comparison. */
  readonly multiplications: number;
  /** Bytes of every value that is computed on the way: about what a gradient holds, and far more than a forward pass does. */
  readonly activationBytes: number;
}

/** The cost with inputs of some sizes. @returns undefined if a product's size cannot be told without running it */
export function graphCost(
  { graph, ...model }: Model,
  sizes: Readonly<Record<string, readonly number[]>>,
): GraphCost | undefined {
  const inputs = graph.inputs.map((input) => ({ ...input, shape: sizes[input.name] ?? input.shape }));
  const types = inferTypes({ ...graph, inputs }, opsetOf({ graph, ...model }));
  const sizeOf = (value: string | undefined): readonly number[] | undefined => {
    const shape = types.get(value ?? '')?.shape;
    return shape?.every((size) => typeof size === 'number') ? (shape as number[]) : undefined;
  };
  let multiplications = 0;
  let activationBytes = 0;
  for (const { opType, inputs: given, outputs } of graph.nodes) {
    const made = sizeOf(outputs[0]);
    activationBytes += 4 * product(made ?? []);
    if (!PRODUCTS.has(opType)) continue;
    const [a, b] = [sizeOf(given[0]), sizeOf(given[1])];
    if (made === undefined || a === undefined || b === undefined) return undefined;
    // A transposed convolution multiplies each value of its input with a window, the others sum for each of the output.
    if (opType === 'ConvTranspose') multiplications += product(a) * product(b.slice(1));
    else multiplications += product(made) * (opType === 'Conv' ? product(b.slice(1)) : a.at(-1)!);
  }
  return { multiplications, activationBytes };
}

const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm']);

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);
