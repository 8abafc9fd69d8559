/**
 * @file The loops over rows that factorisations of matrices spend their time in, as WebAssembly vectors: about three times
 * as fast as the same loops in JavaScript. Rows are float64 and padded with zeros, so that loops need no remainder.
 */
import { filterThreads, inBands } from '../../wasm/threads.ts';
import { kernelsOfAnySize, type Routine, type Variables } from '../../wasm/module.ts';
import {
  advance,
  type Code,
  f64x2,
  i32,
  type Local,
  repeat,
  repeatIfAny,
  sequence,
  v128,
} from '../../wasm/assembler.ts';

/** Rows end with at least so many zeros. */
export const PADDING = 8;

/** Rows in memory. Addresses are in bytes; `values[address / 8]` is what stands there. */
export interface RowMemory {
  readonly values: Float64Array;
  /** Where row `i` begins. */
  row(i: number): number;
  /** Sum of x[k] y[k] over k < n, and over up to seven more: zeros, or one of the rows is 0 there. */
  dot(x: number, y: number, n: number): number;
  /** z += weight x over n. */
  add(x: number, z: number, weight: number, n: number): void;
  /** What `work` gives, with a `reflect` that other threads share in for as long as it runs. */
  reflecting<T>(work: (reflect: Reflect) => T): T;
}

/**
 * For each of `count` rows x from address `first` on, over n numbers:
 *
 *     x -= x[-1] w,   s = scale (x . u),   x -= s u,   z += x[0] x
 *
 * z begins at 0 and is added up in `bands` parts, in rows one after the other from address z on; gives how many parts. They
 * depend on `count` alone, so that the sum does not depend on the number of threads.
 */
export type Reflect = (
  first: number,
  count: number,
  scale: number,
  vectors: { readonly w: number; readonly u: number; readonly z: number },
  n: number,
) => number;

/** Rows of z that `reflect` may need. */
export const BANDS = 8;
/** Rows of a band at least: fewer are done before another thread wakes up. */
const FEW = 48;
/** Numbers in memory from which threads are asked for. */
const MANY = 2 ** 18;

const BYTES = 8;
/** Where factors and sums are passed. */
const [SUM, FACTOR, ROWS] = [0, 16, 64];

/** The loops, with a memory for each who asks: factorisations wait for products, and others may begin meanwhile. */
const kernels = kernelsOfAnySize(() => ({ dot: DOT, add: ADD, reflect: REFLECT }), { fresh: true });

/** Room for `rows` rows of `columns` numbers, all 0; `alone` where nothing is reflected. */
export function rowMemory(rows: number, columns: number, { alone = false } = {}): RowMemory {
  const stride = columns + PADDING;
  const threads = alone || rows * columns < MANY ? 1 : filterThreads;
  const kernel = kernels(ROWS + rows * stride * BYTES, threads);
  const values = new Float64Array(kernel.memory);
  const blocks = (n: number, size: number): number => Math.max(1, Math.ceil(n / size));
  return {
    values,
    row: (i) => ROWS + i * stride * BYTES,
    dot: (x, y, n) => {
      kernel.functions.dot(x, y, blocks(n, 8));
      return values[SUM / BYTES]! + values[SUM / BYTES + 1]!;
    },
    add: (x, z, weight, n) => {
      values[FACTOR / BYTES] = weight;
      kernel.functions.add(x, z, blocks(n, 4));
    },
    reflecting: (work) =>
      inBands(kernel, threads, (run) =>
        work((first, count, scale, { w, u, z }, n) => {
          values[FACTOR / BYTES] = scale;
          const each = Math.max(FEW, Math.ceil(count / BANDS));
          const bands = Math.ceil(count / each);
          run('reflect', bands, first, count, each, stride * BYTES, w, u, z, blocks(n, 4));
          return bands;
        }),
      ),
  };
}

const zero = i32.constant(0);
/** Two numbers a vector, four vectors a turn: no addition waits for the one before. */
const DOT: Routine = {
  parameters: ['i32', 'i32', 'i32'],
  body: ({ parameters: [x, y, count], local }) => {
    const sums = [0, 16, 32, 48].map((offset) => ({ offset, sum: local('v128') }));
    const [a, b, c, d] = sums.map(({ sum }) => sum.get);
    return sequence(
      repeat(
        count!,
        sequence(
          ...sums.map(({ offset, sum }) =>
            sum.set(f64x2.add(sum.get, f64x2.mul(v128.load(x!.get, offset), v128.load(y!.get, offset)))),
          ),
          advance(x!, 64),
          advance(y!, 64),
        ),
      ),
      v128.store(zero, SUM, f64x2.add(f64x2.add(a!, b!), f64x2.add(c!, d!))),
    );
  },
};

const ADD: Routine = {
  parameters: ['i32', 'i32', 'i32'],
  body: ({ parameters: [x, z, count], local }) => {
    const weight = local('v128');
    return sequence(
      weight.set(v128.loadTwice(zero, FACTOR)),
      repeat(
        count!,
        sequence(
          ...[0, 16].map((offset) => {
            const more = f64x2.mul(weight.get, v128.load(x!.get, offset));
            return v128.store(z!.get, offset, f64x2.add(v128.load(z!.get, offset), more));
          }),
          ...[x, z].map((pointer) => advance(pointer!, 32)),
        ),
      ),
    );
  },
};

/** Both lanes: the sum of the two. */
const across = (x: Code): Code => f64x2.add(x, v128.pick(x, x, [2, 3, 0, 1]));

/** Rows reflected at once: what they all are multiplied with is read once for all of them. */
const TOGETHER = 4;

const REFLECT: Routine = {
  parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body: (variables) => {
    const [band, , first, rows, each, stride, w, u, z, blocks] = variables.parameters as readonly Local[];
    const { local } = variables;
    const [x, left, sums] = [local('i32'), local('i32'), local('i32')];
    const [pz, count] = [local('i32'), local('i32')];
    const done = i32.mul(band!.get, each!.get);
    const rest = i32.sub(rows!.get, done);
    const step = { x, stride: stride!, w: w!, u: u!, sums, blocks: blocks! };
    return sequence(
      x.set(i32.add(first!.get, i32.mul(done, stride!.get))),
      left.set(i32.select(rest, each!.get, i32.less(rest, each!.get))),
      sums.set(i32.add(z!.get, i32.mul(band!.get, stride!.get))),
      pz.set(sums.get),
      count.set(blocks!.get),
      repeat(
        count,
        sequence(...[0, 16].map((offset) => v128.store(pz.get, offset, f64x2.constant(0))), advance(pz, 32)),
      ),
      ...[TOGETHER, 1].map((together) =>
        sequence(
          count.set(i32.div(left.get, i32.constant(together))),
          left.set(i32.remainder(left.get, i32.constant(together))),
          repeatIfAny(count, reflected(together, variables, step)),
        ),
      ),
    );
  },
};

/** Where `reflected` finds what it works on; `x` is moved on behind the rows that it has done. */
interface Step {
  readonly x: Local;
  readonly stride: Local;
  readonly w: Local;
  readonly u: Local;
  readonly sums: Local;
  readonly blocks: Local;
}

/** A row under way: what it is multiplied with, its product, and its first number. */
type Reflected = Place & Readonly<Record<'factor' | 'sum' | 'leading', Local>>;

/** `x -= x[-1] w, s = scale (x . u)`, then `x -= s u, z += x[0] x`, for `together` rows; z is added to row by row. */
function reflected(together: number, { local }: Variables, { x, stride, w, u, sums, blocks }: Step): Code {
  const rows: readonly Reflected[] = Array.from({ length: together }, () => ({
    start: local('i32'),
    pointer: local('i32'),
    factor: local('v128'),
    sum: local('v128'),
    leading: local('v128'),
  }));
  const [pw, pu, pz, count] = [local('i32'), local('i32'), local('i32'), local('i32')];
  const [shared, more, fresh] = [local('v128'), local('v128'), local('v128')];
  /** Each row less its factor times `shared`; what it has become is in `fresh` for `then`. */
  const subtracted = (offset: number, then: (row: Reflected) => Code): Code =>
    sequence(
      ...rows.map((row) => {
        const { pointer, factor } = row;
        return sequence(
          fresh.set(f64x2.sub(v128.load(pointer.get, offset), f64x2.mul(factor.get, shared.get))),
          v128.store(pointer.get, offset, fresh.get),
          then(row),
        );
      }),
    );
  const plus = (sum: Local, product: Code): Code => sum.set(f64x2.add(sum.get, product));
  const byW = (offset: number): Code =>
    sequence(
      shared.set(v128.load(pw.get, offset)),
      more.set(v128.load(pu.get, offset)),
      subtracted(offset, ({ sum }) => plus(sum, f64x2.mul(fresh.get, more.get))),
    );
  const byU = (offset: number): Code =>
    sequence(
      shared.set(v128.load(pu.get, offset)),
      more.set(v128.load(pz.get, offset)),
      subtracted(offset, ({ leading }) => plus(more, f64x2.mul(leading.get, fresh.get))),
      v128.store(pz.get, offset, more.get),
    );
  const along = (others: readonly Place[], body: (offset: number) => Code): Code =>
    alongAll([...rows, ...others], count, blocks, body);
  const [ofW, ofU, ofZ] = [placed(pw, w), placed(pu, u), placed(pz, sums)];
  return sequence(
    ...rows.map((row) => begun(row, x, stride)),
    along([ofW, ofU], byW),
    ...rows.map((row) => scaled(row, u)),
    along([ofU, ofZ], byU),
  );
}

/** Where a row or vector begins, and the pointer that goes along it. */
type Place = Readonly<Record<'start' | 'pointer', Local>>;

const placed = (pointer: Local, start: Local): Place => ({ pointer, start });

/** `body` for two vectors a turn, pointers moved on. */
function alongAll(
  places: readonly Place[],
  count: Local,
  blocks: Local,
  body: (offset: number) => Code,
): Code {
  return sequence(
    ...places.map(({ pointer, start }) => pointer.set(start.get)),
    count.set(blocks.get),
    repeat(count, sequence(body(0), body(16), ...places.map(({ pointer }) => advance(pointer, 32)))),
  );
}

/** The row at `x`, to be multiplied with its x[-1]; on to the next one. */
const begun = ({ start, factor, sum }: Reflected, x: Local, stride: Local): Code =>
  sequence(
    start.set(x.get),
    factor.set(v128.loadTwice(i32.sub(x.get, i32.constant(BYTES)), 0)),
    sum.set(f64x2.constant(0)),
    x.set(i32.add(x.get, stride.get)),
  );

/** Its factor becomes s, and its first number what it will be after x -= s u. */
const scaled = ({ start, factor: share, sum, leading }: Reflected, u: Local): Code =>
  sequence(
    share.set(f64x2.mul(v128.loadTwice(zero, FACTOR), across(sum.get))),
    leading.set(f64x2.sub(v128.loadTwice(start.get, 0), f64x2.mul(share.get, v128.loadTwice(u.get, 0)))),
  );
