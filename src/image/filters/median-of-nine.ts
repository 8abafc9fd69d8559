/**
 * @file The median of 3 x 3 pixels: columns are sorted first, and neighbours share that work.
 *
 *   median = middle of (largest of the three smallest, middle of the three middles, smallest of the three largest)
 *
 * Sorted columns stay in registers from one sixteen bytes to the next; those to the left and right are cut out of two of them.
 * Source: Paeth, Median finding on a 3 x 3 grid (Graphics Gems, 1990).
 */
import type { FlatLayout } from './flat-kernel.ts';
import type { Shape } from '../image.ts';
import type { Routine } from '../../wasm/module.ts';
import {
  advance,
  type Code,
  i8x16,
  i32,
  type Local,
  repeat,
  repeatIfAny,
  sequence,
  v128,
} from '../../wasm/assembler.ts';

/** Three bytes of a column, the smallest first, for sixteen columns. */
type Sorted = readonly [Local, Local, Local];

const LANES = 16;
const lanes = (from: (lane: number) => number): number[] => Array.from({ length: LANES }, (_, i) => from(i));

/** Parameters: band, thread. */
export const medianOfNineRoutine = (
  { width, height, channels }: Shape,
  { pitch, line, padded, result }: FlatLayout,
  bandRows: number,
): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const [first, rows, count] = [local('i32'), local('i32'), local('i32')];
    const [from, to, spare] = [local('i32'), local('i32'), local('v128')];
    const columns = (): Sorted => [local('v128'), local('v128'), local('v128')];
    const [before, now, after] = [columns(), columns(), columns()];
    const assign = (target: Sorted, of: (k: number) => Code): Code =>
      sequence(...target.map((each, k) => each.set(of(k))));

    /** The columns of the sixteen bytes at `from`. */
    const load = (target: Sorted, offset: number): Code => {
      const [low, middle, high] = target;
      const row = (k: number): Code => v128.load(from.get, k * pitch + offset);
      return sequence(
        low.set(row(0)),
        middle.set(row(1)),
        spare.set(i8x16.min(low.get, middle.get)),
        high.set(i8x16.max(low.get, middle.get)),
        middle.set(row(2)),
        low.set(i8x16.min(spare.get, middle.get)),
        middle.set(i8x16.max(spare.get, middle.get)),
        spare.set(i8x16.min(middle.get, high.get)),
        high.set(i8x16.max(middle.get, high.get)),
        middle.set(spare.get),
      );
    };
    const left = (k: number): Code =>
      v128.pickBytes(
        before[k]!.get,
        now[k]!.get,
        lanes((i) => LANES - channels + i),
      );
    const right = (k: number): Code =>
      v128.pickBytes(
        now[k]!.get,
        after[k]!.get,
        lanes((i) => channels + i),
      );
    const [a, b, c] = [local('v128'), local('v128'), local('v128')];
    const middleOf = (x: Local, y: Local, z: Code): Code =>
      sequence(
        spare.set(z),
        i8x16.max(i8x16.min(x.get, y.get), i8x16.min(i8x16.max(x.get, y.get), spare.get)),
      );
    /** Sixteen medians, and on to the next. */
    const emit = sequence(
      a.set(left(1)),
      b.set(right(1)),
      c.set(middleOf(a, b, now[1].get)),
      a.set(i8x16.max(i8x16.max(left(0), now[0].get), right(0))),
      b.set(i8x16.min(i8x16.min(left(2), now[2].get), right(2))),
      v128.store(to.get, 0, middleOf(a, b, c.get)),
      assign(before, (k) => now[k]!.get),
      assign(now, (k) => after[k]!.get),
      advance(from, LANES),
      advance(to, LANES),
    );

    // The last bytes of a row, and those beyond it, which repeat its last pixel; both out of what lies before and in them.
    const row = width * channels;
    const last = line / LANES - 1;
    const edge = (b: number): number => row - channels + (b % channels);
    const inTwo = (b: number): number => LANES + (b < row ? b : edge(b)) - LANES * last;
    const completed = (previous: Sorted, target: Sorted): Code =>
      assign(target, (k) =>
        v128.pickBytes(
          previous[k]!.get,
          target[k]!.get,
          lanes((i) => inTwo(LANES * last + i)),
        ),
      );
    const beyond = assign(after, (k) =>
      v128.pickBytes(
        before[k]!.get,
        now[k]!.get,
        lanes((i) => inTwo(LANES * (last + 1) + i)),
      ),
    );
    const start = assign(before, (k) =>
      v128.pickBytes(
        now[k]!.get,
        now[k]!.get,
        lanes((i) => Math.max(0, i - LANES + channels)),
      ),
    );
    const rest = i32.sub(i32.constant(height), first.get);
    return sequence(
      first.set(i32.mul(parameters[0]!.get, i32.constant(bandRows))),
      from.set(i32.add(i32.constant(padded), i32.mul(first.get, i32.constant(pitch)))),
      to.set(i32.add(i32.constant(result), i32.mul(first.get, i32.constant(line)))),
      rows.set(i32.select(rest, i32.constant(bandRows), i32.less(rest, i32.constant(bandRows)))),
      repeat(
        rows,
        sequence(
          load(now, 0),
          ...(last === 0 ? [completed(now, now)] : []),
          start,
          count.set(i32.constant(Math.max(0, last - 1))),
          repeatIfAny(count, sequence(load(after, LANES), emit)),
          ...(last === 0 ? [] : [load(after, LANES), completed(now, after), emit]),
          beyond,
          emit,
          advance(from, pitch - line),
        ),
      ),
    );
  },
});
