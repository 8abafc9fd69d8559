/** @file Where the guided filter keeps its pictures, sums and fits in memory, and the tables of what edges reflect. */
import { paddedIndices } from '../border.ts';
import type { Size } from '../image.ts';

/** Bytes of an interleaved pixel of floats. */
export const PIXEL = 12;
/** Bytes of a vector of four doubles in the sums. */
export const SUM = 32;
/** Bytes of three vectors of floats in windows and fits. */
export const FIT = 48;

/** Where things stand in the kernel's memory: bytes. */
export interface GuidedLayout extends Size {
  readonly radius: number;
  /** How many rows a thread takes at a time, and how many times it does so. */
  readonly bandRows: number;
  readonly bands: number;
  /** The row that stands for each position of a padded column, the first for -radius: 32-bit numbers. */
  readonly rows: number;
  /** Pairs of 32-bit numbers: sums in a margin, and the sums that they mirror. */
  readonly margins: number;
  /** Interleaved floats. */
  readonly guide: number;
  readonly values: number;
  readonly result: number;
  /** Three vectors a pixel: a column of the inverse covariance and a mean of the guide each. */
  readonly windows: number;
  /** For each thread: sums of either filter, and the ring. */
  readonly own: number;
  readonly ownBytes: number;
  readonly sums: number;
  readonly ringRows: number;
  readonly bytes: number;
}

/** Windows reach over the edges of a band, where everything is done twice: bands are much higher than windows. */
const bandRowsOf = (radius: number): number => Math.max(96, 16 * radius);

export function guidedLayout({ width, height }: Size, radius: number, threads: number): GuidedLayout {
  const bandRows = bandRowsOf(radius);
  const plane = PIXEL * width * height + 16; // the last pixel is read as four floats
  const sums = 3 * SUM * (width + 2 * radius);
  const ringRows = Math.min(height, 2 * radius + 2);
  const margins = 16 * Math.ceil((height + 2 * radius) / 4);
  const guide = margins + 16 * radius;
  const windows = guide + 16 * Math.ceil((3 * plane) / 16);
  const own = windows + FIT * width * height;
  const ownBytes = 2 * sums + ringRows * FIT * width;
  return {
    width,
    height,
    radius,
    bandRows,
    bands: Math.ceil(height / bandRows),
    rows: 0,
    margins,
    guide,
    values: guide + plane,
    result: guide + 2 * plane,
    windows,
    own,
    ownBytes,
    sums,
    ringRows,
    bytes: own + threads * ownBytes,
  };
}

/** Writes the tables of rows and margins; edges reflect. */
export function fillTables(
  { width, height, radius, rows, margins }: GuidedLayout,
  memory: ArrayBufferLike,
): void {
  new Int32Array(memory, rows, height + 2 * radius).set(paddedIndices(height, radius, 'reflect'));
  const pairs = new Int32Array(memory, margins, 4 * radius);
  const mirrored = paddedIndices(width, radius, 'reflect');
  for (let i = 0; i < 2 * radius; i++) {
    const at = i < radius ? i : width + i;
    pairs[2 * i] = SUM * at;
    pairs[2 * i + 1] = SUM * (radius + mirrored[at]!);
  }
}
