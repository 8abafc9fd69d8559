import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { holm, signFlipP } from '../../src/stats/paired.ts';

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
