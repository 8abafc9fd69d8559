import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { greaterP, lessP } from '../../src/stats/claims.ts';
import { leastElsewhere } from '../../src/stats/cross-fit.ts';
import { studentCdf, studentQuantile } from '../../src/stats/distributions.ts';
import { meanInterval, ratioInterval } from '../../src/stats/fieller.ts';
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
  it('is chosen for each unit by all others', () => {
    // Without the first unit, option 1 is least; without any other, option 0 is.
    expect(
      leastElsewhere([
        [-9, 1, 1, 1],
        [1, 0.5, 0.5, 0.5],
      ]),
    ).toEqual([1, 0, 0, 0]);
  });

  it('is not biased by the choice, as the plain minimum is', () => {
    const random = seededRandom(7);
    const normal = (): number =>
      Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
    let [fitted, plain] = [0, 0];
    const repeats = 800;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const options = Array.from({ length: 20 }, () => Array.from({ length: 12 }, () => 1 + 0.3 * normal()));
      const chosen = leastElsewhere(options);
      fitted += chosen.reduce((sum, option, unit) => sum + options[option]![unit]!, 0) / 12 / repeats;
      for (let unit = 0; unit < 12; unit++)
        plain += Math.min(...options.map((option) => option[unit]!)) / 12 / repeats;
    }
    expect(Math.abs(fitted - 1)).toBeLessThan(0.02);
    expect(plain).toBeLessThan(0.5);
  });
});
