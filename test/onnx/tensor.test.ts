import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromNumbers, halfToNumber, numberToHalf, tensor, toFloat64 } from '../../src/onnx/tensor.ts';

describe('half precision', () => {
  it('every bit pattern survives the way to a number and back', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = halfToNumber(bits);
      if (Number.isNaN(value)) expect(numberToHalf(value)).toBe(0x7e00);
      else expect(numberToHalf(value)).toBe(bits);
    }
  });

  it('rounds to the nearest value, ties to even', () => {
    fc.assert(
      fc.property(fc.nat(0x7bfe), fc.double({ min: 0, max: 1, noNaN: true }), (bits, part) => {
        const [low, high] = [halfToNumber(bits), halfToNumber(bits + 1)];
        const value = low + part * (high - low);
        const middle = (low + high) / 2;
        const down = value < middle || (value === middle && bits % 2 === 0);
        expect(numberToHalf(value)).toBe(down ? bits : bits + 1);
        if (value > 0) expect(numberToHalf(-value)).toBe((down ? bits : bits + 1) | 0x8000);
      }),
    );
    expect(numberToHalf(65519.99)).toBe(0x7bff);
    expect(numberToHalf(65520)).toBe(0x7c00);
  });
});

describe('tensors', () => {
  it('refuses data that does not fill the shape', () => {
    expect(() => tensor('float32', [2, 3], new Float32Array(5))).toThrow(
      '5 elements do not fill a tensor of shape [2, 3]',
    );
  });

  it('holds numbers in the array of its type', () => {
    expect(fromNumbers('int64', [2], [-1.5, 7]).data).toEqual(BigInt64Array.of(-1n, 7n));
    expect(fromNumbers('float16', [1], [1]).data).toEqual(Uint16Array.of(0x3c00));
    expect([...toFloat64(fromNumbers('float16', [2], [0.5, -2]))]).toEqual([0.5, -2]);
  });
});
