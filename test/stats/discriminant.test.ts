import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { discriminant } from '../../src/stats/discriminant.ts';

/** Vectors that differ much in directions that say nothing of the class, and a little in one that does. */
function vectors(count: number, sign: number, seed: number): Float32Array[] {
  const random = seededRandom(0x9e3779b9 ^ seed);
  return Array.from({ length: count }, () => {
    const vector = Float32Array.from({ length: 12 }, (_, i) => (i < 4 ? 3 * (random.uniform() - 0.5) : 0.5));
    vector[11] = 0.5 + 0.15 * sign + 0.05 * (random.uniform() - 0.5);
    return vector;
  });
}
const accuracy = (classOf: (vector: Float32Array) => string): number => {
  const right = [...vectors(100, 1, 7)].filter((vector) => classOf(vector) === 'up').length;
  return (right + vectors(100, -1, 8).filter((vector) => classOf(vector) === 'down').length) / 200;
};

describe('a linear classifier', () => {
  it('finds the direction that tells classes apart among those that do not', () => {
    const classOf = discriminant(
      new Map([
        ['up', vectors(40, 1, 1)],
        ['down', vectors(40, -1, 2)],
      ]),
    );
    expect(accuracy(classOf)).toBeGreaterThan(0.95);
  });

  it('knows no class of vectors that do not differ by it', () => {
    const classOf = discriminant(
      new Map([
        ['up', vectors(40, 0, 1)],
        ['down', vectors(40, 0, 2)],
      ]),
    );
    expect(accuracy(classOf)).toBeLessThan(0.8);
  });

  it('does not mind how long vectors are', () => {
    const classes = new Map([
      ['up', vectors(20, 1, 1)],
      ['down', vectors(20, -1, 2)],
    ]);
    const longer = new Map([...classes].map(([name, list]) => [name, list.map((v) => v.map((x) => 5 * x))]));
    const [plain, scaled] = [discriminant(classes), discriminant(longer)];
    for (const vector of vectors(50, 0.3, 5)) expect(scaled(vector.map((x) => 9 * x))).toBe(plain(vector));
  });

  it('tells more than two classes, and of one vector each', () => {
    const one = (i: number) => Float32Array.from({ length: 6 }, (_, j) => Number(i === j) + 0.1);
    const classOf = discriminant(new Map(['a', 'b', 'c'].map((name, i) => [name, [one(i)]])));
    expect([0, 1, 2].map((i) => classOf(one(i)))).toEqual(['a', 'b', 'c']);
  });

  it('scores as the normal equations with an intercept that is not shrunk do', () => {
    // By hand: two unit vectors at right angles, one a class. The boundary is their bisector.
    const classOf = discriminant(
      new Map([
        ['x', [Float32Array.of(1, 0)]],
        ['y', [Float32Array.of(0, 1)]],
      ]),
    );
    expect(classOf(Float32Array.of(1, 0.99))).toBe('x');
    expect(classOf(Float32Array.of(0.99, 1))).toBe('y');
  });
});
