import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { rankCorrelation } from '../../src/stats/ranks.ts';
import { mcnemarP, wilsonInterval } from '../../src/stats/rates.ts';

describe("Wilson's interval", () => {
  it.each([
    // SciPy 1.10.1, binomtest(k, n).proportion_ci(method='wilson')
    [0, 10, 0, 0.27753279986288926],
    [7, 10, 0.39677814746114526, 0.892208732593699],
    [10, 10, 0.7224672001371109, 1],
    [83, 120, 0.6041700227619933, 0.767272630110837],
  ])('of %i in %i is SciPy’s', (hits, n, lo, hi) => {
    const interval = wilsonInterval(hits, n);
    expect(interval.lo).toBeCloseTo(lo, 12);
    expect(interval.hi).toBeCloseTo(hi, 12);
  });

  it('holds the rate, within 0 and 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, share) => {
          const hits = Math.round(share * n);
          const { lo, hi } = wilsonInterval(hits, n);
          expect(lo).toBeGreaterThanOrEqual(0);
          expect(hi).toBeLessThanOrEqual(1);
          expect(lo).toBeLessThanOrEqual(hits / n + 1e-12);
          expect(hi).toBeGreaterThanOrEqual(hits / n - 1e-12);
        },
      ),
    );
  });

  it('covers the true rate about 95 percent of the time', () => {
    const random = seededRandom(1);
    for (const rate of [0.05, 0.3, 0.9]) {
      let covered = 0;
      for (let trial = 0; trial < 2000; trial++) {
        let hits = 0;
        for (let i = 0; i < 40; i++) if (random.uniform() < rate) hits++;
        const { lo, hi } = wilsonInterval(hits, 40);
        if (lo <= rate && rate <= hi) covered++;
      }
      expect(covered / 2000, `rate ${rate}`).toBeGreaterThan(0.92);
      expect(covered / 2000, `rate ${rate}`).toBeLessThan(0.99);
    }
  });
});

describe("McNemar's exact test", () => {
  it('is the two-sided binomial test of the pairs that differ', () => {
    // SciPy 1.10.1, binomtest(k, n).pvalue
    expect(mcnemarP(3, 11)).toBeCloseTo(0.057373046875, 15);
    expect(mcnemarP(5, 0)).toBe(0.0625);
    expect(mcnemarP(7, 7)).toBe(1);
    expect(mcnemarP(0, 0)).toBe(1);
    expect(mcnemarP(400, 1100) / 1.2580457191556202e-75).toBeCloseTo(1, 9); // 1 / 2^1500 is no double
  });
});

describe('the rank correlation', () => {
  const random = () => seededRandom(3);

  it("is Spearman's, ties sharing their rank", () => {
    // SciPy 1.10.1, spearmanr
    const { value } = rankCorrelation([1, 2, 2, 4, 7, 3, 9], [2, 1, 4, 4, 8, 3, 3], random());
    expect(value).toBeCloseTo(0.5229577884350214, 12);
  });

  it('does not change under any increasing map, and is 1 or -1 for one order and its reverse', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 3, maxLength: 12 }), (x) => {
        const cubes = x.map((value) => value ** 3);
        expect(rankCorrelation(x, cubes, random()).value).toBeCloseTo(1, 12);
        expect(
          rankCorrelation(
            x,
            cubes.map((value) => -value),
            random(),
          ).value,
        ).toBeCloseTo(-1, 12);
      }),
      { numRuns: 10 },
    );
  });

  it('has an interval that holds it and widens with fewer pairs, and none without an order', () => {
    const noise = random();
    const x = Array.from({ length: 40 }, (_, i) => i);
    const y = x.map((value) => value + 12 * noise.normal());
    const many = rankCorrelation(x, y, random());
    const few = rankCorrelation(x.slice(0, 8), y.slice(0, 8), random());
    expect(many.interval!.lo).toBeLessThan(many.value);
    expect(many.interval!.hi).toBeGreaterThan(many.value);
    expect(few.interval!.hi - few.interval!.lo).toBeGreaterThan(many.interval!.hi - many.interval!.lo);
    expect(rankCorrelation([1, 2], [1, 2], random())).toEqual({ value: Number.NaN, interval: undefined });
    expect(rankCorrelation([1, 1, 1], [1, 2, 3], random()).interval).toBeUndefined();
  });
});
