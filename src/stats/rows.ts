/**
 * @file The loops over rows that factorisations of matrices spend their time in, as WebAssembly vectors: about three times
 * as fast as the same loops in JavaScript. Rows are float64 and padded with zeros, so that loops need no remainder.
 */
import { kernel, type Routine } from '../image/kernel.ts';
import { type Code, f64x2, i32, type Local, repeat, sequence, v128 } from '../image/wasm.ts';

/** Rows end with at least so many zeros. */
export const PADDING = 8;

/** Rows in memory. Addresses are in bytes; `values[address / 8]` is what stands there. */
export interface RowMemory {
  readonly values: Float64Array;
  /** Where row `i` begins. */
  row(i: number): number;
  /** Sum of x[k] y[k] over k < n, and over up to seven more: zeros, or one of the rows is 0 there. */
  dot(x: number, y: number, n: number): number;
  /** x -= factor y over n; gives the sum of the new x times z. */
  subtractAndDot(x: number, factor: number, y: number, z: number, n: number): number;
  /** x -= factor y, then z += weight x over n. */
  subtractAndAdd(x: number, factor: number, y: number, z: number, weight: number, n: number): void;
}

const BYTES = 8;
/** Where factors and sums are passed. */
const [SUM, FACTOR, WEIGHT, ROWS] = [0, 16, 24, 64];

/** Room for `rows` rows of `columns` numbers, all 0. */
export function rowMemory(rows: number, columns: number): RowMemory {
  const stride = columns + PADDING;
  const { functions, memory } = kernel(ROWS + rows * stride * BYTES, {
    dot: DOT,
    subtractAndDot: SUBTRACT_AND_DOT,
    subtractAndAdd: SUBTRACT_AND_ADD,
  });
  const values = new Float64Array(memory);
  const blocks = (n: number, size: number): number => Math.max(1, Math.ceil(n / size));
  return {
    values,
    row: (i) => ROWS + i * stride * BYTES,
    dot: (x, y, n) => {
      functions.dot(x, y, blocks(n, 8));
      return values[SUM / BYTES]! + values[SUM / BYTES + 1]!;
    },
    subtractAndDot: (x, factor, y, z, n) => {
      values[FACTOR / BYTES] = factor;
      functions.subtractAndDot(x, y, z, blocks(n, 4));
      return values[SUM / BYTES]! + values[SUM / BYTES + 1]!;
    },
    subtractAndAdd: (x, factor, y, z, weight, n) => {
      values[FACTOR / BYTES] = factor;
      values[WEIGHT / BYTES] = weight;
      functions.subtractAndAdd(x, y, z, blocks(n, 4));
    },
  };
}

const zero = i32.constant(0);
const forward = (pointer: Local, bytes: number): Code =>
  pointer.set(i32.add(pointer.get, i32.constant(bytes)));

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
          forward(x!, 64),
          forward(y!, 64),
        ),
      ),
      v128.store(zero, SUM, f64x2.add(f64x2.add(a!, b!), f64x2.add(c!, d!))),
    );
  },
};

const SUBTRACT_AND_DOT: Routine = {
  parameters: ['i32', 'i32', 'i32', 'i32'],
  body: ({ parameters: [x, y, z, count], local }) => {
    const [factor, fresh] = [local('v128'), local('v128')];
    const sums = [0, 16].map((offset) => ({ offset, sum: local('v128') }));
    return sequence(
      factor.set(v128.loadTwice(zero, FACTOR)),
      repeat(
        count!,
        sequence(
          ...sums.map(({ offset, sum }) =>
            sequence(
              fresh.set(difference(x!, y!, factor, offset)),
              v128.store(x!.get, offset, fresh.get),
              sum.set(f64x2.add(sum.get, f64x2.mul(fresh.get, v128.load(z!.get, offset)))),
            ),
          ),
          ...[x, y, z].map((pointer) => forward(pointer!, 32)),
        ),
      ),
      v128.store(zero, SUM, f64x2.add(sums[0]!.sum.get, sums[1]!.sum.get)),
    );
  },
};

const SUBTRACT_AND_ADD: Routine = {
  parameters: ['i32', 'i32', 'i32', 'i32'],
  body: ({ parameters: [x, y, z, count], local }) => {
    const [factor, weight, fresh] = [local('v128'), local('v128'), local('v128')];
    return sequence(
      factor.set(v128.loadTwice(zero, FACTOR)),
      weight.set(v128.loadTwice(zero, WEIGHT)),
      repeat(
        count!,
        sequence(
          ...[0, 16].map((offset) =>
            sequence(
              fresh.set(difference(x!, y!, factor, offset)),
              v128.store(x!.get, offset, fresh.get),
              v128.store(
                z!.get,
                offset,
                f64x2.add(v128.load(z!.get, offset), f64x2.mul(weight.get, fresh.get)),
              ),
            ),
          ),
          ...[x, y, z].map((pointer) => forward(pointer!, 32)),
        ),
      ),
    );
  },
};

/** x - factor y. */
const difference = (x: Local, y: Local, factor: Local, offset: number): Code =>
  f64x2.sub(v128.load(x.get, offset), f64x2.mul(factor.get, v128.load(y.get, offset)));
