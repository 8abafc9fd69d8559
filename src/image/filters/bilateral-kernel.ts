/**
 * @file The inner loops of the bilateral filter in WebAssembly, written for one size and one neighbourhood.
 *
 * Two pixels weigh each other alike, so each pair's weight is computed once: forward, from the upper of the two rows.
 * The weights of `radius + 1` rows stay in a ring until the lower row of their pairs has used them.
 */
import type { Size } from '../image.ts';
import type { Routine } from '../../wasm/module.ts';
import {
  advance,
  type Code,
  call,
  f32x4,
  i32,
  i32x4,
  type Local,
  repeat,
  repeatIfAny,
  sequence,
  v128,
} from '../../wasm/assembler.ts';

/** Entries of OpenCV's table of weights over colour. */
export const BINS = 4096 * 3;

/** A pixel of one half of the disc; the other half is its mirror image and has the same weights. */
export interface Neighbour {
  readonly dx: number;
  readonly dy: number;
  /** The weight over distance. */
  readonly weight: number;
}

/** The half of a disc that is below or right of its centre, row by row. */
export function halfDisc(radius: number, sigmaSpace: number): Neighbour[] {
  const disc: Neighbour[] = [];
  for (let dy = 0; dy <= radius; dy++) {
    for (let dx = dy === 0 ? 1 : -radius; dx <= radius; dx++) {
      const squared = dx * dx + dy * dy;
      if (squared > radius * radius) continue;
      disc.push({ dx, dy, weight: Math.fround(Math.exp((-0.5 * squared) / sigmaSpace ** 2)) });
    }
  }
  return disc;
}

/**
 * The kernel's memory: the table, two pictures that the passes alternate between, rings of weights. A picture's planes
 * have a margin that mirrors the picture, and columns that complete the last four pixels of a row.
 */
export interface Layout extends Size {
  readonly radius: number;
  /** How many rows a thread takes at a time, and how many times it does so. */
  readonly bandRows: number;
  readonly bands: number;
  /** Floats from row to row, from plane to plane, and from a plane's begin to its first pixel. */
  readonly stride: number;
  readonly plane: number;
  readonly origin: number;
  /** Where pictures begin: bytes. */
  readonly pictures: readonly [number, number];
  /** Four times the steps of the table for each grey level. */
  readonly steps: number;
  /** For each band four lanes of smallest and of largest values. */
  readonly range: number;
  /** Where the rings of the threads begin, and how many bytes one of them, and one row of it, takes. */
  readonly rings: number;
  readonly ring: number;
  readonly ringRow: number;
  readonly bytes: number;
}

/** Rows that threads take at a time: the more, the fewer weights are computed twice. */
const BAND_ROWS = 32;

export function layoutOf(
  { width, height }: Size,
  radius: number,
  neighbours: number,
  threads: number,
): Layout {
  const bandRows = threads === 1 ? height : Math.max(BAND_ROWS, 4 * radius);
  const bands = Math.ceil(height / bandRows);
  const stride = 4 * Math.ceil((width + 2 * radius) / 4);
  const plane = stride * (height + 2 * radius);
  const picture = 4 * (3 * plane + radius + 4); // weights of the last row look beyond its end
  const table = 8 * (BINS + 1);
  const steps = table + 2 * picture;
  const range = steps + 16;
  const rings = range + 32 * bands;
  const ringRow = 4 * stride * neighbours;
  const ring = (radius + 1) * ringRow + 96; // sums of the last four pixels look beyond its end
  return {
    width,
    height,
    radius,
    bandRows,
    bands,
    stride,
    plane,
    origin: radius * stride + radius,
    pictures: [table, table + picture],
    steps,
    range,
    rings,
    ring,
    ringRow,
    bytes: rings + threads * ring,
  };
}

/**
 * One pass over a band: weights row by row, and as soon as a row has all of its own, its means. Parameters: the band, the
 * thread, the picture and the result (bytes). It is the first of the module's functions, `weights` and `means` follow.
 */
export const passRoutine = (layout: Layout): Routine => ({
  parameters: ['i32', 'i32', 'i32', 'i32'],
  body: ({ parameters, local }) => {
    const [band, thread, from, to] = parameters as [Local, Local, Local, Local];
    const { height, radius, bandRows, stride, origin, rings, ringRow } = layout;
    const [rows, first, range] = [local('i32'), local('i32'), local('i32')];
    const [upper, last] = [local('i32'), local('i32')];
    const ring = Array.from({ length: radius + 1 }, () => local('i32'));
    const skipped = i32.mul(first.get, i32.constant(4 * stride));
    const turn = sequence(
      last.set(ring[radius]!.get),
      ...ring.slice(1).map((_, i) => ring[radius - i]!.set(ring[radius - i - 1]!.get)),
      ring[0]!.set(last.get),
      call(1, from.get, ring[0]!.get),
    );
    const left = i32.sub(i32.constant(height), first.get);
    return sequence(
      first.set(i32.mul(band.get, i32.constant(bandRows))),
      range.set(i32.add(i32.constant(layout.range), i32.shl(band.get, i32.constant(5)))),
      from.set(i32.add(from.get, skipped)),
      upper.set(from.get),
      to.set(i32.add(to.get, i32.add(i32.constant(4 * origin), skipped))),
      ...ring.map((row, i) =>
        row.set(i32.add(i32.constant(rings + i * ringRow), i32.mul(thread.get, i32.constant(layout.ring)))),
      ),
      v128.store(range.get, 0, f32x4.constant(Number.POSITIVE_INFINITY)),
      v128.store(range.get, 16, f32x4.constant(Number.NEGATIVE_INFINITY)),
      rows.set(i32.constant(radius)),
      repeat(rows, sequence(turn, advance(from, 4 * stride))),
      rows.set(i32.select(left, i32.constant(bandRows), i32.less(left, i32.constant(bandRows)))),
      repeat(
        rows,
        sequence(
          turn,
          call(2, upper.get, to.get, range.get, ...ring.map(({ get }) => get)),
          advance(from, 4 * stride),
          advance(upper, 4 * stride),
          advance(to, 4 * stride),
        ),
      ),
    );
  },
});

/**
 * Weights of the pairs of one row, for all its columns: of each neighbour a line of `stride` floats. Parameters: the row
 * in the picture, the row in the ring (bytes).
 */
export const weightRoutine = (layout: Layout, neighbours: readonly Neighbour[]): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const [from, to] = parameters as [Local, Local];
    const { stride, plane } = layout;
    const quads = local('i32');
    const steps = local('v128');
    const scratch = { position: local('v128'), cell: local('v128'), low: local('v128'), high: local('v128') };
    const channels = [0, 1, 2].map((c) => ({ at: 4 * c * plane, centre: local('v128') }));
    const one = ({ dx, dy, weight }: Neighbour, k: number): Code => {
      const near = channels.map(({ at, centre }) =>
        f32x4.abs(f32x4.sub(centre.get, v128.load(from.get, at + 4 * (dy * stride + dx)))),
      );
      const distance = near.reduce((a, b) => f32x4.add(a, b));
      const colour = interpolated(f32x4.mul(distance, steps.get), scratch);
      return v128.store(to.get, 4 * k * stride, f32x4.mul(f32x4.constant(weight), colour));
    };
    return sequence(
      steps.set(v128.load(i32.constant(layout.steps), 0)),
      quads.set(i32.constant(stride / 4)),
      repeat(
        quads,
        sequence(
          ...channels.map(({ at, centre }) => centre.set(v128.load(from.get, at))),
          ...neighbours.map(one),
          advance(from, 16),
          advance(to, 16),
        ),
      ),
    );
  },
});

/**
 * The means of one row; the pixel itself weighs 1. Parameters: its first pixel, that of the result, where smallest and
 * largest values of the band are kept, and the first pixel's weights in the rows of the ring, the row's own first, then those above it
 * (bytes). A last group of fewer than four pixels is left out of smallest and largest.
 */
export const meanRoutine = (
  { width, radius, stride, plane }: Layout,
  neighbours: readonly Neighbour[],
): Routine => ({
  parameters: ['i32', 'i32', 'i32', ...Array.from({ length: radius + 1 }, () => 'i32' as const)],
  body: ({ parameters, local }) => {
    const [from, to, range, ...ring] = parameters as [Local, Local, Local, ...Local[]];
    const [quads, weight, total] = [local('i32'), local('v128'), local('v128')];
    const [low, high, result] = [local('v128'), local('v128'), local('v128')];
    const channels = [0, 1, 2].map((c) => ({ at: 4 * c * plane, sum: local('v128') }));
    const add = (weights: Code, offset: number): Code =>
      sequence(
        weight.set(weights),
        ...channels.map(({ at, sum }) =>
          sum.set(f32x4.add(sum.get, f32x4.mul(weight.get, v128.load(from.get, at + offset)))),
        ),
        total.set(f32x4.add(total.get, weight.get)),
      );
    const lines = neighbours.map((neighbour, k) => ({ ...neighbour, line: 4 * k * stride }));
    // An address is not negative before its constant part is added: pointers begin so much to the left and above.
    const above = 4 * (radius * stride + radius);
    const backward = lines
      .toReversed()
      .map(({ dx, dy, line }) =>
        add(v128.load(ring[dy]!.get, line + 4 * (radius - dx)), above - 4 * (dy * stride + dx)),
      );
    const forward = lines.map(({ dx, dy, line }) =>
      add(v128.load(ring[0]!.get, line + 4 * radius), above + 4 * (dy * stride + dx)),
    );
    const four = (measured: boolean): Code =>
      sequence(
        ...channels.map(({ sum }) => sum.set(f32x4.constant(0))),
        total.set(f32x4.constant(0)),
        ...backward,
        ...forward,
        total.set(f32x4.div(f32x4.constant(1), f32x4.add(total.get, f32x4.constant(1)))),
        ...channels.map(({ at, sum }) => {
          const whole = f32x4.add(sum.get, v128.load(from.get, at + above));
          return sequence(
            result.set(f32x4.mul(whole, total.get)),
            v128.store(to.get, at, result.get),
            ...(measured ? [low.set(f32x4.min(low.get, result.get))] : []),
            ...(measured ? [high.set(f32x4.max(high.get, result.get))] : []),
          );
        }),
        ...[from, to, ...ring].map((pointer) => advance(pointer, 16)),
      );
    return sequence(
      low.set(v128.load(range.get, 0)),
      high.set(v128.load(range.get, 16)),
      quads.set(i32.constant(width >> 2)),
      repeatIfAny(quads, four(true)),
      v128.store(range.get, 0, low.get),
      v128.store(range.get, 16, high.get),
      width % 4 === 0 ? [] : four(false),
    );
  },
});

/** The table at a position: a linear interpolation between the pair of entries that stands in its cell. */
function interpolated(
  at: Code,
  { position, cell, low, high }: Readonly<Record<'position' | 'cell' | 'low' | 'high', Local>>,
): Code {
  // A whole number below 2^23 stands in the last bits of itself + 2^23.
  const index = v128.and(f32x4.add(cell.get, f32x4.constant(2 ** 23)), i32x4.constant(0x7fffff));
  const pair = (first: number): Code => {
    const [one, other] = [i32x4.lane(cell.get, first), i32x4.lane(cell.get, first + 1)];
    return v128.loadHalf(other, 0, v128.loadHalf(one, 0));
  };
  const entries = v128.pick(low.get, high.get, [0, 2, 4, 6]);
  const next = v128.pick(low.get, high.get, [1, 3, 5, 7]);
  return sequence(
    position.set(at),
    cell.set(f32x4.floor(position.get)),
    position.set(f32x4.sub(position.get, cell.get)),
    cell.set(i32x4.shl(index, 3)),
    low.set(pair(0)),
    high.set(pair(2)),
    f32x4.add(f32x4.mul(next, position.get), f32x4.mul(entries, f32x4.sub(f32x4.constant(1), position.get))),
  );
}
