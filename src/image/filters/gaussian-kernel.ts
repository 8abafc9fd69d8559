/**
 * @file The inner loops of the Gaussian blur in WebAssembly, written for one size and its weights.
 *
 * Columns are blurred into words in 1/256, a row of these into 1/65536: sums are exact, so that the order does not matter.
 * Words are stored less 32768, since products are of signed numbers. Only one row of them is kept for each thread, with the
 * margins that its edges are mirrored into: it never leaves the processor's innermost cache.
 */
import { paddedIndices } from '../border.ts';
import { type FlatLayout, rowsLayout } from './flat-kernel.ts';
import type { Shape } from '../image.ts';
import type { Routine } from '../../wasm/module.ts';
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
} from '../../wasm/assembler.ts';

export interface BlurLayout extends FlatLayout {
  readonly bandRows: number;
  readonly bands: number;
  /** The words of each thread, and how many of them lie before the first of a row. */
  readonly own: number;
  readonly ownBytes: number;
  readonly margin: number;
}

export function blurLayout(shape: Shape, radius: number, threads: number): BlurLayout {
  const flat = rowsLayout(shape, radius);
  const bandRows = 64;
  const own = 16 * Math.ceil(flat.bytes / 16);
  const margin = 8 * Math.ceil((radius * shape.channels) / 8);
  const ownBytes = 2 * (flat.line + 2 * margin);
  const bands = Math.ceil(shape.height / bandRows);
  return { ...flat, bandRows, bands, own, ownBytes, margin, bytes: own + threads * ownBytes };
}

/** `weights` of the middle pixel and, one by one, of those further out; a band is done by `band(band, thread)`. */
export const blurRoutines = (shape: Shape, layout: BlurLayout, weights: ArrayLike<number>) => ({
  band: bandRoutine(shape, layout),
  column: columnRoutine(layout, weights),
  margins: marginsRoutine(shape, layout),
  row: rowRoutine(shape, layout, weights),
});

const COLUMN = 1;
const MARGINS = 2;
const ROW = 3;

const bandRoutine = ({ height }: Shape, layout: BlurLayout): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters: [band, thread], local }) => {
    const { bandRows, line, pitch, padded, result, own, ownBytes, margin } = layout;
    const [first, count] = [local('i32'), local('i32')];
    const [from, to, words] = [local('i32'), local('i32'), local('i32')];
    const rest = i32.sub(i32.constant(height), first.get);
    return sequence(
      first.set(i32.mul(band!.get, i32.constant(bandRows))),
      count.set(i32.select(rest, i32.constant(bandRows), i32.less(rest, i32.constant(bandRows)))),
      words.set(i32.add(i32.constant(own + 2 * margin), i32.mul(thread!.get, i32.constant(ownBytes)))),
      from.set(i32.add(i32.constant(padded), i32.mul(first.get, i32.constant(pitch)))),
      to.set(i32.add(i32.constant(result), i32.mul(first.get, i32.constant(line)))),
      repeat(
        count,
        sequence(
          call(COLUMN, from.get, words.get),
          call(MARGINS, i32.sub(words.get, i32.constant(2 * margin))),
          call(ROW, i32.sub(words.get, i32.constant(2 * margin)), to.get),
          advance(from, pitch),
          advance(to, line),
        ),
      ),
    );
  },
});

const SHIFTED = 32768;

/** Distances from the middle whose weight is not 0. */
const reachOf = (weights: ArrayLike<number>): readonly number[] =>
  Array.from({ length: weights.length - 1 }, (_, i) => i + 1).filter((j) => weights[j] !== 0);

/** Parameters: the first of the padded rows that a row depends on, its words. */
const columnRoutine = ({ radius, pitch, line }: BlurLayout, weights: ArrayLike<number>): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const [from, to] = parameters as [Local, Local];
    const reach = reachOf(weights);
    const factors = new Map([0, ...reach].map((j) => [j, local('v128')]));
    const [count, shift] = [local('i32'), local('v128')];
    const eight = (part: number): Code => {
      const sum = local('v128');
      const load = (j: number): Code => i16x8.loadBytes(from.get, (radius + j) * pitch + 8 * part);
      const add = (words: Code, j: number): Code => i16x8.mul(words, factors.get(j)!.get);
      return sequence(
        sum.set(i16x8.add(shift.get, add(load(0), 0))),
        ...reach.map((j) => sum.set(i16x8.add(sum.get, add(i16x8.add(load(-j), load(j)), j)))),
        v128.store(to.get, 16 * part, sum.get),
      );
    };
    return sequence(
      shift.set(i16x8.constant(-SHIFTED)),
      ...[...factors].map(([j, factor]) => factor.set(i16x8.constant(weights[j]!))),
      count.set(i32.constant(line / 16)),
      repeat(count, sequence(eight(0), eight(1), advance(from, 16), advance(to, 32))),
    );
  },
});

/** Parameter: a thread's words, which the edges of their row are mirrored around, without repeating the edge pixel. */
const marginsRoutine = ({ width, channels }: Shape, { radius, margin, ownBytes }: BlurLayout): Routine => ({
  parameters: ['i32'],
  body: ({ parameters: [words] }) => {
    const at = (x: number, c: number): number => 2 * (margin + x * channels + c);
    const copies = [...paddedIndices(width, radius, 'reflect101')].flatMap((x, i) =>
      i >= radius && i < radius + width
        ? []
        : Array.from({ length: channels }, (_, c) => [at(x, c), at(i - radius, c)] as const),
    );
    return sequence(
      ...copies
        .filter(([, to]) => to < ownBytes)
        .map(([from, to]) => i32.store16(words!.get, to, i32.load16(words!.get, from))),
    );
  },
});

const LOW = [0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23];
const HIGH = LOW.map((byte) => byte + 8);

/** Parameters: a thread's words, a row of the result. */
const rowRoutine = (
  { channels }: Shape,
  { margin, line }: BlurLayout,
  weights: ArrayLike<number>,
): Routine => ({
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
      const load = (j: number): Code => v128.load(from.get, 2 * (margin + j * channels) + 16 * part);
      const dots = (factor: Code) => ({
        low: i32x4.dot(v128.pickBytes(a.get, b.get, LOW), factor),
        high: i32x4.dot(v128.pickBytes(a.get, b.get, HIGH), factor),
      });
      const add = ({ low: one, high: other }: ReturnType<typeof dots>, to: { low: Code; high: Code }): Code =>
        sequence(low.set(i32x4.add(to.low, one)), high.set(i32x4.add(to.high, other)));
      return sequence(
        a.set(load(0)),
        b.set(a.get),
        add(dots(middle.get), { low: start.get, high: start.get }),
        ...reach.map((j) =>
          sequence(
            a.set(load(-j)),
            b.set(load(j)),
            add(dots(pairs.get(j)!.get), { low: low.get, high: high.get }),
          ),
        ),
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
