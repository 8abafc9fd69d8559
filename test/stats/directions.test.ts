import { describe, expect, it } from 'vitest';
import { cosine, meanDirection, nearestMean, unitVector } from '../../src/stats/directions.ts';

const v = (...values: number[]): Float32Array => Float32Array.from(values);

describe('directions', () => {
  it('have length 1 and no cosine with a vector of zeros', () => {
    expect(Math.hypot(...unitVector(v(3, 4)))).toBeCloseTo(1, 15);
    expect(cosine(v(1, 0), v(-2, 0))).toBe(-1);
    expect(cosine(v(1, 0), v(0, 0))).toBeNaN();
  });

  it('are averaged without regard to the length of the vectors', () => {
    expect(meanDirection([v(100, 0), v(0, 1)].map(unitVector))).toEqual(v(1, 1));
    expect(meanDirection([])).toHaveLength(0);
  });

  it('lead to the nearest class mean, the first of equal ones', () => {
    const classes = new Map([
      ['up', [v(0, 5), v(0.1, 1)]],
      ['right', [v(1, 0), v(9, 0.1)]],
    ]);
    expect(nearestMean(v(7, 1), classes)).toBe('right');
    expect(nearestMean(v(-0.1, 0.01), classes)).toBe('up');
    const equal = new Map([
      ['a', [v(1, 0)]],
      ['b', [v(2, 0)]],
    ]);
    expect(nearestMean(v(1, 1), equal)).toBe('a');
    expect(nearestMean(v(1, 1), new Map())).toBeUndefined();
  });
});
