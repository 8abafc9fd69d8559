/**
 * @file Pictures as Chromium draws them at another size without a graphics card: bilinear between the four nearest
 * pixels, from a copy that was halved as often as it stays no smaller than what is drawn.
 *
 * Found by comparing captures of impulses and pictures, Chromium 156: shares are in steps of 1/16, values are
 * truncated, and halved copies round their sides up.
 */
import type { Size } from './image.ts';

/** Where on the screen a picture lands, in device px that need not be whole. */
export interface Drawn {
  /** The whole device pixels that the picture covers, from its upper left corner. */
  readonly pixels: Size;
  /** What the picture covers in full. */
  readonly covered: Size;
}

/** Steps of the share that the second of two pixels has: Skia's filter computes with four bits. */
const STEPS = 16;

/** 8-bit RGB pixels as they are drawn, with their upper left corner on that of a device pixel. */
export function shownByBrowser(
  pixels: Readonly<Uint8Array>,
  from: Size,
  { pixels: to, covered }: Drawn,
): Uint8Array {
  const size = { width: from.width, height: from.height };
  const level = levelFor(size, covered);
  const copy = level === 0 ? { pixels, ...size } : reduced({ pixels, ...size }, level);
  return bilinear(copy, to, covered, STEPS);
}

interface Picture extends Size {
  readonly pixels: Readonly<Uint8Array>;
}

const halvings = (side: number, level: number): number => Math.ceil(side / 2 ** level);

function levelFor({ width, height }: Size, to: Size): number {
  let level = 0;
  while (
    level < 14 &&
    halvings(width, level + 1) >= to.width &&
    halvings(height, level + 1) >= to.height &&
    (halvings(width, level) > 1 || halvings(height, level) > 1)
  )
    level++;
  return level;
}

/** The copy at `level`: averages down to the level above, then a bilinear step to sides that are rounded up. */
function reduced(picture: Picture, level: number): Picture {
  const size = { width: halvings(picture.width, level), height: halvings(picture.height, level) };
  let copy = picture;
  for (let i = 1; i < level; i++) copy = halved(copy);
  return { ...size, pixels: bilinear(copy, size, size, 256) };
}

/** Half the sides: two pixels become one, of an odd side each third one counts in two (weights 1, 2, 1). */
function halved({ pixels, width, height }: Picture): Picture {
  const columns = taps(width);
  const rows = taps(height);
  const to = { width: Math.max(1, width >> 1), height: Math.max(1, height >> 1) };
  const out = new Uint8Array(to.width * to.height * 3);
  for (let y = 0, at = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      for (let c = 0; c < 3; c++, at++) {
        let sum = 0;
        for (const [dy, v] of rows) {
          for (const [dx, u] of columns) {
            sum += u * v * pixels[((2 * y + dy) * width + 2 * x + dx) * 3 + c]!;
          }
        }
        out[at] = sum;
      }
    }
  }
  return { ...to, pixels: out };
}

const taps = (side: number): readonly (readonly [offset: number, weight: number])[] => {
  if (side === 1) return [[0, 1]];
  if (side % 2 === 0) {
    return [
      [0, 0.5],
      [1, 0.5],
    ];
  }
  return [
    [0, 0.25],
    [1, 0.5],
    [2, 0.25],
  ];
};

function bilinear(picture: Picture, to: Size, covered: Size, steps: number): Uint8Array {
  const { pixels, width, height } = picture;
  const out = new Uint8Array(to.width * to.height * 3);
  const columns = neighbours(width, to.width, covered.width, steps);
  const rows = neighbours(height, to.height, covered.height, steps);
  for (let y = 0, at = 0; y < to.height; y++) {
    const top = rows.first[y]! * width;
    const bottom = rows.second[y]! * width;
    const v = rows.share[y]!;
    for (let x = 0; x < to.width; x++) {
      const left = columns.first[x]!;
      const right = columns.second[x]!;
      const u = columns.share[x]!;
      for (let c = 0; c < 3; c++, at++) {
        const above = pixels[(top + left) * 3 + c]! * (1 - u) + pixels[(top + right) * 3 + c]! * u;
        const below = pixels[(bottom + left) * 3 + c]! * (1 - u) + pixels[(bottom + right) * 3 + c]! * u;
        out[at] = above * (1 - v) + below * v;
      }
    }
  }
  return out;
}

/** For each of `to` device pixels: the two of `from` pixels, spread over `covered`, around it; the second's share. */
function neighbours(from: number, to: number, covered: number, steps: number) {
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const share = new Float64Array(to);
  for (let i = 0; i < to; i++) {
    const at = Math.min(Math.max(((i + 0.5) * from) / covered - 0.5, 0), from - 1);
    first[i] = at;
    second[i] = Math.min(first[i]! + 1, from - 1);
    share[i] = Math.floor((at - first[i]!) * steps) / steps;
  }
  return { first, second, share };
}
