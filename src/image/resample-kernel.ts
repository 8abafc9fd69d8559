/**
 * @file The two passes of a resize of 8-bit RGB in WebAssembly: sums of pixels times weights in 22-bit fixed point, rounded and
 * clipped after each pass. Sizes are told at each call, so that all pictures share the code.
 */
import { inBands, threadsFor } from '../wasm/threads.ts';
import type { Size } from './image.ts';
import { kernelsOfAnySize, type Routine, type Variables } from '../wasm/module.ts';
import {
  advance,
  type Code,
  i8x16,
  i16x8,
  i32,
  i32x4,
  type Local,
  repeat,
  sequence,
  v128,
} from '../wasm/assembler.ts';

/** Bits of the fixed point. */
export const BITS = 22;
export const HALF = 1 << (BITS - 1);

/** Along one axis, for every output position: where its window starts, and its weights, `stride` apart. */
export interface FixedWindows {
  readonly start: Int32Array;
  /** Zeros beyond a window's length. */
  readonly weights: Int32Array;
  /** A multiple of four. */
  readonly stride: number;
}

const BAND_ROWS = 32;
const bandsOf = (height: number): number => Math.ceil(height / BAND_ROWS);

/** A picture of another size; an axis without windows stays as it is. */
export function resizeRgb(
  pixels: Readonly<Uint8Array>,
  from: Size,
  to: Size,
  columns: FixedWindows | undefined,
  rows: FixedWindows | undefined,
): Uint8Array {
  const pitch = 16 * Math.ceil((3 * to.width + 4) / 16);
  const [whole, wide] = [3 * from.width * from.height, columns ? pitch * from.height : 0];
  // Windows are read to their full stride, which may be beyond the last pixel or row.
  const slack = 16 + 4 * (columns?.stride ?? 0) + Math.max(pitch, 3 * from.width) * (rows?.stride ?? 0);
  const [source, middle] = [0, 16 * Math.ceil(whole / 16)];
  const result = middle + wide;
  const tables = 16 * Math.ceil((result + (rows ? pitch * to.height : 0)) / 16);
  const bytes = tables + tableBytes(columns) + tableBytes(rows) + slack;
  const threads = threadsFor(from.width * from.height);
  const kernel = kernels(bytes, threads);
  const { memory } = kernel;
  new Uint8Array(memory, source, whole).set(pixels);
  if (columns) writeTable(columns, memory, tables, 3);
  if (rows) writeTable(rows, memory, tables + tableBytes(columns), columns ? pitch : 3 * from.width);
  inBands(kernel, threads, (run) => {
    if (columns) {
      const { stride } = columns;
      const { height } = from;
      run('rows', bandsOf(height), source, 3 * from.width, middle, pitch, to.width, height, tables, stride);
    }
    if (rows) {
      const at = tables + tableBytes(columns);
      const line = columns ? pitch : 3 * from.width;
      run(
        'columns',
        bandsOf(to.height),
        columns ? middle : source,
        line,
        result,
        pitch,
        pitch >> 4,
        to.height,
        at,
        rows.stride,
      );
    }
  });
  return compact(new Uint8Array(memory, rows ? result : middle, pitch * to.height), pitch, to);
}

const tableBytes = (windows: FixedWindows | undefined): number =>
  windows === undefined ? 0 : 16 * Math.ceil((windows.start.length * (1 + windows.stride)) / 4);

/** For each window its begin in bytes, then its weights. */
function writeTable(
  { start, weights, stride }: FixedWindows,
  memory: ArrayBufferLike,
  at: number,
  unit: number,
): void {
  const table = new Int32Array(memory, at, start.length * (1 + stride));
  for (let i = 0; i < start.length; i++) {
    table[i * (1 + stride)] = start[i]! * unit;
    for (let j = 0; j < stride; j++) table[i * (1 + stride) + 1 + j] = weights[i * stride + j]!;
  }
}

function compact(rows: Uint8Array, pitch: number, { width, height }: Size): Uint8Array {
  const out = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    out.set(rows.subarray(y * pitch, y * pitch + 3 * width), 3 * width * y);
  }
  return out;
}

/** What both passes are called with: band, thread, where they read and write, with bytes a row, how much, and the table. */
const PARAMETERS = Array.from({ length: 10 }, () => 'i32' as const);

/** The rows of a band: `first` is set to the first, `count` to how many there are below `height`. */
const ofBand = (band: Local, height: Local, first: Local, count: Local): Code => {
  const left = i32.sub(height.get, first.get);
  return sequence(
    first.set(i32.mul(band.get, i32.constant(BAND_ROWS))),
    count.set(i32.select(left, i32.constant(BAND_ROWS), i32.less(left, i32.constant(BAND_ROWS)))),
  );
};

const clipped = (sums: Code): Code => i32x4.shr(sums, BITS);

/** Each output pixel of each row: its three channels are lanes of one vector. */
const rowsRoutine: Routine = {
  parameters: PARAMETERS,
  body: ({ parameters, local }) => {
    const [band, , from, fromPitch, to, toPitch, width, height, table, stride] = parameters as Local[];
    const [first, count, line, out] = [local('i32'), local('i32'), local('i32'), local('i32')];
    const [at, pixels, taps, left] = [local('i32'), local('i32'), local('i32'), local('i32')];
    const [sum, half, bytes] = [local('v128'), local('v128'), local('v128')];
    const tap = (k: number): Code =>
      sequence(
        bytes.set(i32x4.widen.low(i16x8.widen.low(v128.loadQuarter(pixels.get, 3 * k)))),
        sum.set(i32x4.add(sum.get, i32x4.mul(bytes.get, v128.loadSplat(at.get, 4 * k)))),
      );
    return sequence(
      ofBand(band!, height!, first, count),
      line.set(i32.add(from!.get, i32.mul(first.get, fromPitch!.get))),
      to!.set(i32.add(to!.get, i32.mul(first.get, toPitch!.get))),
      half.set(i32x4.constant(HALF)),
      repeat(
        count,
        sequence(
          at.set(table!.get),
          out.set(to!.get),
          left.set(width!.get),
          repeat(
            left,
            sequence(
              pixels.set(i32.add(line.get, i32.load(at.get, 0))),
              advance(at, 4),
              sum.set(half.get),
              taps.set(i32.shr(stride!.get, i32.constant(2))),
              repeat(taps, sequence(...[0, 1, 2, 3].map(tap), advance(pixels, 12), advance(at, 16))),
              sum.set(clipped(sum.get)),
              bytes.set(i16x8.narrow(sum.get, sum.get)),
              v128.storeQuarter(out.get, 0, i8x16.narrow(bytes.get, bytes.get)),
              advance(out, 3),
            ),
          ),
          line.set(i32.add(line.get, fromPitch!.get)),
          to!.set(i32.add(to!.get, toPitch!.get)),
        ),
      ),
    );
  },
};

/** Sixteen values of each output row at a time. */
const columnsRoutine: Routine = {
  parameters: PARAMETERS,
  body: ({ parameters, local }) => {
    const [band, , from, fromPitch, to, toPitch, width, height, table, stride] = parameters as Local[];
    const [first, count, column, out] = [local('i32'), local('i32'), local('i32'), local('i32')];
    const [at, line, weight] = [local('i32'), local('i32'), local('i32')];
    const [taps, left, half] = [local('i32'), local('i32'), local('v128')];
    const { sums, clear, add, pixels } = sixteenSums(local, half);
    const step = i32.shl(i32.add(stride!.get, i32.constant(1)), i32.constant(2));
    const sixteen = sequence(
      line.set(column.get),
      weight.set(i32.add(at.get, i32.constant(4))),
      clear,
      taps.set(stride!.get),
      repeat(
        taps,
        sequence(add(line, weight), line.set(i32.add(line.get, fromPitch!.get)), advance(weight, 4)),
      ),
      ...sums.map((sum) => sum.set(clipped(sum.get))),
      v128.store(out.get, 0, pixels),
      advance(column, 16),
      advance(out, 16),
    );
    return sequence(
      ofBand(band!, height!, first, count),
      at.set(i32.add(table!.get, i32.mul(first.get, step))),
      to!.set(i32.add(to!.get, i32.mul(first.get, toPitch!.get))),
      half.set(i32x4.constant(HALF)),
      repeat(
        count,
        sequence(
          column.set(i32.add(from!.get, i32.load(at.get, 0))),
          out.set(to!.get),
          left.set(width!.get),
          repeat(left, sixteen),
          at.set(i32.add(at.get, step)),
          to!.set(i32.add(to!.get, toPitch!.get)),
        ),
      ),
    );
  },
};

/** Sixteen sums in four vectors, each of which begins with `half`. */
function sixteenSums(local: Variables['local'], half: Local) {
  const [bytes, words, factor] = [local('v128'), local('v128'), local('v128')];
  const sums = Array.from({ length: 4 }, () => local('v128'));
  const [a, b, c, d] = sums as [Local, Local, Local, Local];
  const plus = (sum: Local, four: Code): Code => sum.set(i32x4.add(sum.get, i32x4.mul(four, factor.get)));
  return {
    sums,
    clear: sequence(...sums.map((sum) => sum.set(half.get))),
    /** The sixteen bytes at `line` times the weight at `weight`. */
    add: (line: Local, weight: Local): Code =>
      sequence(
        bytes.set(v128.load(line.get, 0)),
        factor.set(v128.loadSplat(weight.get, 0)),
        words.set(i16x8.widen.low(bytes.get)),
        plus(a, i32x4.widen.low(words.get)),
        plus(b, i32x4.widen.high(words.get)),
        words.set(i16x8.widen.high(bytes.get)),
        plus(c, i32x4.widen.low(words.get)),
        plus(d, i32x4.widen.high(words.get)),
      ),
    /** The sums as bytes. */
    pixels: i8x16.narrow(i16x8.narrow(a.get, b.get), i16x8.narrow(c.get, d.get)),
  };
}

const kernels = kernelsOfAnySize(() => ({ rows: rowsRoutine, columns: columnsRoutine }));
