/**
 * @file The inner loops of the Gaussian blur in WebAssembly, written for one size and its weights.
 *
 * Rows are blurred into words in 1/256, columns of these into 1/65536. Words are stored less 32768, since products are of
 * signed numbers. The rows that a band of the result depends on lie in its thread's own memory.
 */
import { paddedIndices } from './border.ts';
import { type FlatLayout, flatLayout } from './flat-kernel.ts';
import type { Shape } from './image.ts';
import type { Routine } from './kernel.ts';
import {
  advance,
  type Code,
  call,
  i8x16,
  i16x8,
  i32,
  i32x4,
  type Local,
  repeat,
  sequence,
  v128,
} from './wasm.ts';

export interface BlurLayout extends FlatLayout {
  readonly bandRows: number;
  readonly bands: number;
  /** The row of the padded picture that stands for each position of a column, the first for -radius: 32-bit numbers. */
  readonly rows: number;
  /** Blurred rows of each thread. */
  readonly own: number;
  readonly ownBytes: number;
}

export function blurLayout(shape: Shape, radius: number, threads: number): BlurLayout {
  const flat = flatLayout(shape, radius, 0);
  const bandRows = Math.max(64, 4 * radius);
  const rows = 16 * Math.ceil(flat.bytes / 16);
  const own = rows + 16 * Math.ceil((shape.height + 2 * radius) / 4);
  const ownBytes = 2 * flat.line * (bandRows + 2 * radius);
  return {
    ...flat,
    bandRows,
    bands: Math.ceil(shape.height / bandRows),
    rows,
    own,
    ownBytes,
    bytes: own + threads * ownBytes,
  };
}

/** Writes the table of rows; edges mirror without repeating the edge pixel. */
export function fillRows(
  { height }: Shape,
  { radius, pitch, rows }: BlurLayout,
  memory: ArrayBufferLike,
): void {
  const table = new Int32Array(memory, rows, height + 2 * radius);
  table.set(paddedIndices(height, radius, 'reflect101').map((y) => y * pitch));
}

/** `weights` of the middle pixel and, one by one, of those further out; a band is done by `band(band, thread)`. */
export const blurRoutines = (shape: Shape, layout: BlurLayout, weights: ArrayLike<number>) => ({
  band: bandRoutine(shape, layout),
  row: rowRoutine(shape, layout, weights),
  column: columnRoutine(layout, weights),
});

const ROW = 1;
const COLUMN = 2;

const bandRoutine = ({ height }: Shape, layout: BlurLayout): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters: [band, thread], local }) => {
    const { bandRows, line, padded, result, radius, own, ownBytes } = layout;
    const [first, count, left] = [local('i32'), local('i32'), local('i32')];
    const [at, to, blurred] = [local('i32'), local('i32'), local('i32')];
    const rest = i32.sub(i32.constant(height), first.get);
    return sequence(
      first.set(i32.mul(band!.get, i32.constant(bandRows))),
      count.set(i32.select(rest, i32.constant(bandRows), i32.less(rest, i32.constant(bandRows)))),
      blurred.set(i32.add(i32.constant(own), i32.mul(thread!.get, i32.constant(ownBytes)))),
      at.set(i32.shl(first.get, i32.constant(2))),
      to.set(blurred.get),
      left.set(i32.add(count.get, i32.constant(2 * radius))),
      repeat(
        left,
        sequence(
          call(ROW, i32.add(i32.load(at.get, layout.rows), i32.constant(padded)), to.get),
          advance(at, 4),
          advance(to, 2 * line),
        ),
      ),
      to.set(i32.add(i32.constant(result), i32.mul(first.get, i32.constant(line)))),
      repeat(
        count,
        sequence(call(COLUMN, blurred.get, to.get), advance(blurred, 2 * line), advance(to, line)),
      ),
    );
  },
});

const SHIFTED = 32768;

/** Distances from the middle whose weight is not 0. */
const reachOf = (weights: ArrayLike<number>): readonly number[] =>
  Array.from({ length: weights.length - 1 }, (_, i) => i + 1).filter((j) => weights[j] !== 0);

/** Parameters: a padded row, the blurred row. */
const rowRoutine = (
  { channels }: Shape,
  { radius, line }: BlurLayout,
  weights: ArrayLike<number>,
): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const [from, to] = parameters as [Local, Local];
    const reach = reachOf(weights);
    const factors = new Map([0, ...reach].map((j) => [j, local('v128')]));
    const [count, shift, a, b] = [local('i32'), local('v128'), local('v128'), local('v128')];
    const halves = [i16x8.widen.low, i16x8.widen.high].map((widen) => ({ widen, sum: local('v128') }));
    const load = (j: number): Code => v128.load(from.get, (radius + j) * channels);
    return sequence(
      shift.set(i16x8.constant(-SHIFTED)),
      ...[...factors].map(([j, factor]) => factor.set(i16x8.constant(weights[j]!))),
      count.set(i32.constant(line / 16)),
      repeat(
        count,
        sequence(
          a.set(load(0)),
          ...halves.map(({ widen, sum }) =>
            sum.set(i16x8.add(shift.get, i16x8.mul(widen(a.get), factors.get(0)!.get))),
          ),
          ...reach.map((j) =>
            sequence(
              a.set(load(-j)),
              b.set(load(j)),
              ...halves.map(({ widen, sum }) => {
                const pair = i16x8.add(widen(a.get), widen(b.get));
                return sum.set(i16x8.add(sum.get, i16x8.mul(pair, factors.get(j)!.get)));
              }),
            ),
          ),
          ...halves.map(({ sum }, i) => v128.store(to.get, 16 * i, sum.get)),
          advance(from, 16),
          advance(to, 32),
        ),
      ),
    );
  },
});

const LOW = [0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23];
const HIGH = LOW.map((byte) => byte + 8);

/** Parameters: the first of the blurred rows, a row of the result. */
const columnRoutine = ({ radius, line }: BlurLayout, weights: ArrayLike<number>): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const [from, to] = parameters as [Local, Local];
    const reach = reachOf(weights);
    const pairs = new Map(reach.map((j) => [j, local('v128')]));
    const [count, middle, start] = [local('i32'), local('v128'), local('v128')];
    const [a, b] = [local('v128'), local('v128')];
    const sums = Array.from({ length: 4 }, () => local('v128'));
    const eight = (part: number): Code => {
      const [low, high] = [sums[2 * part]!, sums[2 * part + 1]!];
      const load = (j: number): Code => v128.load(from.get, 2 * line * (radius + j) + 16 * part);
      const add = (factor: Code): Code =>
        sequence(
          low.set(i32x4.add(low.get, i32x4.dot(v128.pickBytes(a.get, b.get, LOW), factor))),
          high.set(i32x4.add(high.get, i32x4.dot(v128.pickBytes(a.get, b.get, HIGH), factor))),
        );
      return sequence(
        low.set(start.get),
        high.set(start.get),
        a.set(load(0)),
        b.set(a.get),
        add(middle.get),
        ...reach.map((j) => sequence(a.set(load(-j)), b.set(load(j)), add(pairs.get(j)!.get))),
      );
    };
    const word = (part: number): Code =>
      i16x8.narrow(i32x4.shr(sums[2 * part]!.get, 16), i32x4.shr(sums[2 * part + 1]!.get, 16));
    return sequence(
      start.set(i32x4.constant(SHIFTED * 256 + 2 ** 15)), // what was taken off, and a half
      middle.set(i32x4.constant(weights[0]!)), // once: the other half of its pair is 0
      ...[...pairs].map(([j, pair]) => pair.set(i16x8.constant(weights[j]!))),
      count.set(i32.constant(line / 16)),
      repeat(
        count,
        sequence(
          eight(0),
          eight(1),
          v128.store(to.get, 0, i8x16.narrow(word(0), word(1))),
          advance(from, 32),
          advance(to, 16),
        ),
      ),
    );
  },
});
