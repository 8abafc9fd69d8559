import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/random.ts';
import { triangularFactor } from '../../../src/stats/linear/factor.ts';
import { matrix, timesTransposed, transposed } from '../../../src/stats/linear/matrix.ts';
import { multiplying } from '../../../src/stats/linear/product.ts';

describe('the triangular factor', () => {
  it.each([
    ['fewer rows than a panel has', 20, 40],
    ['rows of three panels, the last one cut off', 300, 310],
    ['less rank than rows', 300, 170],
    ['products by ONNX Runtime', 300, 900],
  ])('U of X X^T has U^T U = X X^T and nothing below its diagonal: %s', async (_, d, n) => {
    const random = seededRandom(d + n);
    const x = matrix(
      d,
      n,
      Float64Array.from({ length: d * n }, () => random.normal()),
    );
    const upper = await multiplying(d * d * n, (multiply) => triangularFactor(x, multiply));
    const [lower, expected] = [transposed(upper), timesTransposed(x, x)];
    const found = timesTransposed(lower, lower);
    const furthest = found.data.reduce((most, v, i) => Math.max(most, Math.abs(v - expected.data[i]!)), 0);
    expect(furthest / n).toBeLessThan(1e-12);
    for (let i = 0; i < d; i++) {
      expect(upper.data.subarray(i * d, i * d + i).every((v) => v === 0)).toBe(true);
      expect(upper.data[i * d + i]).toBeGreaterThanOrEqual(0);
    }
  });
});
