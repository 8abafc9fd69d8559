import { expect, it } from 'vitest';
import { bytesOf, floatsOf } from '../../src/image/convert.ts';
import { seededRandom } from '../../src/random.ts';

/** What JavaScript makes of numbers that it writes into clipped bytes. */
const clamped = (values: Float32Array, scale: number): Uint8Array =>
  new Uint8Array(Uint8ClampedArray.from(values, (value) => value * scale).buffer);

it.each([1, 255] as const)('floats times %d become bytes as in a clamped array, ties and all', (scale) => {
  const random = seededRandom(scale);
  const ties = Array.from({ length: 256 }, (_, k) => (k + 0.5) / scale);
  const below = ties.map((tie) => tie * (1 - 2 ** -23));
  const odd = [Number.NaN, Infinity, -Infinity, -0, -1e-30, 1e30, -3, 256.5 / scale, 1e-45];
  const drawn = Array.from({ length: 40_000 }, () => ((1.2 * random.uniform() - 0.1) * 255) / scale);
  for (const values of [ties, below, odd, drawn, [0.25], []]) {
    const floats = Float32Array.from(values);
    expect(bytesOf(floats, scale)).toEqual(clamped(floats, scale));
  }
});

it('bytes become the floats nearest to their 255ths, and themselves', () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i % 256);
  expect(floatsOf(bytes, 255)).toEqual(Float32Array.from(bytes, (b) => b / 255));
  expect(floatsOf(new Uint8ClampedArray(bytes), 1)).toEqual(Float32Array.from(bytes));
  expect(bytesOf(floatsOf(bytes, 255), 255)).toEqual(bytes);
});
