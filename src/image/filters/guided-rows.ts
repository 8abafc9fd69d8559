/**
 * @file The guided filter row by row, in WebAssembly: sums that slide down columns, means that slide along a row, and what is
 * made of them. `guided-kernel.ts` calls these functions in order.
 */
import { FIT, type GuidedLayout, PIXEL, SUM } from './guided-layout.ts';
import type { Routine } from '../../wasm/module.ts';
import {
  advance,
  type Code,
  f32x4,
  f64x2,
  i32,
  type Local,
  repeat,
  sequence,
  v128,
} from '../../wasm/assembler.ts';

// ---- sums down columns -----------------------------------------------------------------------------------

const CHANNELS = [0, 1, 2] as const;
const upper = (x: Code): Code => v128.pick(x, x, [2, 3, 2, 3]);
const all = (x: Code, lane: number): Code => v128.pick(x, x, [lane, lane, lane, lane]);

/** Adds `entering` to the four sums at an address, and takes `leaving` off. */
function slide(at: Code, offset: number, entering: Local, leaving: Local | undefined): Code {
  const half = (part: (x: Code) => Code, by: number): Code => {
    const more = f64x2.add(v128.load(at, offset + by), f64x2.promote(part(entering.get)));
    const sum = leaving === undefined ? more : f64x2.sub(more, f64x2.promote(part(leaving.get)));
    return v128.store(at, offset + by, sum);
  };
  return sequence(
    half((x) => x, 0),
    half(upper, 16),
  );
}

/** Parameters: rows of guide and picture that enter the window, with `leave` also those that leave it; the sums. */
export const slideRow = ({ width, radius }: GuidedLayout, leave: boolean): Routine => ({
  parameters: ['i32', 'i32', 'i32', ...(leave ? (['i32', 'i32'] as const) : [])],
  body: ({ parameters, local }) => {
    const sums = parameters.at(-1)!;
    const pairs = leave ? [parameters.slice(0, 2), parameters.slice(2, 4)] : [parameters.slice(0, 2)];
    const [count, one] = [local('i32'), local('v128')];
    const rows = pairs.map(([guide, values]) => ({
      guide: guide!,
      values: values!,
      g: local('v128'),
      p: local('v128'),
      product: local('v128'),
    }));
    return sequence(
      one.set(f32x4.constant(1)),
      count.set(i32.constant(width)),
      repeat(
        count,
        sequence(
          ...rows.map(({ guide, values, g, p }) =>
            sequence(
              g.set(v128.pick(v128.load(guide.get, 0), one.get, [0, 1, 2, 7])),
              p.set(v128.load(values.get, 0)),
              advance(guide, PIXEL),
              advance(values, PIXEL),
            ),
          ),
          ...CHANNELS.map((c) =>
            sequence(
              ...rows.map(({ g, p, product }) => product.set(f32x4.mul(g.get, all(p.get, c)))),
              slide(sums.get, SUM * (c * (width + 2 * radius) + radius), rows[0]!.product, rows[1]?.product),
            ),
          ),
          advance(sums, SUM),
        ),
      ),
    );
  },
});

/** The same for rows of fits. Parameters: the row that enters, with `leave` also that which leaves; the sums. */
export const slideFit = ({ width, radius }: GuidedLayout, leave: boolean): Routine => ({
  parameters: ['i32', 'i32', ...(leave ? (['i32'] as const) : [])],
  body: ({ parameters, local }) => {
    const sums = parameters.at(-1)!;
    const rows = parameters.slice(0, -1).map((at) => ({ at, fit: local('v128') }));
    const count = local('i32');
    return sequence(
      count.set(i32.constant(width)),
      repeat(
        count,
        sequence(
          ...CHANNELS.map((c) =>
            sequence(
              ...rows.map(({ at, fit }) => fit.set(v128.load(at.get, 16 * c))),
              slide(sums.get, SUM * (c * (width + 2 * radius) + radius), rows[0]!.fit, rows[1]?.fit),
            ),
          ),
          ...rows.map(({ at }) => advance(at, FIT)),
          advance(sums, SUM),
        ),
      ),
    );
  },
});

/** Fills the margins of sums. Parameter: the sums. */
export const mirrorSums = ({ width, radius, margins }: GuidedLayout): Routine => ({
  parameters: ['i32'],
  body: ({ parameters, local }) => {
    const sums = parameters[0]!;
    const [count, pair, from, to] = [local('i32'), local('i32'), local('i32'), local('i32')];
    const copies = CHANNELS.flatMap((c) =>
      [0, 16].map((half) => {
        const offset = SUM * c * (width + 2 * radius) + half;
        return v128.store(to.get, offset, v128.load(from.get, offset));
      }),
    );
    return sequence(
      pair.set(i32.constant(margins)),
      count.set(i32.constant(2 * radius)),
      repeat(
        count,
        sequence(
          to.set(i32.add(sums.get, i32.load(pair.get, 0))),
          from.set(i32.add(sums.get, i32.load(pair.get, 4))),
          ...copies,
          advance(pair, 8),
        ),
      ),
    );
  },
});

// ---- means along a row -----------------------------------------------------------------------------------

/** Slides along a row of sums; `each` gets the means of the three channels, as code that may stand once. */
function alongRow(
  { width, radius }: GuidedLayout,
  sums: Local,
  local: (type: 'i32' | 'v128') => Local,
  each: (means: readonly Local[]) => Code,
): Code {
  const [count, at, share] = [local('i32'), local('i32'), local('v128')];
  const channels = CHANNELS.map((c) => ({
    offset: SUM * c * (width + 2 * radius),
    halves: [local('v128'), local('v128')],
    mean: local('v128'),
  }));
  const halves = channels.flatMap(({ offset, halves: pair }) =>
    pair.map((sum, i) => ({ sum, offset: offset + 16 * i })),
  );
  const entering = SUM * 2 * radius;
  return sequence(
    share.set(f64x2.constant(1 / (2 * radius + 1) ** 2)),
    ...halves.map(({ sum }) => sum.set(f32x4.constant(0))),
    at.set(sums.get),
    count.set(i32.constant(2 * radius)),
    repeat(
      count,
      sequence(
        ...halves.map(({ sum, offset }) => sum.set(f64x2.add(sum.get, v128.load(at.get, offset)))),
        advance(at, SUM),
      ),
    ),
    count.set(i32.constant(width)),
    repeat(
      count,
      sequence(
        ...channels.map(({ offset, halves: [low, high], mean }) => {
          const half = (sum: Local, by: number): Code =>
            sum.set(f64x2.add(sum.get, v128.load(sums.get, offset + entering + by)));
          const float = (sum: Local): Code => f32x4.demote(f64x2.mul(sum.get, share.get));
          return sequence(
            half(low!, 0),
            half(high!, 16),
            mean.set(v128.pick(float(low!), float(high!), [0, 1, 4, 5])),
          );
        }),
        each(channels.map(({ mean }) => mean)),
        ...halves.map(({ sum, offset }) => sum.set(f64x2.sub(sum.get, v128.load(sums.get, offset)))),
        advance(sums, SUM),
      ),
    ),
  );
}

/** Parameters: the sums, a row of windows. */
export const meansOfRow = (layout: GuidedLayout): Routine => ({
  parameters: ['i32', 'i32'],
  body: ({ parameters, local }) => {
    const [sums, to] = parameters as [Local, Local];
    return alongRow(layout, sums, local, (means) =>
      sequence(...means.map((mean, c) => v128.store(to.get, 16 * c, mean.get)), advance(to, FIT)),
    );
  },
});

/** Least squares in each window. Parameters: the sums, a row of windows, a row of fits. */
export const fitRow = (layout: GuidedLayout): Routine => ({
  parameters: ['i32', 'i32', 'i32'],
  body: ({ parameters, local }) => {
    const [sums, windows, to] = parameters as [Local, Local, Local];
    const inverse = CHANNELS.map(() => local('v128'));
    const [guide, mean, covariance, slopes, share] = [
      local('v128'),
      local('v128'),
      local('v128'),
      local('v128'),
      local('v128'),
    ];
    const pairs = v128.pick(inverse[0]!.get, inverse[1]!.get, [3, 7, 3, 3]);
    return alongRow(layout, sums, local, (means) =>
      sequence(
        ...inverse.map((column, c) => column.set(v128.load(windows.get, 16 * c))),
        guide.set(v128.pick(pairs, inverse[2]!.get, [0, 1, 7, 7])),
        ...means.map((moment, c) =>
          sequence(
            mean.set(all(moment.get, 3)),
            covariance.set(f32x4.sub(moment.get, f32x4.mul(guide.get, mean.get))),
            slopes.set(
              CHANNELS.map((k) => f32x4.mul(inverse[k]!.get, all(covariance.get, k))).reduce((a, b) =>
                f32x4.add(a, b),
              ),
            ),
            share.set(f32x4.mul(slopes.get, guide.get)),
            v128.store(
              to.get,
              16 * c,
              v128.pick(
                slopes.get,
                CHANNELS.reduce((rest, k) => f32x4.sub(rest, all(share.get, k)), mean.get),
                [0, 1, 2, 7],
              ),
            ),
          ),
        ),
        advance(windows, FIT),
        advance(to, FIT),
      ),
    );
  },
});

/** a . g + b of the mean fits. Parameters: the sums, a row of the guide, a row of the result. */
export const applyRow = (layout: GuidedLayout): Routine => ({
  parameters: ['i32', 'i32', 'i32'],
  body: ({ parameters, local }) => {
    const [sums, guide, to] = parameters as [Local, Local, Local];
    const [one, g, pair, last] = [local('v128'), local('v128'), local('v128'), local('v128')];
    return sequence(
      one.set(f32x4.constant(1)),
      alongRow(layout, sums, local, (means) => {
        const [red, green, blue] = means as [Local, Local, Local];
        const crossed = (lanes: readonly [number, number, number, number]): Code =>
          v128.pick(red.get, green.get, lanes);
        return sequence(
          g.set(v128.pick(v128.load(guide.get, 0), one.get, [0, 1, 2, 7])),
          ...means.map((mean) => mean.set(f32x4.mul(mean.get, g.get))),
          pair.set(f32x4.add(crossed([0, 4, 1, 5]), crossed([2, 6, 3, 7]))),
          last.set(f32x4.add(blue.get, upper(blue.get))),
          v128.storeHalf(to.get, 0, f32x4.add(pair.get, upper(pair.get))),
          v128.storeQuarter(to.get, 8, f32x4.add(last.get, all(last.get, 1))),
          advance(guide, PIXEL),
          advance(to, PIXEL),
        );
      }),
    );
  },
});
