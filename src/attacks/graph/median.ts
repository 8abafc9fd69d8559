/** @file Median filter as a graph: shifted copies of the image through a network of minima and maxima. */
import { medianNetwork } from '../../image/filters/median-network.ts';
import { text } from '../../onnx/attributes.ts';
import type { Value } from '../../onnx/operators.ts';
import type { GraphPicture, GraphScope } from '../../plugin/transformation.ts';

/** The median of the `size` x `size` px around each pixel, channel by channel; edges replicated. */
export function medianGraph(
  { g }: GraphScope,
  { value, width, height }: GraphPicture,
  size: number,
): GraphPicture {
  const margin = [0, 0, size >> 1, size >> 1];
  const [padded] = g.emit('Pad', [value, g.ints([...margin, ...margin])], { mode: text('edge') });
  const wires: Value[] = Array.from({ length: size * size }, (_, k) => {
    const [x, y] = [k % size, Math.floor(k / size)];
    return g.Slice(padded!, [y, x], [y + height, x + width], [2, 3]);
  });
  for (const { low, high, keepsLow, keepsHigh } of medianNetwork(wires.length)) {
    const pair = [wires[low]!, wires[high]!] as const;
    if (keepsLow) wires[low] = g.Min(...pair);
    if (keepsHigh) wires[high] = g.Max(...pair);
  }
  return { value: wires[wires.length >> 1]!, width, height };
}
