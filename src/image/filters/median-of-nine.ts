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
import type { Routine, Variables } from '../../wasm/module.ts';
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

/** What a row is gone along with. */
interface Registers {
  readonly from: Local;
  readonly to: Local;
  readonly spare: Local;
  /** The columns of the sixteen bytes to the left, of those at `to`, and of those to the right. */
  readonly before: Sorted;
  readonly now: Sorted;
  readonly after: Sorted;
  readonly picked: Sorted;
}

const LANES = 16;

/** Parameters: band, thread. */
export const medianOfNineRoutine = (
  shape: Shape,
  { pitch, line, padded, result }: FlatLayout,
  bandRows: number,
): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const [first, rows, count] = [local('i32'), local('i32'), local('i32')];
    const registers = registersOf(local);
    const { from, to, before, now, after } = registers;
    const load = (target: Sorted, offset: number): Code => sortedColumns(registers, pitch, target, offset);
    const emit = sixteenMedians(registers, shape.channels);
    const last = line / LANES - 1;
    const { leftOf, completed, beyond } = edgesOf(shape, last);
    const rest = i32.sub(i32.constant(shape.height), first.get);
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
          leftOf(now, before),
          count.set(i32.constant(Math.max(0, last - 1))),
          repeatIfAny(count, sequence(load(after, LANES), emit)),
          ...(last === 0 ? [] : [load(after, LANES), completed(now, after), emit]),
          beyond(before, now, after),
          emit,
          advance(from, pitch - line),
        ),
      ),
    );
  },
});

function registersOf(local: Variables['local']): Registers {
  const columns = (): Sorted => [local('v128'), local('v128'), local('v128')];
  return {
    from: local('i32'),
    to: local('i32'),
    spare: local('v128'),
    before: columns(),
    now: columns(),
    after: columns(),
    picked: columns(),
  };
}

/** The columns of the sixteen bytes that lie `offset` behind `from`. */
function sortedColumns({ from, spare }: Registers, pitch: number, target: Sorted, offset: number): Code {
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
}

const assign = (target: Sorted, of: (k: number) => Code): Code =>
  sequence(...target.map((each, k) => each.set(of(k))));

/** Sixteen bytes out of the columns of two sixteens that lie side by side. */
const cut = ([a, b]: readonly [Sorted, Sorted], k: number, from: (lane: number) => number): Code =>
  v128.pickBytes(
    a[k]!.get,
    b[k]!.get,
    Array.from({ length: LANES }, (_, i) => from(i)),
  );

/** Sixteen medians, and on to the next. */
function sixteenMedians({ from, to, spare, before, now, after, picked }: Registers, channels: number): Code {
  const left = (k: number): Code => cut([before, now], k, (i) => LANES - channels + i);
  const right = (k: number): Code => cut([now, after], k, (i) => channels + i);
  const [a, b, c] = picked;
  const middleOf = (x: Local, y: Local, z: Code): Code =>
    sequence(spare.set(z), i8x16.max(i8x16.min(x.get, y.get), i8x16.min(i8x16.max(x.get, y.get), spare.get)));
  return sequence(
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
}

/**
 * What lies beyond the ends of a row, which repeat its first and last pixel. The last bytes of a row, in the sixteen number
 * `last`, and those after them come out of what lies before and in them.
 */
function edgesOf({ width, channels }: Shape, last: number) {
  const row = width * channels;
  const edge = (b: number): number => row - channels + (b % channels);
  const inTwo = (b: number): number => LANES + (b < row ? b : edge(b)) - LANES * last;
  return {
    leftOf: (now: Sorted, target: Sorted): Code =>
      assign(target, (k) => cut([now, now], k, (i) => Math.max(0, i - LANES + channels))),
    completed: (before: Sorted, target: Sorted): Code =>
      assign(target, (k) => cut([before, target], k, (i) => inTwo(LANES * last + i))),
    beyond: (before: Sorted, now: Sorted, target: Sorted): Code =>
      assign(target, (k) => cut([before, now], k, (i) => inTwo(LANES * (last + 1) + i))),
  };
}
