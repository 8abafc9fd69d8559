import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { greaterP, lessP } from '../../src/stats/claims.ts';
import { leastElsewhere } from '../../src/stats/cross-fit.ts';
import { studentCdf, studentQuantile } from '../../src/stats/distributions.ts';
import { meanInterval, ratioInterval } from '../../src/stats/fieller.ts';
import { byLevels } from '../../src/stats/inference.ts';
import { meansOver } from '../../src/stats/levels.ts';

const own = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));

describe('one-sided claims', () => {
  const means = meansOver(
    [
      [1.1, 0.7, 1.4, 0.9],
      [2.2, 1.8, 2.9, 1.9],
    ],
    [own(4)],
  );

  it('are at level 0.025 where the end of the 95 % interval lies', () => {
    const mean = meanInterval(means, 0)!;
    expect(greaterP(means, [1, 0], mean.lo)).toBeCloseTo(0.025, 9);
    expect(lessP(means, [1, 0], mean.hi)).toBeCloseTo(0.025, 9);
    const ratio = ratioInterval(means, 0, 1)!;
    expect(greaterP(means, [1, -ratio.lo])).toBeCloseTo(0.025, 9);
    expect(lessP(means, [1, -ratio.hi])).toBeCloseTo(0.025, 9);
  });

  it('are certain or impossible if nothing varies, and 1 if there is one unit', () => {
    const constant = meansOver([[2, 2, 2]], [own(3)]);
    expect([greaterP(constant, [1], 1), greaterP(constant, [1], 3)]).toEqual([0, 1]);
    expect(greaterP(meansOver([[2]], [own(1)]), [1], 1)).toBe(1);
  });

  it("rest on Student's distribution", () => {
    for (const [t, df] of [
      [-3, 2],
      [-0.4, 5],
      [1.7, 9],
    ] as const)
      expect(studentQuantile(studentCdf(t, df), df)).toBeCloseTo(t, 9);
  });
});

describe('the least of several options', () => {
  it('is chosen for each half by the other one', () => {
    // Option 0 is least over b and d, option 1 over a and c.
    const values = [
      [5, 1, 5, 1],
      [2, 3, 2, 3],
    ];
    expect(leastElsewhere(values, ['a', 'b', 'c', 'd'])).toEqual([0, 1, 0, 1]);
    expect(leastElsewhere(values, ['a', 'a', 'b', 'b'])).toEqual([1, 1, 1, 1]);
  });

  it('is not biased by the choice, as the plain minimum is, and its interval holds', () => {
    const random = seededRandom(7);
    let [fitted, plain, held] = [0, 0, 0];
    const repeats = 600;
    const inference = byLevels([own(12)]);
    for (let repeat = 0; repeat < repeats; repeat++) {
      const options = Array.from({ length: 20 }, () =>
        Array.from({ length: 12 }, () => 1 + 0.3 * random.normal()),
      );
      const chosen = leastElsewhere(options, own(12));
      const { value, interval } = inference.mean(chosen.map((option, unit) => options[option]![unit]!));
      fitted += value / repeats;
      if (interval!.lo <= 1 && 1 <= interval!.hi) held++;
      for (let unit = 0; unit < 12; unit++)
        plain += Math.min(...options.map((option) => option[unit]!)) / 12 / repeats;
    }
    expect(Math.abs(fitted - 1)).toBeLessThan(0.02);
    expect(held / repeats).toBeGreaterThan(0.88);
    expect(plain).toBeLessThan(0.5);
  });
});
