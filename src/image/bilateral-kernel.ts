/**
 * @file The inner loops of the bilateral filter in WebAssembly, written for one size and one neighbourhood.
 *
 * Two pixels weigh each other alike, so each pair's weight is computed once: forward, from the upper of the two rows.
 * The weights of `radius + 1` rows stay in a ring until the lower row of their pairs has used them.
 */
import type { Size } from './image.ts';
import { type Code, f32x4, i32, i32x4, type Local, repeat, type Routine, sequence, v128 } from './wasm.ts';

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
 * The kernel's memory: the table, two pictures that the passes alternate between, the ring of weights. A picture's planes
 * have a margin that mirrors the picture, and columns that complete the last four pixels of a row.
 */
export interface Layout extends Size {
  readonly radius: number;
  /** Floats from row to row, from plane to plane, and from a plane's begin to its first pixel. */
  readonly stride: number;
  readonly plane: number;
  readonly origin: number;
  /** Where pictures and rows of the ring begin, and how much there is in all: bytes. */
  readonly pictures: readonly [number, number];
  readonly ring: readonly number[];
  readonly range: number;
  readonly bytes: number;
}

export function layoutOf({ width, height }: Size, radius: number, neighbours: number): Layout {
  const stride = 4 * Math.ceil((width + 2 * radius) / 4);
  const plane = stride * (height + 2 * radius);
  const picture = 4 * (3 * plane + radius + 4); // weights of the last row look beyond its end
  const table = 8 * (BINS + 1);
  const ring = table + 2 * picture;
  const row = 4 * stride * neighbours;
  return {
    width,
    height,
    radius,
    stride,
    plane,
    origin: radius * stride + radius,
    pictures: [table, table + picture],
    ring: Array.from({ length: radius + 1 }, (_, i) => ring + i * row),
    range: ring + (radius + 1) * row + 64, // sums of the last four pixels look beyond the ring's end
    bytes: ring + (radius + 1) * row + 96,
  };
}

/** Four lanes each of the smallest and the largest values of a picture, margin included. Parameter: the picture (bytes). */
export const rangeRoutine = ({ plane, range }: Layout): Routine => ({
  parameters: ['i32'],
  body: ({ parameters, local }) => {
    const from = parameters[0]!;
    const [quads, value, low, high] = [local('i32'), local('v128'), local('v128'), local('v128')];
    return sequence(
      low.set(v128.load(from.get, 0)),
      high.set(low.get),
      quads.set(i32.constant((3 * plane) / 4)),
      repeat(
        quads,
        sequence(
          value.set(v128.load(from.get, 0)),
          low.set(f32x4.min(low.get, value.get)),
          high.set(f32x4.max(high.get, value.get)),
          advance(from, 16),
        ),
      ),
      v128.store(i32.constant(range), 0, low.get),
      v128.store(i32.constant(range), 16, high.get),
    );
  },
});

/**
 * Weights of the pairs of one row, for all its columns: of each neighbour a line of `stride` floats. Parameters: the row
 * in the picture, the row in the ring (bytes), steps of the table for each grey level.
 */
export const weightRoutine = ({ stride, plane }: Layout, neighbours: readonly Neighbour[]): Routine => ({
  parameters: ['i32', 'i32', 'f32'],
  body: ({ parameters, local }) => {
    const [from, to, scale] = parameters as [Local, Local, Local];
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
      steps.set(f32x4.splat(scale.get)),
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
 * The means of one row; the pixel itself weighs 1. Parameters: its first pixel, that of the result, and the first pixel's
 * weights in the rows of the ring, the row's own first, then those above it (bytes).
 */
export const meanRoutine = (
  { width, radius, stride, plane }: Layout,
  neighbours: readonly Neighbour[],
): Routine => ({
  parameters: ['i32', 'i32', ...Array.from({ length: radius + 1 }, () => 'i32' as const)],
  body: ({ parameters, local }) => {
    const [from, to, ...ring] = parameters as [Local, Local, ...Local[]];
    const [quads, weight, total] = [local('i32'), local('v128'), local('v128')];
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
    return sequence(
      quads.set(i32.constant(Math.ceil(width / 4))),
      repeat(
        quads,
        sequence(
          ...channels.map(({ sum }) => sum.set(f32x4.constant(0))),
          total.set(f32x4.constant(0)),
          ...backward,
          ...forward,
          total.set(f32x4.div(f32x4.constant(1), f32x4.add(total.get, f32x4.constant(1)))),
          ...channels.map(({ at, sum }) => {
            const whole = f32x4.add(sum.get, v128.load(from.get, at + above));
            return v128.store(to.get, at, f32x4.mul(whole, total.get));
          }),
          ...[from, to, ...ring].map((pointer) => advance(pointer, 16)),
        ),
      ),
    );
  },
});

const advance = (pointer: Local, bytes: number): Code =>
  pointer.set(i32.add(pointer.get, i32.constant(bytes)));

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
