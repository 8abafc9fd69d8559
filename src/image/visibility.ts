/**
 * @file Where a change of pixels hides: textured areas, 1, against flat ones and lone lines, 0. A simple activity mask
 * after texture masking in just-noticeable-difference models (Chou and Li 1995): the local deviation of luma, and of that
 * the least in the neighbourhood, so that a line on flat ground does not open the ground beside it.
 */
import { paddedIndices } from './border.ts';
import { boxMean } from './box.ts';
import type { Image, Size } from './image.ts';

/** Pixels to each side over which the deviation of luma is taken. */
const LOCAL = 2;
/** Pixels to each side that have to be textured, too. */
const AROUND = 6;
/** The deviation of luma, 0..1, from which on an area hides everything. */
const TEXTURED = 10 / 255;

/** How well each pixel hides a change: [height, width] of 0..1. */
export function hidingPower(image: Image): Float32Array {
  const luma = lumaOf(image);
  const mean = boxMean(image, LOCAL);
  const means = mean(luma);
  const squares = mean(luma.map((v) => v * v));
  const activity = squares.map((square, i) =>
    Math.min(Math.sqrt(Math.max(square - means[i]! ** 2, 0)) / TEXTURED, 1),
  );
  // A soft edge of the mask is no edge in the picture.
  return boxMean(image, LOCAL)(leastAround(activity, image));
}

/** Rec. 601. */
function lumaOf({ data, width, height }: Image): Float32Array {
  return Float32Array.from(
    { length: width * height },
    (_, i) => 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!,
  );
}

/** The least value in the square around each one, along rows and then along columns. */
function leastAround(plane: Float32Array, { width, height }: Size): Float32Array {
  const rows = leastAlong(plane, { count: height, stride: width }, { count: width, stride: 1 });
  return leastAlong(rows, { count: width, stride: 1 }, { count: height, stride: width });
}

interface Axis {
  readonly count: number;
  readonly stride: number;
}

function leastAlong(plane: Float32Array, lines: Axis, along: Axis): Float32Array {
  const out = new Float32Array(plane.length);
  const at = paddedIndices(along.count, AROUND, 'reflect');
  for (let line = 0; line < lines.count; line++) {
    const start = line * lines.stride;
    for (let i = 0; i < along.count; i++) {
      let least = Number.POSITIVE_INFINITY;
      for (let k = 0; k <= 2 * AROUND; k++) {
        const value = plane[start + at[i + k]! * along.stride]!;
        if (value < least) least = value;
      }
      out[start + i * along.stride] = least;
    }
  }
  return out;
}
