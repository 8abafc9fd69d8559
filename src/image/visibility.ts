/**
 * @file Where a change of pixels hides: textured areas, 1, against flat ones and lone lines, 0. A simple activity mask
 * after texture masking in just-noticeable-difference models (Chou and Li 1995): the local deviation of luma, and of that
 * the least in the neighbourhood, so that a line on flat ground does not open the ground beside it. From it, how visible a change is where, and its map.
 */
import { paddedIndices } from './border.ts';
import { boxMean } from './filters/box.ts';
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

/**
 * How visible a change is where, in 1/255: [height, width] of the largest |a - b| of the three channels, times what the
 * reference does not hide.
 */
function visibleChange(image: Image, reference: Image): Float32Array {
  const hidden = hidingPower(reference);
  const change = (at: number): number => Math.abs(image.data[at]! - reference.data[at]!);
  return hidden.map(
    (share, i) => 255 * Math.max(change(3 * i), change(3 * i + 1), change(3 * i + 2)) * (1 - share),
  );
}

/** The visible change, in 1/255, that is drawn at full strength. */
const FULL = 16;
/** What the reference keeps of its light beneath the map, so that one sees where a change is. */
const BENEATH = 0.35;
/** What the map is drawn in: orange, since few pictures have it that pure. */
const GLOW = [1, 0.55, 0.1] as const;

/**
 * Where a change shows, over the reference in dimmed grey: nothing where texture hides it, orange all through where 16/255
 * of it are visible. The picture and its reference are of one size.
 */
export function visibilityMap(image: Image, reference: Image): Image {
  const luma = lumaOf(reference);
  const visible = visibleChange(image, reference);
  const data = Float32Array.from({ length: 3 * luma.length }, (_, at) => {
    const i = Math.floor(at / 3);
    const strength = Math.min(visible[i]! / FULL, 1);
    return (1 - strength) * BENEATH * luma[i]! + strength * GLOW[at % 3]!;
  });
  return { width: reference.width, height: reference.height, data };
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
