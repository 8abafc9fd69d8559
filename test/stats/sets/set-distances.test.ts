import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  constantFeatures,
  differentFeatures,
  tooFewNeighbours,
  unequalSets,
  unusableFeatures,
  zeroFeatures,
} from '../../../src/messages/index.ts';
import { readNpy } from '../../../src/onnx/npy.ts';
import { toFloat64 } from '../../../src/onnx/tensor.ts';
import { type Random, seededRandom } from '../../../src/random.ts';
import { checkComparable, type FeatureSet, featureSet } from '../../../src/stats/sets/features.ts';
import { frechetDistance } from '../../../src/stats/sets/frechet.ts';
import { gaussianDiscrepancy, kernelDistance } from '../../../src/stats/sets/mmd.ts';
import { precisionAndRecall } from '../../../src/stats/sets/manifold.ts';
import { goldenCases } from '../../golden.ts';
import { describeShared } from '../../shared.ts';

const set = (n: number, d: number, value: (i: number, j: number) => number, name = 'set'): FeatureSet =>
  featureSet(
    name,
    [n, d],
    Float64Array.from({ length: n * d }, (_, k) => value(Math.floor(k / d), k % d)),
  );

const normal = (n: number, d: number, random: Random, { mean = 0, scale = 1 } = {}): FeatureSet =>
  set(n, d, () => mean + scale * random.normal());

describeShared('set distances against NumPy and SciPy', ['golden', 'images'], (folder) => {
  for (const golden of goldenCases(folder, 'set-metric')) {
    it(`${golden.a} and ${golden.b} agree within 1e-5`, async () => {
      const read = async (name: string): Promise<FeatureSet> => {
        const array = await readNpy(join(folder, name));
        return featureSet(name, array.dims, toFloat64(array));
      };
      const [a, b] = [await read(golden.a), await read(golden.b)];
      const { v, u } = gaussianDiscrepancy(a, b);
      const found = {
        frechet: await frechetDistance(a, b),
        kid_u: kernelDistance(a, b),
        cmmd_v_x1000: v,
        cmmd_u_x1000: u,
      };
      for (const [name, value] of Object.entries(found)) {
        expect(Math.abs(value / Number(golden[name]) - 1), name).toBeLessThan(1e-5);
      }
    });
  }
});

describe('the Fréchet distance', () => {
  it('is the closed form (m1 - m2)^2 + (s1 - s2)^2 in one dimension', async () => {
    const a = set(4, 1, (i) => [1, 2, 4, 9][i]!);
    const b = set(3, 1, (i) => [-3, 0, 6][i]!);
    const moments = (values: number[]): [number, number] => {
      const mean = values.reduce((s, v) => s + v, 0) / values.length;
      return [mean, Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / (values.length - 1))];
    };
    const [[m1, s1], [m2, s2]] = [moments([1, 2, 4, 9]), moments([-3, 0, 6])];
    expect(await frechetDistance(a, b)).toBeCloseTo((m1 - m2) ** 2 + (s1 - s2) ** 2, 12);
  });

  it('of a set with itself is 0 beside its variance, for n below, at and above d, and the shift alone when shifted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer(),
        async (n, d, seed) => {
          const random = seededRandom(seed);
          const a = normal(n, d, random, { scale: 5 });
          const moved = set(n, d, (i, j) => a.features.data[i * d + j]! + 3);
          expect(await frechetDistance(a, a)).toBeLessThan(1e-10 * d);
          expect((await frechetDistance(a, moved)) / (9 * d)).toBeCloseTo(1, 9);
        },
      ),
    );
  });

  it('has one value whichever of its two factors is taken: d features of variance 0 beside the others change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 3, max: 12 }), fc.integer(), async (d, seed) => {
        const random = seededRandom(seed);
        const [a, b] = [normal(15, d, random), normal(17, d, random, { mean: 1, scale: 2 })];
        const padded = ({ features: { rows, data } }: FeatureSet): FeatureSet =>
          set(rows, d + 10, (i, j) => (j < d ? data[i * d + j]! : 7));
        expect((await frechetDistance(padded(a), padded(b))) / (await frechetDistance(a, b))).toBeCloseTo(
          1,
          9,
        );
      }),
    );
  });

  it('is symmetric', async () => {
    const random = seededRandom(5);
    const [a, b] = [normal(9, 30, random), normal(50, 30, random)];
    expect(await frechetDistance(a, b)).toBeCloseTo(await frechetDistance(b, a), 9);
  });

  it('is the same where ONNX Runtime multiplies the matrices and where this program does', async () => {
    const random = seededRandom(8);
    // 400 x 250 x 250 is above the least size for a session, and 40 features of it below.
    const wide = normal(400, 250, random);
    const narrow = set(400, 40, (i, j) => wide.features.data[i * 250 + j]!);
    const other = normal(400, 40, random, { mean: 0.5 });
    const padded = (from: FeatureSet): FeatureSet =>
      set(400, 250, (i, j) => (j < 40 ? from.features.data[i * 40 + j]! : 0));
    const large = await frechetDistance(padded(narrow), padded(other));
    expect(large / (await frechetDistance(narrow, other))).toBeCloseTo(1, 10);
  });
});

describe('kernel distances', () => {
  it('equal the sums over pairs, written out', () => {
    const random = seededRandom(1);
    const [a, b] = [normal(300, 5, random), normal(270, 5, random, { mean: 0.5 })]; // more rows than one block
    const rows = ({ features: { rows: n, data } }: FeatureSet): number[][] =>
      Array.from({ length: n }, (_, i) => [...data.slice(i * 5, i * 5 + 5)]);
    const [x, y] = [rows(a), rows(b)];
    const dot = (p: number[], q: number[]): number => p.reduce((s, v, i) => s + v * q[i]!, 0);
    const mean = (
      p: number[][],
      q: number[][],
      k: (u: number[], v: number[]) => number,
      self: boolean,
    ): number => {
      let [sum, count] = [0, 0];
      p.forEach((u, i) => {
        q.forEach((v, j) => {
          if (self || i !== j) [sum, count] = [sum + k(u, v), count + 1];
        });
      });
      return sum / count;
    };
    const cubic = (u: number[], v: number[]): number => (dot(u, v) / 5 + 1) ** 3;
    const kid = mean(x, x, cubic, false) + mean(y, y, cubic, false) - 2 * mean(x, y, cubic, true);
    expect(kernelDistance(a, b)).toBeCloseTo(kid, 10);
    const gauss = (u: number[], v: number[]): number =>
      Math.exp((dot(u, v) / Math.sqrt(dot(u, u) * dot(v, v)) - 1) / 100);
    const v = mean(x, x, gauss, true) + mean(y, y, gauss, true) - 2 * mean(x, y, gauss, true);
    expect(gaussianDiscrepancy(a, b).v).toBeCloseTo(1000 * v, 8);
  });

  it('are 0 on average between sets of one distribution in the U form, and above 0 in the V form', () => {
    const random = seededRandom(2);
    const found = Array.from({ length: 200 }, () => {
      const [a, b] = [normal(20, 16, random), normal(20, 16, random)];
      return [kernelDistance(a, b), gaussianDiscrepancy(a, b).u, gaussianDiscrepancy(a, b).v];
    });
    const z = (column: number): number => {
      const values = found.map((each) => each[column]!);
      const mean = values.reduce((s, v) => s + v, 0) / values.length;
      const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / (values.length - 1);
      return mean / Math.sqrt(variance / values.length);
    };
    expect(Math.abs(z(0))).toBeLessThan(4);
    expect(Math.abs(z(1))).toBeLessThan(4);
    expect(z(2)).toBeGreaterThan(20);
  });

  it('are 0 for a set and itself in the paired form, and without bias where a set is compared with itself changed', () => {
    const random = seededRandom(6);
    const a = normal(30, 8, random);
    expect(kernelDistance(a, a, 'paired')).toBeCloseTo(0, 12);
    expect(gaussianDiscrepancy(a, a).paired).toBeCloseTo(0, 9);
    expect(kernelDistance(a, a)).toBeLessThan(-0.01); // the published form takes each vector for its own neighbour
    const found = Array.from({ length: 300 }, () => {
      const x = normal(20, 8, random);
      // Correlated with x, of the same distribution.
      const y = set(20, 8, (i, j) => 0.9 * x.features.data[i * 8 + j]! + Math.sqrt(0.19) * random.normal());
      return kernelDistance(x, y, 'paired');
    });
    const mean = found.reduce((s, v) => s + v, 0) / found.length;
    const variance = found.reduce((s, v) => s + (v - mean) ** 2, 0) / (found.length - 1);
    expect(Math.abs(mean / Math.sqrt(variance / found.length))).toBeLessThan(4);
  });

  it('refuse a vector without direction where lengths are divided by', () => {
    const zero = set(3, 2, (i) => i, 'z.npy');
    expect(() => gaussianDiscrepancy(zero, zero)).toThrow(zeroFeatures('z.npy', 0));
  });
});

describe('precision and recall', () => {
  it('are 1 for a set and itself, 0 for sets far apart, and tell a narrow set from a wide one', () => {
    const random = seededRandom(3);
    const [wide, narrow] = [normal(200, 2, random), normal(200, 2, random, { scale: 0.1 })];
    expect(precisionAndRecall(wide, wide)).toEqual({ k: 3, precision: 1, recall: 1 });
    expect(precisionAndRecall(wide, normal(200, 2, random, { mean: 99 }))).toMatchObject({
      precision: 0,
      recall: 0,
    });
    const { precision, recall } = precisionAndRecall(narrow, wide);
    expect(precision).toBeGreaterThan(0.95);
    expect(recall).toBeLessThan(0.2);
  });

  it('need a third neighbour', () => {
    const three = set(3, 2, (i, j) => i + j, 't.npy');
    expect(() => precisionAndRecall(three, three)).toThrow(tooFewNeighbours('t.npy', 3, 3));
  });
});

describe('a set of features', () => {
  it('is refused where it is no matrix, has one row, is not finite, or has no spread', () => {
    const make = (dims: number[], values: number[]) => () =>
      featureSet('f.npy', dims, Float64Array.from(values));
    expect(make([4], [1, 2, 3, 4])).toThrow(
      unusableFeatures('f.npy', 'expected a matrix [n, d] but its shape is [4]'),
    );
    expect(make([1, 2], [1, 2])).toThrow(
      unusableFeatures('f.npy', 'expected at least 2 rows, one an image, but it has 1'),
    );
    expect(make([2, 2], [1, 2, 3, Number.NaN])).toThrow(
      unusableFeatures('f.npy', 'NaN stands in row 1, column 1'),
    );
    expect(make([2, 2], [1, 2, 1, 2])).toThrow(constantFeatures('f.npy', 2));
  });

  it('is not compared with one of other features, nor of another size unless that is allowed', () => {
    const random = seededRandom(4);
    const [a, b] = [normal(5, 3, random), normal(6, 3, random)];
    expect(() => checkComparable(a, normal(5, 4, random))).toThrow(differentFeatures('set', 3, 'set', 4));
    expect(() => checkComparable(a, b)).toThrow(unequalSets('set', 5, 'set', 6));
    expect(() => checkComparable(a, b, { allowUnequal: true })).not.toThrow();
  });
});
