import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { studentQuantile } from '../../src/stats/distributions.ts';
import { meanInterval, ratioInterval } from '../../src/stats/fieller.ts';
import { meansOver } from '../../src/stats/levels.ts';

const own = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));

/** Standard normal numbers (Box and Muller 1958). */
const normals = (seed: number): (() => number) => {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
};

describe('means over levels', () => {
  it('have the variance s^2 / n over independent values', () => {
    const { means, covariance, df } = meansOver(
      [
        [1, 2, 6],
        [0, 3, 3],
      ],
      [own(3)],
    );
    expect(means).toEqual([3, 2]);
    expect(covariance[0]![0]).toBeCloseTo(7 / 3, 12);
    expect(covariance[0]![1]).toBeCloseTo((-2 * -2 + -1 * 1 + 3 * 1) / 2 / 3, 12);
    expect(df).toBe(2);
  });

  it('have the variance of the means of units whose values are all alike', () => {
    const values = [1, 1, 1, 2, 2, 2, 6, 6, 6];
    const artists = ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c'];
    const { covariance, df } = meansOver([values], [own(9), artists]);
    expect(covariance[0]![0]).toBeCloseTo(7 / 3, 12);
    expect(df).toBe(2);
  });

  it('are never more certain than over one of two crossed levels, nor less than over both', () => {
    // Value = prompt + training, without any noise: s_prompt^2 / 3 = 4 / 3, s_training^2 / 2 = 25.
    const values = [0, 2, 4].flatMap((prompt) => [0, 10].map((training) => prompt + training));
    const prompts = ['p', 'p', 'q', 'q', 'r', 'r'];
    const trainings = ['1', '2', '1', '2', '1', '2'];
    const { covariance, df } = meansOver([values], [prompts, trainings]);
    expect(covariance[0]![0]).toBeGreaterThanOrEqual(25);
    expect(covariance[0]![0]).toBeLessThanOrEqual(25 + 4 / 3);
    expect(df).toBeCloseTo(1, 1);
  });

  it('have no variance where a level has one unit: one training holds for this training alone', () => {
    const means = meansOver([[1, 2, 3]], [own(3), ['1', '1', '1']]);
    expect(means.df).toBe(0);
    expect(meanInterval(means, 0)).toBeUndefined();
  });

  const REPEATS = 1500;
  it.each([
    [2, 16, 0],
    [3, 8, 0.4],
    [3, 16, 0.6],
    [5, 16, 0.2],
  ])(
    'cover the truth with %i trainings, %i prompts and a spread of %f between trainings',
    (k, prompts, spread) => {
      const normal = normals(k + prompts);
      let covered = 0;
      for (let repeat = 0; repeat < REPEATS; repeat++) {
        const [values, byTraining, byPrompt] = [[] as number[], [] as string[], [] as string[]];
        const ofPrompt = Array.from({ length: prompts }, () => 0.5 * normal());
        for (let training = 0; training < k; training++) {
          const shift = spread * normal();
          for (const [p, level] of ofPrompt.entries()) {
            values.push(1 + shift + level + normal());
            byTraining.push(String(training));
            byPrompt.push(String(p));
          }
        }
        const { lo, hi } = meanInterval(meansOver([values], [byTraining, byPrompt]), 0)!;
        if (lo <= 1 && 1 <= hi) covered++;
      }
      expect(covered / REPEATS).toBeGreaterThan(0.92);
    },
  );
});

describe("Fieller's set", () => {
  it('is the interval of the numerator over a denominator that is known', () => {
    const values = [0.2, 0.5, 0.8, 0.3];
    const means = meansOver([values, [2, 2, 2, 2]], [own(4)]);
    const mean = meanInterval(means, 0)!;
    const ratio = ratioInterval(means, 0, 1)!;
    expect(ratio.lo).toBeCloseTo(mean.lo / 2, 10);
    expect(ratio.hi).toBeCloseTo(mean.hi / 2, 10);
  });

  it('holds the ratios at which the difference cannot be told from 0', () => {
    const means = meansOver(
      [
        [1.1, 0.7, 1.4, 0.9],
        [2.2, 1.8, 2.9, 1.9],
      ],
      [own(4)],
    );
    const { lo, hi } = ratioInterval(means, 0, 1)!;
    for (const r of [lo, hi]) {
      const [a, b] = means.means as [number, number];
      const [[aa, ab], [, bb]] = means.covariance as [[number, number], [number, number]];
      const t = (a - r * b) / Math.sqrt(aa - 2 * r * ab + r * r * bb);
      expect(Math.abs(t)).toBeCloseTo(studentQuantile(0.975, 3), 8);
    }
  });

  it('is no interval if the denominator cannot be told from 0', () => {
    expect(
      ratioInterval(
        meansOver(
          [
            [1, 2, 3],
            [-1, 0.5, 1],
          ],
          [own(3)],
        ),
        0,
        1,
      ),
    ).toBeUndefined();
  });

  it.each([3, 4, 6, 12])('covers the ratio with %i images', (n) => {
    const normal = normals(n);
    let covered = 0;
    const repeats = 2000;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const effect = Array.from({ length: n }, () => 1 + 0.4 * normal());
      const left = effect.map((value) => 0.5 * value + 0.1 * normal());
      const interval = ratioInterval(meansOver([left, effect], [own(n)]), 0, 1);
      if (interval === undefined || (interval.lo <= 0.5 && 0.5 <= interval.hi)) covered++;
    }
    expect(covered / repeats).toBeGreaterThan(0.92);
  });
});
