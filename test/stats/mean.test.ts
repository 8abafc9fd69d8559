import { expect, it } from 'vitest';
import { mean } from '../../src/stats/mean.ts';

it('the mean of a list is its sum in order over its length', () => {
  const values = [1e16, 1, -1e16, 1];
  expect(mean(values)).toBe(values.reduce((sum, value) => sum + value, 0) / 4);
  expect(mean(Float32Array.of(0.5, 0.25))).toBe(0.375);
  expect(mean([2, Infinity])).toBe(Infinity);
  expect(mean([])).toBeNaN();
});
