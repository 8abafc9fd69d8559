/**
 * @file The inner loops of the guided filter in WebAssembly, written for one size and one radius.
 *
 * With g the guide and p a channel of the picture, two box filters run over vectors of four floats a pixel:
 *   p (g_r, g_g, g_b, 1)        whose means tell the slopes a and the offset b of p = a . g + b in the window
 *   (a_r, a_g, a_b, b)          whose means make the result a . g + b
 * All three channels go together. Sums are doubles: they slide down columns, then along a row. The fits of as many rows as
 * a window is high stand in a ring, so that nothing of the picture's size lies between the two filters.
 */
import { FIT, type GuidedLayout, PIXEL } from './guided-layout.ts';
import { applyRow, fitRow, meansOfRow, mirrorSums, slideFit, slideRow } from './guided-rows.ts';
import type { Routine } from '../../wasm/module.ts';
import {
  advance,
  type Code,
  call,
  f32x4,
  i32,
  type Local,
  repeat,
  sequence,
  v128,
  when,
} from '../../wasm/assembler.ts';

/** The functions, in the order by which they call each other. `moments` and `filter` run over bands. */
export const guidedRoutines = (layout: GuidedLayout) => ({
  moments: momentsBand(layout),
  filter: filterBand(layout),
  addRow: slideRow(layout, false),
  slideRow: slideRow(layout, true),
  addFit: slideFit(layout, false),
  slideFit: slideFit(layout, true),
  mirror: mirrorSums(layout),
  means: meansOfRow(layout),
  fit: fitRow(layout),
  apply: applyRow(layout),
});

const ADD_ROW = 2;
const SLIDE_ROW = 3;
const ADD_FIT = 4;
const SLIDE_FIT = 5;
const MIRROR = 6;
const MEANS = 7;
const FIT_ROW = 8;
const APPLY = 9;

// ---- bands -----------------------------------------------------------------------------------------------

const smaller = (a: Code, b: Code): Code => i32.select(a, b, i32.less(a, b));
const larger = (a: Code, b: Code): Code => i32.select(b, a, i32.less(a, b));
const next = (x: Local): Code => advance(x, 1);
/** Where row `index` begins of rows with so many bytes. */
const rowAt = (start: number, bytes: number, index: Code): Code =>
  i32.add(i32.constant(start), i32.mul(index, i32.constant(bytes)));

/** The row that stands at a position of a padded column. */
const mirroredRow = ({ rows }: GuidedLayout, position: Code): Code =>
  i32.load(i32.shl(position, i32.constant(2)), rows);

/** Rows of guide and picture whose sums are at `sums`: a window's rows are added, then it moves on. */
function windowOver(layout: GuidedLayout, values: number, sums: Local) {
  const line = PIXEL * layout.width;
  const rowOf = (start: number, position: Code): Code => rowAt(start, line, mirroredRow(layout, position));
  const add = (position: Code): Code =>
    call(ADD_ROW, rowOf(layout.guide, position), rowOf(values, position), sums.get);
  return {
    /** Sums over the window around a row. */
    start: (row: Code, position: Local, count: Local): Code =>
      sequence(
        cleared(sums, layout.sums, count, position),
        position.set(row),
        count.set(i32.constant(2 * layout.radius + 1)),
        repeat(count, sequence(add(position.get), next(position))),
      ),
    /** From the window around a row to that around the next one. */
    move: (row: Code): Code => {
      const entering = i32.add(row, i32.constant(2 * layout.radius + 1));
      return call(
        SLIDE_ROW,
        rowOf(layout.guide, entering),
        rowOf(values, entering),
        rowOf(layout.guide, row),
        rowOf(values, row),
        sums.get,
      );
    },
  };
}

/** Zeros from an address on. */
const cleared = (from: Local, bytes: number, count: Local, at: Local): Code =>
  sequence(
    at.set(from.get),
    count.set(i32.constant(bytes / 16)),
    repeat(count, sequence(v128.store(at.get, 0, f32x4.constant(0)), advance(at, 16))),
  );

/** Where the sums of a thread begin. */
const ownOf = ({ own, ownBytes }: GuidedLayout, thread: Code): Code => rowAt(own, ownBytes, thread);

/** Means of g (g_r, g_g, g_b, 1) for each channel g of the guide, into `windows`. Parameters: band, thread. */
const momentsBand = (layout: GuidedLayout): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const [band, thread] = parameters as [Local, Local];
    const [row, end, sums] = [local('i32'), local('i32'), local('i32')];
    const [position, count, left] = [local('i32'), local('i32'), local('i32')];
    const window = windowOver(layout, layout.guide, sums);
    const { width, height, bandRows, windows } = layout;
    return sequence(
      sums.set(ownOf(layout, thread.get)),
      row.set(i32.mul(band.get, i32.constant(bandRows))),
      end.set(smaller(i32.constant(height), i32.add(row.get, i32.constant(bandRows)))),
      window.start(row.get, position, count),
      left.set(i32.sub(end.get, row.get)),
      repeat(
        left,
        sequence(
          call(MIRROR, sums.get),
          call(MEANS, sums.get, rowAt(windows, FIT * width, row.get)),
          next(row),
          when(i32.less(row.get, end.get), window.move(i32.sub(row.get, i32.constant(1)))),
        ),
      ),
    );
  },
});

/** The filter of `values` into `result`. Parameters: band, thread. */
const filterBand = (layout: GuidedLayout): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const [band, thread] = parameters as [Local, Local];
    const { height, radius, bandRows } = layout;
    const [row, end, fitted] = [local('i32'), local('i32'), local('i32')];
    const [sums, fits, ring] = [local('i32'), local('i32'), local('i32')];
    const [position, count, left] = [local('i32'), local('i32'), local('i32')];
    const window = windowOver(layout, layout.values, sums);
    const { fitNext, addFit, slideFits, output } = fitsOf(layout, { row, fitted, sums, fits, ring }, window);
    return sequence(
      sums.set(ownOf(layout, thread.get)),
      fits.set(i32.add(sums.get, i32.constant(layout.sums))),
      ring.set(i32.add(fits.get, i32.constant(layout.sums))),
      row.set(i32.mul(band.get, i32.constant(bandRows))),
      end.set(smaller(i32.constant(height), i32.add(row.get, i32.constant(bandRows)))),
      // Fits of all rows within the first window; those beyond the picture's edges are among them.
      fitted.set(larger(i32.constant(0), i32.sub(row.get, i32.constant(radius)))),
      window.start(fitted.get, position, count),
      left.set(
        i32.sub(smaller(i32.constant(height), i32.add(row.get, i32.constant(radius + 1))), fitted.get),
      ),
      repeat(left, fitNext),
      cleared(fits, layout.sums, count, position),
      position.set(row.get),
      count.set(i32.constant(2 * radius + 1)),
      repeat(count, sequence(addFit(position.get), next(position))),
      left.set(i32.sub(end.get, row.get)),
      repeat(
        left,
        sequence(
          output,
          next(row),
          when(
            i32.less(row.get, end.get),
            sequence(when(i32.less(fitted.get, i32.constant(height)), fitNext), slideFits),
          ),
        ),
      ),
    );
  },
});

/** What the second box filter of a thread works on: the row under way, the next one to fit, and where its own things lie. */
type Fitting = Readonly<Record<'row' | 'fitted' | 'sums' | 'fits' | 'ring', Local>>;

function fitsOf(
  layout: GuidedLayout,
  { row, fitted, sums, fits, ring }: Fitting,
  window: ReturnType<typeof windowOver>,
) {
  const { width, height, radius, ringRows, windows } = layout;
  const slot = (index: Code): Code =>
    i32.add(ring.get, i32.mul(i32.remainder(index, i32.constant(ringRows)), i32.constant(FIT * width)));
  const slotAt = (position: Code): Code => slot(mirroredRow(layout, position));
  return {
    /** Fits the windows around row `fitted`, and moves them on. */
    fitNext: sequence(
      call(MIRROR, sums.get),
      call(FIT_ROW, sums.get, rowAt(windows, FIT * width, fitted.get), slot(fitted.get)),
      when(i32.less(fitted.get, i32.constant(height - 1)), window.move(fitted.get)),
      next(fitted),
    ),
    /** Adds the fits of the row that stands at a position of a padded column. */
    addFit: (position: Code): Code => call(ADD_FIT, slotAt(position), fits.get),
    /** From the window around the row before to that around `row`. */
    slideFits: call(
      SLIDE_FIT,
      slotAt(i32.add(row.get, i32.constant(2 * radius))),
      slotAt(i32.sub(row.get, i32.constant(1))),
      fits.get,
    ),
    /** Means of the fits, applied to the guide. */
    output: sequence(
      call(MIRROR, fits.get),
      call(
        APPLY,
        fits.get,
        rowAt(layout.guide, PIXEL * width, row.get),
        rowAt(layout.result, PIXEL * width, row.get),
      ),
    ),
  };
}
