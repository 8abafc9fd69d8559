import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../src/random.ts';
import {
  bootstrapInterval,
  type IntervalOptions,
  resample,
  type Statistic,
  weightedMean,
} from '../../src/stats/bootstrap.ts';

const mean =
  (values: ArrayLike<number>): Statistic =>
  (weights) =>
    weightedMean(values, weights);

describe('resampling', () => {
  it('draws as many images as there are, with replacement', () => {
    const { weights, n } = resample(7, seededRandom(1), { draws: 50 });
    for (let k = 0; k < 50; k++) {
      const drawn = weights.subarray(k * n, (k + 1) * n);
      expect(drawn.reduce((sum, weight) => sum + weight, 0)).toBe(7);
    }
    expect(weights.some((weight) => weight > 1)).toBe(true);
  });

  it('draws clusters as a whole', () => {
    const clusters = ['monet', 'monet', 'signac', 'monet', 'signac'];
    const { weights, n, units } = resample(5, seededRandom(2), { draws: 100, clusters });
    expect(units).toEqual([
      [0, 1, 3],
      [2, 4],
    ]);
    for (let k = 0; k < 100; k++) {
      const [a, b, c, d, e] = weights.subarray(k * n, (k + 1) * n);
      expect([b, d, e]).toEqual([a, a, c]);
      expect(a! + c!).toBe(2);
    }
  });

  it('gives the same draws for the same seed', () => {
    expect(resample(9, seededRandom(3)).weights).toEqual(resample(9, seededRandom(3)).weights);
  });
});

describe('a bootstrap interval', () => {
  const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 30 });

  it('lies within the range of the data', () => {
    fc.assert(
      fc.property(values, fc.constantFrom('bca', 'percentile'), (data, method) => {
        const drawn = resample(data.length, seededRandom(4), { draws: 200 });
        const { lo, hi } = bootstrapInterval(mean(data), drawn, { method })!;
        expect(lo).toBeLessThanOrEqual(hi);
        expect(lo).toBeGreaterThanOrEqual(Math.min(...data) - 1e-9);
        expect(hi).toBeLessThanOrEqual(Math.max(...data) + 1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it('moves and scales with the data', () => {
    const data = [0.3, 1.1, 0.7, 2.9, 0.2, 1.5];
    const drawn = resample(6, seededRandom(5), { draws: 2000 });
    const plain = bootstrapInterval(mean(data), drawn)!;
    const moved = bootstrapInterval(mean(data.map((x) => 3 * x - 2)), drawn)!;
    expect(moved.lo).toBeCloseTo(3 * plain.lo - 2, 9);
    expect(moved.hi).toBeCloseTo(3 * plain.hi - 2, 9);
  });

  it('of a constant is that constant', () => {
    const drawn = resample(4, seededRandom(6), { draws: 500 });
    expect(bootstrapInterval(mean([2, 2, 2, 2]), drawn)).toEqual({ lo: 2, hi: 2 });
  });

  it('does not exist for one image or one cluster', () => {
    expect(bootstrapInterval(mean([1]), resample(1, seededRandom(7)))).toBeUndefined();
    const oneCluster = resample(3, seededRandom(7), { clusters: ['a', 'a', 'a'] });
    expect(bootstrapInterval(mean([1, 2, 3]), oneCluster)).toBeUndefined();
  });

  it('is wider by clusters than by images where images of a cluster agree', () => {
    const clusters = Array.from({ length: 40 }, (_, i) => `artist ${i % 8}`);
    const data = clusters.map((name, i) => Number(name.at(-1)) + i / 1000);
    const width = (names?: string[]): number => {
      const { lo, hi } = bootstrapInterval(mean(data), resample(40, seededRandom(8), { clusters: names }))!;
      return hi - lo;
    };
    expect(width(clusters)).toBeGreaterThan(1.8 * width());
  });

  it('equals the normal interval where the central limit theorem holds', () => {
    const random = seededRandom(9);
    const data = Array.from({ length: 400 }, () => random.normal());
    const centre = data.reduce((sum, x) => sum + x, 0) / 400;
    const error = Math.sqrt(data.reduce((sum, x) => sum + (x - centre) ** 2, 0) / 400 / 400);
    for (const method of ['bca', 'percentile'] as const) {
      const { lo, hi } = bootstrapInterval(mean(data), resample(400, seededRandom(10)), { method })!;
      expect(Math.abs(lo - (centre - 1.96 * error))).toBeLessThan(0.15 * error);
      expect(Math.abs(hi - (centre + 1.96 * error))).toBeLessThan(0.15 * error);
    }
  });
});

describe('coverage of the 95 percent interval of a mean', () => {
  const coverage = (n: number, draw: (random: Random) => number, truth: number, options: IntervalOptions) => {
    const random = seededRandom(n);
    const drawn = resample(n, seededRandom(0), { draws: 2000 });
    const trials = 600;
    let hits = 0;
    for (let trial = 0; trial < trials; trial++) {
      const data = Array.from({ length: n }, () => draw(random));
      const { lo, hi } = bootstrapInterval(mean(data), drawn, options)!;
      if (lo <= truth && truth <= hi) hits++;
    }
    return hits / trials;
  };
  const normal = (random: Random): number => random.normal();
  const skewed = (random: Random): number => Math.exp(0.5 * random.normal());

  // 600 trials put two standard errors at 1.8 %.
  it.each([8, 20, 40])('is near 95 percent for %d normal images', (n) => {
    const covered = coverage(n, normal, 0, {});
    expect(covered).toBeGreaterThan(0.92);
    expect(covered).toBeLessThan(0.975);
  });

  it.each([20, 40])('is near 95 percent for %d skewed images', (n) => {
    expect(coverage(n, skewed, Math.exp(0.125), {})).toBeGreaterThan(0.91);
  });

  it('falls short for few images without the small-sample widening', () => {
    expect(coverage(8, normal, 0, { expand: false })).toBeLessThan(0.915);
  });
});
