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

/** Along a line: what each value is made of, pixels and their shares. */
export type LineStep = readonly (readonly (readonly [at: number, share: number])[])[];

/** A step from one size to the next: columns from columns, rows from rows. */
interface Step {
  readonly columns: LineStep;
  readonly rows: LineStep;
}

/** 8-bit RGB pixels as they are drawn, with their upper left corner on that of a device pixel. */
export function shownByBrowser(pixels: Readonly<Uint8Array>, from: Size, drawn: Drawn): Uint8Array {
  return stepsOf(from, drawn).reduce((picture, step) => stepped(picture, step), {
    pixels,
    width: from.width,
    height: from.height,
  } as Picture).pixels as Uint8Array;
}

/** The steps from a picture to its drawing; values are truncated to 8 bits after each. */
export function stepsOf(from: Size, { pixels: to, covered }: Drawn): readonly Step[] {
  const level = levelFor(from, covered);
  const steps: Step[] = [];
  let { width, height } = from;
  for (let i = 1; i < level; i++) {
    steps.push({ columns: halved(width), rows: halved(height) });
    [width, height] = [Math.max(1, width >> 1), Math.max(1, height >> 1)];
  }
  if (level > 0) {
    const [across, down] = [halvings(from.width, level), halvings(from.height, level)];
    steps.push({
      columns: bilinear(width, across, across, 256),
      rows: bilinear(height, down, down, 256),
    });
    [width, height] = [across, down];
  }
  steps.push({
    columns: bilinear(width, to.width, covered.width, STEPS),
    rows: bilinear(height, to.height, covered.height, STEPS),
  });
  return steps;
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

/** Two pixels become one, of an odd side each third one counts in two (weights 1, 2, 1). */
function halved(side: number): LineStep {
  const shares = side === 1 ? [1] : side % 2 === 0 ? [0.5, 0.5] : [0.25, 0.5, 0.25];
  return Array.from({ length: Math.max(1, side >> 1) }, (_, i) =>
    shares.map((share, k) => [2 * i + k, share] as const),
  );
}

/** For each of `to` device pixels: the two of `from` pixels, spread over `covered`, around it, in shares of 1/steps. */
function bilinear(from: number, to: number, covered: number, steps: number): LineStep {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * from) / covered - 0.5, 0), from - 1);
    const first = Math.floor(at);
    const share = Math.floor((at - first) * steps) / steps;
    return [
      [first, 1 - share],
      [Math.min(first + 1, from - 1), share],
    ] as const;
  });
}

/** Sums are exact: shares are multiples of a power of two. So rows may come before columns. */
function stepped({ pixels, width, height }: Picture, { columns, rows }: Step): Picture {
  const size = { width: columns.length, height: rows.length };
  const line = 3 * size.width;
  const wide = new Float32Array(line * height);
  for (const [x, parts] of columns.entries()) {
    for (const [at, share] of parts) {
      let [from, to] = [3 * at, 3 * x];
      for (let y = 0; y < height; y++, from += 3 * width, to += line) {
        wide[to] = wide[to]! + share * pixels[from]!;
        wide[to + 1] = wide[to + 1]! + share * pixels[from + 1]!;
        wide[to + 2] = wide[to + 2]! + share * pixels[from + 2]!;
      }
    }
  }
  const out = new Uint8Array(line * size.height);
  const sums = new Float32Array(line);
  for (let y = 0; y < size.height; y++) {
    sums.fill(0);
    for (const [at, share] of rows[y]!) {
      for (let i = 0; i < line; i++) sums[i]! += share * wide[at * line + i]!;
    }
    for (let i = 0; i < line; i++) out[y * line + i] = sums[i]!;
  }
  return { ...size, pixels: out };
}
