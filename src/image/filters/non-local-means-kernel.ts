/**
 * @file The inner loops of non-local means in WebAssembly, written for one size and its windows.
 *
 * For each offset within the search window, over a band of rows: sums of squared differences slide down columns, patches
 * are sums of neighbouring columns, their weights come from a table and are added up, as are the pixels that they weigh.
 */
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
  repeatIfAny,
  sequence,
  v128,
  when,
} from '../../wasm/assembler.ts';

/** Where things stand in the kernel's memory: bytes. */
export interface MeansLayout extends Shape {
  readonly patch: number;
  readonly reach: number;
  readonly bandRows: number;
  readonly bands: number;
  /** Bytes from row to row of the padded picture. */
  readonly pitch: number;
  readonly padded: number;
  /** Weights by distance, shifted right; the last one is 0. */
  readonly table: number;
  readonly entries: number;
  readonly shift: number;
  /** Sums of weights and, `plane` bytes further for each channel, of weighed pixels: 32-bit numbers, `columns` a row. */
  readonly totals: number;
  readonly columns: number;
  readonly plane: number;
  /** Sums of columns, of each thread. */
  readonly sums: number;
  readonly sumsBytes: number;
  readonly bytes: number;
}

const BAND_ROWS = 64;

export function meansLayout(
  { width, height, channels }: Shape,
  {
    patch,
    reach,
    entries,
    shift,
    threads,
  }: Record<'patch' | 'reach' | 'entries' | 'shift' | 'threads', number>,
): MeansLayout {
  const border = patch + reach;
  const columns = 16 * Math.ceil(width / 16);
  const pitch = 16 * Math.ceil(((width + 2 * border) * channels + 48) / 16); // rows are read in sixteens
  const table = pitch * (height + 2 * border + 1);
  const totals = table + 16 * Math.ceil(entries / 4);
  const plane = 4 * columns * height;
  const sums = totals + (1 + channels) * plane;
  const sumsBytes = 4 * 16 * Math.ceil((columns + 2 * patch + 16) / 16);
  return {
    width,
    height,
    channels,
    patch,
    reach,
    bandRows: BAND_ROWS,
    bands: Math.ceil(height / BAND_ROWS),
    pitch,
    padded: 0,
    table,
    entries,
    shift,
    totals,
    columns,
    plane,
    sums,
    sumsBytes,
    bytes: sums + threads * sumsBytes,
  };
}

export const meansRoutines = (layout: MeansLayout) => ({
  band: bandRoutine(layout),
  add: slideRoutine(layout, false),
  slide: slideRoutine(layout, true),
  weigh: weighRoutine(layout),
});

const ADD = 1;
const SLIDE = 2;
const WEIGH = 3;

/** Parameters: band, thread. */
const bandRoutine = (layout: MeansLayout): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const [band, thread] = parameters as [Local, Local];
    const { height, channels, patch, reach, bandRows, pitch, padded, columns } = layout;
    const [first, rows, sums] = [local('i32'), local('i32'), local('i32')];
    const [across, down, offset] = [local('i32'), local('i32'), local('i32')];
    const [entering, leaving, pixels] = [local('i32'), local('i32'), local('i32')];
    const [totals, left, at] = [local('i32'), local('i32'), local('i32')];
    const side = 2 * reach + 1;
    const corner = (inset: number): Code =>
      i32.add(i32.constant(padded + inset * (pitch + channels)), i32.mul(first.get, i32.constant(pitch)));
    const cleared = sequence(
      at.set(sums.get),
      left.set(i32.constant(layout.sumsBytes / 16)),
      repeat(left, sequence(v128.store(at.get, 0, i32x4.constant(0)), advance(at, 16))),
    );
    const oneOffset = sequence(
      cleared,
      entering.set(corner(reach)),
      leaving.set(entering.get),
      left.set(i32.constant(2 * patch + 1)),
      repeat(left, sequence(call(ADD, entering.get, offset.get, sums.get), advance(entering, pitch))),
      pixels.set(i32.add(corner(patch + reach), offset.get)),
      totals.set(i32.add(i32.constant(layout.totals), i32.mul(first.get, i32.constant(4 * columns)))),
      left.set(rows.get),
      repeat(
        left,
        sequence(
          call(WEIGH, sums.get, pixels.get, totals.get),
          when(
            i32.less(i32.constant(1), left.get),
            call(SLIDE, entering.get, leaving.get, offset.get, sums.get),
          ),
          ...[entering, leaving, pixels].map((row) => advance(row, pitch)),
          advance(totals, 4 * columns),
        ),
      ),
      advance(offset, channels),
    );
    return sequence(
      sums.set(i32.add(i32.constant(layout.sums), i32.mul(thread.get, i32.constant(layout.sumsBytes)))),
      first.set(i32.mul(band.get, i32.constant(bandRows))),
      rows.set(i32.sub(i32.constant(height), first.get)),
      rows.set(i32.select(rows.get, i32.constant(bandRows), i32.less(rows.get, i32.constant(bandRows)))),
      offset.set(i32.constant(-reach * (pitch + channels))),
      down.set(i32.constant(side)),
      repeat(
        down,
        sequence(
          across.set(i32.constant(side)),
          repeatIfAny(across, oneOffset),
          advance(offset, pitch - side * channels),
        ),
      ),
    );
  },
});

/**
 * Squared differences of a row and its neighbours at `offset`, added to the sums of columns; with `leave` those of the row
 * that leaves the patches are taken off. Parameters: the rows, the offset, the sums.
 */
const slideRoutine = ({ channels, columns, patch }: MeansLayout, leave: boolean): Routine => ({
  parameters: ['i32', ...(leave ? (['i32'] as const) : []), 'i32', 'i32'],
  body: ({ parameters, local }) => {
    const rows = parameters.slice(0, -2).map((at) => ({ at, difference: local('v128') }));
    const [offset, sums] = parameters.slice(-2) as [Local, Local];
    const [count, one, other] = [local('i32'), local('v128'), local('v128')];
    const pixels = 16 / channels;
    const part = (row: number, quarter: number): Code =>
      channels === 2
        ? pairSquares(rows[row]!.difference.get, quarter)
        : squares(rows[row]!.difference.get, quarter);
    return sequence(
      count.set(i32.constant(Math.ceil((columns + 2 * patch) / pixels))),
      repeat(
        count,
        sequence(
          ...rows.map(({ at, difference }) =>
            sequence(
              one.set(v128.load(at.get, 0)),
              other.set(v128.load(i32.add(at.get, offset.get), 0)),
              difference.set(
                v128.or(i8x16.subSaturated(one.get, other.get), i8x16.subSaturated(other.get, one.get)),
              ),
              advance(at, 16),
            ),
          ),
          ...Array.from({ length: pixels / 4 }, (_, quarter) => {
            const more = i32x4.add(v128.load(sums.get, 16 * quarter), part(0, quarter));
            return v128.store(sums.get, 16 * quarter, leave ? i32x4.sub(more, part(1, quarter)) : more);
          }),
          advance(sums, 4 * pixels),
        ),
      ),
    );
  },
});

const half = (x: Code, upper: boolean): Code => (upper ? i16x8.widen.high(x) : i16x8.widen.low(x));

/** Four of sixteen bytes, squared. */
function squares(bytes: Code, quarter: number): Code {
  const words = half(bytes, quarter >= 2);
  const product = i16x8.mul(words, words);
  return quarter % 2 === 0 ? i32x4.widen.low(product) : i32x4.widen.high(product);
}

/** Eight of sixteen bytes, squared and added in pairs. */
function pairSquares(bytes: Code, upper: number): Code {
  const words = half(bytes, upper === 1);
  return i32x4.dot(words, words);
}

/** Adds weights and weighed pixels of a row to the totals. Parameters: the sums, the pixels, the totals. */
const weighRoutine = (layout: MeansLayout): Routine => ({
  parameters: ['i32', 'i32', 'i32'],
  body: ({ parameters, local }) => {
    const [sums, pixels, totals] = parameters as [Local, Local, Local];
    const { channels, width, patch, table, entries, shift, plane } = layout;
    const [count, at, weights, values] = [local('i32'), local('v128'), local('v128'), local('v128')];
    const distance = Array.from({ length: 2 * patch + 1 }, (_, k) => v128.load(sums.get, 4 * k)).reduce(
      (a, b) => i32x4.add(a, b),
    );
    const entry = (lane: number, rest?: Code): Code => {
      const address = i32x4.lane(at.get, lane);
      return rest === undefined
        ? v128.loadQuarter(address, table)
        : v128.loadLane(address, table, rest, lane);
    };
    const gathered = entry(3, entry(2, entry(1, entry(0))));
    const bytes =
      channels === 2
        ? i16x8.widen.low(v128.loadHalf(pixels.get, 0))
        : i32x4.widen.low(i16x8.widen.low(v128.loadQuarter(pixels.get, 0)));
    const value = (c: number): Code => {
      if (channels === 1) return values.get;
      return c === 0 ? v128.and(values.get, i32x4.constant(0xffff)) : i32x4.shr(values.get, 16);
    };
    const add = (offset: number, more: Code): Code =>
      v128.store(totals.get, offset, i32x4.add(v128.load(totals.get, offset), more));
    return sequence(
      count.set(i32.constant(Math.ceil(width / 4))),
      repeat(
        count,
        sequence(
          at.set(i32x4.shl(i32x4.min(i32x4.shr(distance, shift), i32x4.constant(entries - 1)), 2)),
          weights.set(gathered),
          when(
            v128.any(weights.get),
            sequence(
              values.set(bytes),
              add(0, weights.get),
              ...Array.from({ length: channels }, (_, c) =>
                add((1 + c) * plane, i32x4.mul(weights.get, value(c))),
              ),
            ),
          ),
          advance(sums, 16),
          advance(pixels, 4 * channels),
          advance(totals, 16),
        ),
      ),
    );
  },
});
