import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { resample } from '../../src/stats/bootstrap.ts';
import { byBootstrap, byLevels, type Inference } from '../../src/stats/inference.ts';
import { type ArmEffects, finiteImages, residual } from '../../src/stats/residual.ts';

const draws = 1000;

const own = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));

/** A bootstrap over independent images. */
const drawn = (n: number, seed: number, draws: number): Inference =>
  byBootstrap(resample(n, seededRandom(seed), { draws }), [own(n)]);

/** Images whose protection has effect `effects[i]`, of which `shares[i]` survives, above an arbitrary control arm. */
const armsOf = (effects: readonly number[], shares: readonly number[]): ArmEffects => {
  const control = effects.map((_, i) => 0.05 * (i % 7));
  return {
    clean: effects.map(() => 0),
    protected: [...effects],
    attackedClean: control,
    attackedProtected: effects.map((effect, i) => control[i]! + shares[i]! * effect),
  };
};

describe('the residual', () => {
  const effects = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 2, maxLength: 20 });

  it('is 1 with no width where the attack changes nothing', () => {
    fc.assert(
      fc.property(effects, (d) => {
        const arms = {
          ...armsOf(
            d,
            d.map(() => 1),
          ),
          attackedClean: d.map(() => 0),
          attackedProtected: d,
        };
        const { ratio } = residual(arms, drawn(d.length, 1, 200));
        expect(ratio).toEqual({ value: 1, interval: { lo: 1, hi: 1 } });
      }),
      { numRuns: 20 },
    );
  });

  it('is 0 where the attack makes protected and clean the same, however much it spoils both', () => {
    const { ratio } = residual(armsOf([0.2, 0.3, 0.1], [0, 0, 0]), drawn(3, 2, draws));
    expect(ratio).toEqual({ value: 0, interval: { lo: 0, hi: 0 } });
  });

  it('does not change with the unit of the effect', () => {
    const arms = armsOf([0.2, 0.3, 0.1, 0.4], [0.5, 0.2, 0.9, 0.4]);
    const scaled: ArmEffects = {
      clean: Array.from(arms.clean, (d) => 255 * d),
      protected: Array.from(arms.protected, (d) => 255 * d),
      attackedClean: Array.from(arms.attackedClean, (d) => 255 * d),
      attackedProtected: Array.from(arms.attackedProtected, (d) => 255 * d),
    };
    const inference = drawn(4, 3, draws);
    const plain = residual(arms, inference).ratio;
    const other = residual(scaled, inference).ratio;
    expect(other.value).toBeCloseTo(plain.value, 12);
    expect(other.interval!.lo).toBeCloseTo(plain.interval!.lo, 9);
    expect(other.interval!.hi).toBeCloseTo(plain.interval!.hi, 9);
  });

  it('pools as a ratio of means, not as a mean of ratios', () => {
    const { ratio, perImage } = residual(armsOf([0.9, 0.1], [1, 0]), drawn(2, 4, draws));
    expect(ratio.value).toBeCloseTo(0.9, 12);
    expect([...perImage].map((r) => Math.round(r * 1e9) / 1e9)).toEqual([1, 0]);
  });

  it('is not a number for an image that the protection leaves alone', () => {
    const { perImage } = residual(armsOf([0.5, 0], [0.5, 0.5]), drawn(2, 5, draws));
    expect(perImage[1]).toBeNaN();
  });

  it('has an unbounded interval where the effect may vanish', () => {
    const { ratio } = residual(
      armsOf(
        [1, -0.9, 0.2, -0.1],
        [1, 1, 1, 1].map((_, i) => i),
      ),
      drawn(4, 6, draws),
    );
    expect(ratio.interval!.hi === Infinity || ratio.interval!.lo === -Infinity).toBe(true);
  });

  it('leaves out images with an infinite effect', () => {
    const arms = armsOf([0.1, 0.2, 0.3], [1, 1, 1]);
    expect(finiteImages({ ...arms, clean: [0, -Infinity, Number.NaN] })).toEqual([0]);
  });

  it.each([
    ['a bootstrap', (n: number) => drawn(n, 0, draws)],
    ["Student's t and Fieller's set", (n: number) => byLevels([own(n)])],
  ] as const)(
    'is covered by its 95 percent interval about 95 percent of the time, by %s',
    (_, inferenceOf) => {
      const n = 20;
      const inference = inferenceOf(n);
      const random = seededRandom(7);
      const trials = 500;
      let hits = 0;
      for (let trial = 0; trial < trials; trial++) {
        const d = Array.from({ length: n }, () => 0.1 * Math.exp(0.4 * random.normal()));
        const shares = d.map(() => 0.5 + 0.2 * random.normal()); // independent of d: the true R is 0.5
        const { lo, hi } = residual(armsOf(d, shares), inference).ratio.interval!;
        if (lo <= 0.5 && 0.5 <= hi) hits++;
      }
      expect(hits / trials).toBeGreaterThan(0.92);
      expect(hits / trials).toBeLessThan(0.98);
    },
  );

  it("has no interval by Fieller's set if the effect cannot be told from 0", () => {
    const found = residual(armsOf([0.1, -0.2, 0.15], [1, 1, 1]), byLevels([own(3)]));
    expect(found.ratio.interval).toBeUndefined();
  });
});
