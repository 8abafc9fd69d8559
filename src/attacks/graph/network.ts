/** @file Images of any size through networks, as a graph: `throughNetwork`, window by window. */
import type { Size } from '../../image/image.ts';
import { type Window, windowSize, windowsOf } from '../../image/windows.ts';
import type { Value } from '../../onnx/operators.ts';
import type { GraphPicture, GraphScope } from '../../plugin/transformation.ts';
import { type Windowing, windowOptions } from '../parts/network.ts';

/** The nodes that replace window `index`, [n, 3, h, w] of 0..1. */
export type OfWindow = (part: Value, size: Size, index: number) => Value;

/** The image after `f` has replaced each window, clipped to 0..1 and not rounded. The graph contains `f` once per window. */
export function throughNetworkGraph(
  scope: GraphScope,
  picture: GraphPicture,
  windowing: Windowing,
  f: OfWindow,
): Value {
  const { g } = scope;
  const windows = windowsOf(picture, windowOptions(windowing));
  const parts = windows.map((window, i) => {
    const made = f(cutGraph(scope, picture, window), windowSize(window), i);
    return pasteGraph(scope, made, picture, window, windows.length === 1);
  });
  const whole = parts.reduce((sum, part) => g.Add(sum, part));
  // Not Clip: ONNX Runtime would replace a convolution between roundings and clips by one in 8 bits.
  return g.Max(g.Min(whole, g.scalar(1, whole)), g.scalar(0, whole));
}

/** A window, padded beyond the edges of the image by reflection. */
function cutGraph({ g }: GraphScope, picture: GraphPicture, { columns, rows }: Window): Value {
  const along = (value: Value, axis: number, n: number, pixels: Int32Array): Value => {
    const [from, length] = [pixels[0]!, pixels.length];
    if (from === 0 && length === n) return value;
    return from + length <= n
      ? g.Slice(value, [from], [from + length], [axis])
      : g.Gather(value, g.ints([...pixels]), axis);
  };
  return along(along(picture.value, 2, picture.height, rows.pixels), 3, picture.width, columns.pixels);
}

/** A window times its weights, in an image that is zero elsewhere; what lies beyond the edges is dropped. */
function pasteGraph(
  { g }: GraphScope,
  made: Value,
  { width, height }: Size,
  { columns, rows }: Window,
  alone: boolean,
): Value {
  const [left, top] = [columns.pixels[0]!, rows.pixels[0]!];
  const [across, down] = [
    Math.min(columns.pixels.length, width - left),
    Math.min(rows.pixels.length, height - top),
  ];
  const whole = across === columns.pixels.length && down === rows.pixels.length;
  const part = whole ? made : g.Slice(made, [0, 0], [down, across], [2, 3]);
  if (alone) return part;
  const weights = Float32Array.from(
    { length: down * across },
    (_, i) => rows.weights[Math.floor(i / across)]! * columns.weights[i % across]!,
  );
  const weighted = g.Mul(part, g.constant('float32', [down, across], weights));
  return g.Pad(weighted, [0, 0, top, left, 0, 0, height - top - down, width - left - across]);
}
