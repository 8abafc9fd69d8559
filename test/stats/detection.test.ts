import { expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { areaUnderRoc, discriminantScores } from '../../src/stats/detection.ts';

it('the area under the ROC curve counts pairs in the right order, ties half', () => {
  expect(areaUnderRoc([3, 4], [1, 2])).toBe(1);
  expect(areaUnderRoc([1, 2], [3, 4])).toBe(0);
  expect(areaUnderRoc([1, 3], [2, 3])).toBe((0 + 0 + 1 + 0.5) / 4);
});

const samples = (n: number, shift: number, seed: number): Float64Array[] => {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () =>
    Float64Array.from({ length: 6 }, (_, k) => random.normal() + (k === 2 ? shift : 0)),
  );
};

it('a discriminant finds the one feature that differs, in pictures that it never saw', () => {
  const { positives, negatives } = discriminantScores(samples(30, 2.5, 1), samples(30, 0, 2));
  expect(areaUnderRoc(positives, negatives)).toBeGreaterThan(0.9);
});

it('a discriminant finds nothing in two samples of one kind, and exactly nothing in equal ones', () => {
  const none = discriminantScores(samples(60, 0, 3), samples(60, 0, 4));
  expect(Math.abs(areaUnderRoc(none.positives, none.negatives) - 0.5)).toBeLessThan(0.2);
  const same = discriminantScores(samples(8, 0, 5), samples(8, 0, 5));
  expect(areaUnderRoc(same.positives, same.negatives)).toBe(0.5);
});
