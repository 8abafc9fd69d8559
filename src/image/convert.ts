/**
 * @file Between floats and bytes, sixteen values at a time: every picture that a filter of bytes is applied to goes this way
 * and back. Done in parts that stay in the processor's cache, for a large memory to copy to would cost more than it saves.
 */
import { kernelsOfAnySize, type Routine } from '../wasm/module.ts';
import {
  advance,
  type Code,
  f32x4,
  f64x2,
  i8x16,
  i16x8,
  i32,
  i32x4,
  repeat,
  sequence,
  v128,
} from '../wasm/assembler.ts';

/** Values in one part. */
const PART = 2 ** 14;
const LANES = 16;
const BYTES = 4 * PART;

/** `round(scale v)`, halves to even, clipped to 0..255; 0 for NaN: as `Uint8ClampedArray` does it. */
export function bytesOf(values: Readonly<Float32Array>, scale: 1 | 255): Uint8Array {
  const { functions, floats, bytes } = converter();
  const convert = scale === 1 ? functions.bytes : functions.bytesOf255ths;
  return inParts(values, floats, convert, bytes, new Uint8Array(values.length));
}

/** `b / scale` in float32. */
export function floatsOf(values: Readonly<Uint8Array | Uint8ClampedArray>, scale: 1 | 255): Float32Array {
  const { functions, floats, bytes } = converter();
  const convert = scale === 1 ? functions.floats : functions.floatsIn255ths;
  return inParts(values, bytes, convert, floats, new Float32Array(values.length));
}

type Values = Float32Array | Uint8Array | Uint8ClampedArray;

/** Fills `result` with what `convert` makes of the values, part by part: it reads them in `from` and leaves them in `to`. */
function inParts<T extends Values>(
  values: Readonly<Values>,
  from: Values,
  convert: (sixteens: number) => unknown,
  to: Values,
  result: T,
): T {
  for (let at = 0; at < values.length; at += PART) {
    const part = values.subarray(at, at + PART);
    from.set(part);
    convert(Math.ceil(part.length / LANES));
    result.set(part.length === PART ? to : to.subarray(0, part.length), at);
  }
  return result;
}

const kernels = kernelsOfAnySize(() => ({
  bytes: toBytes(1),
  bytesOf255ths: toBytes(255),
  floats: toFloats(1),
  floatsIn255ths: toFloats(255),
}));

/** The functions, and what they read and write: floats of one part and bytes of one part. */
function converter() {
  const { functions, memory } = kernels(5 * PART, 1);
  return { functions, floats: new Float32Array(memory, 0, PART), bytes: new Uint8Array(memory, BYTES, PART) };
}

/** Added to a double below 2^51, it leaves the whole number nearest to that in the lower bits: rounding is halves to even. */
const WHOLE = 1.5 * 2 ** 52;

/** Parameter: how many times sixteen values. The product is exact in doubles. */
const toBytes = (scale: number): Routine => ({
  parameters: ['i32'],
  body: ({ parameters: [count], local }) => {
    const [from, to, values] = [local('i32'), local('i32'), local('v128')];
    const fours = Array.from({ length: 4 }, () => local('v128'));
    const [low, high, factor, magic] = [local('v128'), local('v128'), local('v128'), local('v128')];
    const whole = (two: Code): Code => f64x2.add(f64x2.mul(f64x2.promote(two), factor.get), magic.get);
    const four = (part: number): Code =>
      sequence(
        values.set(f32x4.lesser(high.get, f32x4.greater(low.get, v128.load(from.get, 16 * part)))),
        fours[part]!.set(
          v128.pick(whole(values.get), whole(v128.pick(values.get, values.get, [2, 3, 2, 3])), [0, 2, 4, 6]),
        ),
      );
    const [a, b, c, d] = fours.map(({ get }) => get) as [Code, Code, Code, Code];
    return sequence(
      low.set(f32x4.constant(0)),
      high.set(f32x4.constant(255 / scale)),
      factor.set(f64x2.constant(scale)),
      magic.set(f64x2.constant(WHOLE)),
      from.set(i32.constant(0)),
      to.set(i32.constant(BYTES)),
      repeat(
        count!,
        sequence(
          ...fours.map((_, part) => four(part)),
          v128.store(to.get, 0, i8x16.narrow(i16x8.narrow(a, b), i16x8.narrow(c, d))),
          advance(from, 4 * LANES),
          advance(to, LANES),
        ),
      ),
    );
  },
});

/** Parameter: how many times sixteen values. */
const toFloats = (scale: number): Routine => ({
  parameters: ['i32'],
  body: ({ parameters: [count], local }) => {
    const [from, to, values, divisor] = [local('i32'), local('i32'), local('v128'), local('v128')];
    const store = (part: number, whole: Code): Code => {
      const value = f32x4.convert(whole);
      return v128.store(to.get, 16 * part, scale === 1 ? value : f32x4.div(value, divisor.get));
    };
    const eight = (part: number): Code =>
      sequence(
        values.set(i16x8.loadBytes(from.get, 8 * part)),
        store(2 * part, i32x4.widen.low(values.get)),
        store(2 * part + 1, i32x4.widen.high(values.get)),
      );
    return sequence(
      divisor.set(f32x4.constant(scale)),
      from.set(i32.constant(BYTES)),
      to.set(i32.constant(0)),
      repeat(count!, sequence(eight(0), eight(1), advance(from, LANES), advance(to, 4 * LANES))),
    );
  },
});
