import { describe, expect, it } from 'vitest';
import { deriveSeed, seededRandom } from '../../../src/random.ts';
import { matrix, type Matrix, nuclearNorm } from '../../../src/stats/linear/matrix.ts';

/** H1 diag(s) H2 with two random reflections H = I - 2 v v^T / v.v: its singular values are s. */
function withSingularValues(rows: number, values: Float64Array): Matrix {
  const random = seededRandom(deriveSeed(`reflections ${rows}`));
  const columns = values.length;
  const [v, w] = [rows, columns].map((n) => Float64Array.from({ length: n }, () => random.normal())) as [
    Float64Array,
    Float64Array,
  ];
  const [vv, ww] = [v, w].map((x) => x.reduce((sum, value) => sum + value * value, 0));
  const result = matrix(rows, columns);
  // (I - 2 v v'/vv) D (I - 2 w w'/ww) = D - 2 v (v'D)/vv - 2 (D w) w'/ww + 4 v (v'D w) w'/(vv ww)
  const across = values.reduce((sum, s, i) => sum + v[i]! * s * w[i]!, 0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const s = i === j ? values[i]! : 0;
      const left = (-2 * v[i]! * v[j]! * values[j]!) / vv!;
      const right = i < columns ? (-2 * values[i]! * w[i]! * w[j]!) / ww! : 0;
      result.data[i * columns + j] = s + left + right + (4 * v[i]! * across * w[j]!) / (vv! * ww!);
    }
  }
  return result;
}

describe('the nuclear norm', () => {
  it.each([
    [5, 3],
    [60, 60],
    [131, 97],
    [640, 513], // large enough for threads, and no multiple of anything
  ])(
    'of a %d x %d matrix is the sum of its singular values, over twelve orders of magnitude',
    (rows, columns) => {
      const values = Float64Array.from({ length: columns }, (_, i) => 10 ** ((-12 * i) / columns));
      const sum = values.reduce((a, b) => a + b, 0);
      expect(Math.abs(nuclearNorm(withSingularValues(rows, values)) / sum - 1)).toBeLessThan(1e-12);
    },
  );

  it('is the same number every time, whatever threads do', () => {
    const wide = withSingularValues(
      700,
      Float64Array.from({ length: 520 }, (_, i) => 1 + (i % 7)),
    );
    const first = nuclearNorm(wide);
    for (let k = 0; k < 3; k++) expect(nuclearNorm(wide)).toBe(first);
  });
});
