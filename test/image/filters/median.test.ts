import { expect, it } from 'vitest';
import { paddedIndices } from '../../../src/image/border.ts';
import { medianBytes } from '../../../src/image/filters/median.ts';
import { medianNetwork } from '../../../src/image/filters/median-network.ts';
import { seededRandom } from '../../../src/random.ts';

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

it.each([3, 9, 25, 49])('a network of minima and maxima finds the median of %d numbers', (n) => {
  const random = seededRandom(n);
  for (let trial = 0; trial < 200; trial++) {
    const values = Array.from({ length: n }, () => random.int(trial % 2 === 0 ? 4 : 256));
    const wires = [...values];
    for (const { low, high, keepsLow, keepsHigh } of medianNetwork(n)) {
      const pair = [wires[low]!, wires[high]!];
      // What is not kept is of no interest: anything may stand there.
      wires[low] = keepsLow ? Math.min(...pair) : Number.NaN;
      wires[high] = keepsHigh ? Math.max(...pair) : Number.NaN;
    }
    expect(wires[n >> 1]).toBe(middle(values));
  }
});

it.each<[size: number, channels: number, width: number]>([
  ...[1, 2, 3, 5, 6, 16, 19].flatMap((width) =>
    [1, 2, 3, 4].map((channels) => [3, channels, width] as [number, number, number]),
  ),
  [5, 1, 19],
  [7, 3, 19],
  [9, 3, 19],
  [11, 2, 19],
  [13, 3, 19],
  [15, 1, 19],
])(
  'a median filter of side %d, on %d channels of %d px, is the middle of those around',
  (size, channels, width) => {
    const random = seededRandom(size);
    const height = 14;
    const pixels = Uint8Array.from({ length: width * height * channels }, () => random.int(256));
    const xs = paddedIndices(width, size >> 1, 'replicate');
    const ys = paddedIndices(height, size >> 1, 'replicate');
    const expected = pixels.map((_, i) => {
      const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
      const columns = [...xs.subarray(x, x + size)];
      const around = [...ys.subarray(y, y + size)].flatMap((row) =>
        columns.map((column) => pixels[(row * width + column) * channels + (i % channels)]!),
      );
      return middle(around);
    });
    expect(medianBytes(pixels, { width, height, channels }, size)).toEqual(expected);
  },
);
