/**
 * @file Bilateral filter as a graph: the image against shifted copies of itself, all at once. It needs memory: with
 * gradients about twenty planes for each neighbour and pass.
 */
import type { BilateralOptions } from '../../image/filters/bilateral.ts';
import { paddedIndices } from '../../image/border.ts';
import type { Size } from '../../image/image.ts';
import { text } from '../../onnx/attributes.ts';
import type { Value } from '../../onnx/operators.ts';
import type { GraphPicture, GraphScope } from '../../plugin/transformation.ts';

/** The filtered image, not rounded. Weights are exact; OpenCV interpolates them from a table. */
export function bilateralGraph(
  scope: GraphScope,
  { value, width, height }: GraphPicture,
  { diameter, sigmaColor, sigmaSpace, iterations = 1 }: BilateralOptions,
): Value {
  const { g } = scope;
  const radius = Math.max(1, diameter >> 1);
  const offsets = disc(radius);
  const shifts = shiftKernels(scope, offsets, radius);
  const spatial = offsets.map(({ dx, dy }) => (-0.5 * (dx * dx + dy * dy)) / sigmaSpace ** 2);
  const nearness = g.constant('float32', [offsets.length, 1, 1], spatial);
  const slope = g.scalar(-0.5 / (sigmaColor / 255) ** 2, value);
  let current = value;
  for (let pass = 0; pass < iterations; pass++) {
    const padded = reflected(scope, current, { width, height }, radius);
    const shifted = g.Conv(padded, shifts, { group: 3 });
    const neighbours = g.Reshape(shifted, [0, 3, offsets.length, height, width]);
    const difference = g.Sub(neighbours, g.Unsqueeze(current, [2]));
    const distance = g.ReduceSum(g.Abs(difference), [1]);
    const weights = g.Exp(g.Add(g.Mul(g.Mul(distance, distance), slope), nearness));
    const sum = g.ReduceSum(g.Mul(weights, neighbours), [2], { keepdims: false });
    const total = g.ReduceSum(weights, [2], { keepdims: false });
    current = g.Div(g.Add(sum, current), g.Add(total, g.scalar(1, value)));
  }
  return current;
}

interface Offset {
  readonly dx: number;
  readonly dy: number;
}

/** Kernels [3 offsets, 1, side, side] that pick one pixel each: of every channel its shifted copies. */
function shiftKernels({ g }: GraphScope, offsets: readonly Offset[], radius: number): Value {
  const side = 2 * radius + 1;
  const kernels = new Float32Array(3 * offsets.length * side * side);
  for (let c = 0; c < 3; c++) {
    offsets.forEach(({ dx, dy }, k) => {
      kernels[((c * offsets.length + k) * side + radius + dy) * side + radius + dx] = 1;
    });
  }
  return g.constant('float32', [3 * offsets.length, 1, side, side], kernels);
}

function disc(radius: number): Offset[] {
  const side = Array.from({ length: 2 * radius + 1 }, (_, i) => i - radius);
  return side
    .flatMap((dy) => side.map((dx) => ({ dx, dy })))
    .filter(({ dx, dy }) => dx * dx + dy * dy <= radius * radius && (dx !== 0 || dy !== 0));
}

/** The image with a margin that mirrors it without repeating the edge (101). */
function reflected({ g }: GraphScope, value: Value, { width, height }: Size, radius: number): Value {
  if (radius < Math.min(width, height)) {
    const margin = [0, 0, radius, radius];
    return g.emit('Pad', [value, g.ints([...margin, ...margin])], { mode: text('reflect') })[0]!;
  }
  const rows = g.ints([...paddedIndices(height, radius, 'reflect101')]);
  const columns = g.ints([...paddedIndices(width, radius, 'reflect101')]);
  return g.Gather(g.Gather(value, rows, 2), columns, 3);
}
