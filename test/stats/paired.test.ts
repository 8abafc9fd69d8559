import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { byLevels } from '../../src/stats/inference.ts';
import { benjaminiHochberg, holm, pairedTest, signFlipP } from '../../src/stats/paired.ts';

describe('the sign-flip test', () => {
  it('tries every assignment of signs for few pairs', () => {
    // |sum| >= 6 only for + + + and - - -; of 1 1 -1 every assignment but none is less than |1|.
    expect(signFlipP([1, 2, 3], seededRandom(0))).toBe(2 / 8);
    expect(signFlipP([1, 1, -1], seededRandom(0))).toBe(1);
    expect(signFlipP([0, 0], seededRandom(0))).toBe(1);
  });

  it('rejects a true null no more often than its level, with drawn signs', () => {
    const random = seededRandom(7);
    const rejected = Array.from({ length: 200 }, () =>
      signFlipP(
        Array.from({ length: 15 }, () => random.normal()),
        random,
      ),
    ).filter((p) => p < 0.05).length;
    expect(rejected).toBeGreaterThan(0);
    expect(rejected).toBeLessThan(24); // 10 expected, standard deviation 3
  });

  it('finds a shift of two standard deviations', () => {
    const random = seededRandom(8);
    const differences = Array.from({ length: 20 }, () => 2 + random.normal());
    expect(signFlipP(differences, random)).toBeLessThan(0.001);
  });
});

describe('Holm adjustment', () => {
  it('is the textbook case', () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((p, i) => {
      expect(adjusted[i]).toBeCloseTo(p, 12);
    });
  });

  it('never lowers a p, and keeps their order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }), (ps) => {
        const adjusted = holm(ps);
        ps.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          ps.forEach((q, j) => {
            if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
          });
        });
      }),
    );
  });
});

describe("Benjamini and Hochberg's adjustment", () => {
  it('multiplies each p by the number of tests over its rank, and keeps the order', () => {
    expect(benjaminiHochberg([0.01, 0.04, 0.03, 0.2, 0.005])).toEqual(
      [0.025, 0.05, 0.05, 0.2, 0.025].map((p) => expect.closeTo(p, 12)),
    );
    expect(benjaminiHochberg([])).toEqual([]);
  });

  it("is never stricter than Holm's, nor below the p it adjusts", () => {
    const ps = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(ps, (given) => {
        const [bh, strict] = [benjaminiHochberg(given), holm(given)];
        given.forEach((p, i) => {
          expect(bh[i]).toBeGreaterThanOrEqual(p - 1e-12);
          expect(bh[i]).toBeLessThanOrEqual(strict[i]! + 1e-12);
        });
      }),
    );
  });
});

const minimumDetectable = (values: readonly number[]): number =>
  byLevels([values.map((_, i) => String(i))]).detectable(values);

describe('a paired test over artists', () => {
  it('rejects a true null no more often than its level, where a test over images would', () => {
    const random = seededRandom(12);
    const artists = Array.from({ length: 40 }, (_, i) => `artist ${i % 4}`);
    const images = artists.map((_, i) => String(i));
    const rejected = { artist: 0, image: 0 };
    for (let trial = 0; trial < 300; trial++) {
      const shared = Array.from({ length: 4 }, () => random.normal());
      const values = artists.map((_, i) => shared[i % 4]! + random.normal());
      if (pairedTest(byLevels([artists]), values, random).p < 0.05) rejected.artist++;
      if (pairedTest(byLevels([images]), values, random).p < 0.05) rejected.image++;
    }
    expect(rejected.artist / 300).toBeLessThan(0.09);
    expect(rejected.image / 300).toBeGreaterThan(0.3);
  });
});

describe('the minimum detectable effect', () => {
  it('is the sum of two quantiles of t times the standard error', () => {
    // SciPy 1.10.1: (t.ppf(.975, 4) + t.ppf(.8, 4)) * std(ddof=1) / sqrt(5)
    expect(minimumDetectable([0.1, 0.3, -0.2, 0.5, 0.4])).toBeCloseTo(0.4613184096697255, 10);
    expect(minimumDetectable([1])).toBeNaN();
  });

  it('is found about four times in five', () => {
    const random = seededRandom(11);
    const size =
      minimumDetectable(Array.from({ length: 20_000 }, () => random.normal())) * Math.sqrt(20_000 / 20);
    let found = 0;
    for (let trial = 0; trial < 300; trial++) {
      const sample = Array.from({ length: 20 }, () => size + random.normal());
      const mean = sample.reduce((sum, value) => sum + value, 0) / 20;
      const sd = Math.sqrt(sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 19);
      if ((mean / sd) * Math.sqrt(20) > 2.093) found++;
    }
    expect(found / 300).toBeGreaterThan(0.7);
    expect(found / 300).toBeLessThan(0.87);
  });
});
