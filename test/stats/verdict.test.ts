import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { byLevels, type Inference } from '../../src/stats/inference.ts';
import { type Residual, residual } from '../../src/stats/residual.ts';
import { adjustedVerdicts, THRESHOLDS, verdict } from '../../src/stats/verdict.ts';

const found = (
  value: number,
  lo: number,
  hi: number,
  effect: [number, number] = [0.1, 0.2],
  n = 20,
): Residual => ({
  n,
  effect: { value: (effect[0] + effect[1]) / 2, interval: { lo: effect[0], hi: effect[1] } },
  surviving: { value: 0.1, interval: { lo: 0, hi: 1 } },
  ratio: { value, interval: { lo, hi } },
  means: { means: [], covariance: [], df: 0 },
  effectPerImage: new Float64Array(),
  survivingPerImage: new Float64Array(n),
  perImage: new Float64Array(n),
});

describe('the verdict', () => {
  it.each([
    [0.95, 0.85, 1.05, 'holds'],
    [1.2, 0.9, 1.5, 'holds'],
    [1.5, 1.3, 1.7, 'amplified'],
    [0.5, 0.3, 0.7, 'weakened'],
    [0.5, 0.2, 0.8, 'weakened'],
    [0.05, -0.1, 0.15, 'broken'],
    [0.9, 0.7, 1.1, 'inconclusive'],
    [0.1, -0.2, 0.3, 'inconclusive'],
  ])('for R %d in [%d, %d] is %s', (value, lo, hi, word) => {
    expect(verdict(found(value, lo, hi)).word).toBe(word);
  });

  it('does not look at the point', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 2, noNaN: true }), (point) => {
        expect(verdict(found(point, 0.85, 0.99)).word).toBe('holds');
        expect(verdict(found(point, 0.1, 0.9)).word).toBe('inconclusive');
      }),
    );
  });

  it.each([
    [[-0.3, -0.1], 'no effect'],
    [[0, 0], 'no effect'],
    [[-0.01, 0.04], 'no effect'],
    [[0.01, 0.04], 'no effect'],
    [[-0.01, 0.2], 'inconclusive'],
    [[-0.3, 0.06], 'inconclusive'],
    [[0.01, 0.2], 'holds'],
  ] as [[number, number], string][])(
    'with an effect in %j and a smallest effect of 0.05 is %s',
    (effect, word) => {
      expect(verdict({ ...found(0.9, 0.85, 0.95, effect), smallest: 0.05 }).word).toBe(word);
    },
  );

  it('never says "no effect" of an interval that reaches beyond 0 if nobody said what is too small', () => {
    expect(verdict(found(0.9, 0.85, 0.95, [-0.01, 0.001])).word).toBe('inconclusive');
    expect(verdict(found(0.9, 0.85, 0.95, [-0.3, -0.1])).word).toBe('no effect');
  });

  it('asks the placebo in the same way', () => {
    const over = (lo: number, hi: number) => {
      const excess = { value: (lo + hi) / 2, interval: { lo, hi } };
      return verdict({ ...found(0.9, 0.85, 0.95), excess, smallest: 0.05 }).word;
    };
    expect([over(0.01, 0.2), over(-0.01, 0.2), over(-0.03, 0.04)]).toEqual([
      'holds',
      'inconclusive',
      'no effect',
    ]);
  });

  it('says how many more images would show or exclude an effect', () => {
    // The upper end has to come from 0.1 above the point to 0.05 above it: four times the images.
    expect(verdict({ ...found(0, 0, 1, [-0.1, 0.1]), smallest: 0.05 }).moreImages).toBe(60);
  });

  it('names the bands that an inconclusive interval leaves open', () => {
    expect(verdict(found(0.9, 0.7, 1.1)).open).toEqual(['weakened', 'holds']);
    expect(verdict(found(0.5, 0.1, 0.9)).open).toEqual(['broken', 'weakened', 'holds']);
  });

  it('says how many more images would settle it', () => {
    // 0.9 is 0.1 above the threshold, half of the lower half-width: four times the images.
    expect(verdict(found(0.9, 0.7, 1.1)).moreImages).toBe(60);
    expect(verdict(found(0.8, 0.7, 1.1)).moreImages).toBeUndefined(); // on the threshold: no number would
    expect(verdict(found(0.9, 0.7, Infinity)).moreImages).toBe(60);
    expect(verdict(found(0.5, 0.3, Infinity)).moreImages).toBeUndefined();
  });

  it('follows the thresholds it is given', () => {
    expect(verdict(found(0.6, 0.55, 0.7), { holds: 0.5, broken: 0.1 }).word).toBe('holds');
  });

  it('of one image, one cluster or none is inconclusive, with its reason', () => {
    const one = { clean: [0], protected: [1], attackedClean: [0], attackedProtected: [1] };
    expect(verdict(residual(one, byLevels([['a']])))).toEqual({
      word: 'inconclusive',
      reason: 'One image gives no interval.',
      open: [],
    });
    const two = { clean: [0, 0], protected: [1, 2], attackedClean: [0, 0], attackedProtected: [1, 2] };
    const cluster = residual(two, byLevels([['a', 'a']]));
    expect(verdict(cluster).reason).toBe(
      'All images belong to one artist, or to one training, which gives no interval.',
    );
    const none = { clean: [], protected: [], attackedClean: [], attackedProtected: [] };
    expect(verdict(residual(none, byLevels([[]]))).reason).toBe(
      'No image has a measurement in all four arms.',
    );
  });
});

describe('verdicts over many attacks', () => {
  const normals = seededRandom(3);
  const n = 8;
  const images: Inference = byLevels([Array.from({ length: n }, (_, i) => String(i))]);
  /** Effects of 1 of which an attack leaves `share`, give or take what chance does to an image. */
  const simulated = (share: number): Residual => {
    const clean = new Float64Array(n);
    const protectedArm = clean.map(() => 1 + 0.2 * normals.normal());
    const left = protectedArm.map((effect) => share * effect + 0.4 * normals.normal());
    return residual(
      { clean, protected: protectedArm, attackedClean: clean, attackedProtected: left },
      images,
    );
  };

  it('say broken of hardly any attack that stays above the threshold, where single verdicts do', () => {
    let [alone, together] = [0, 0];
    const families = 100;
    for (let family = 0; family < families; family++) {
      const found = Array.from({ length: 20 }, () => simulated(0.22));
      const single = found.map((each) => verdict(each));
      const adjusted = adjustedVerdicts(
        single,
        found.map(({ means }) => means),
        THRESHOLDS,
      );
      if (single.some(({ word }) => word === 'broken')) alone++;
      if (adjusted.some(({ word }) => word === 'broken')) together++;
    }
    expect(alone / families).toBeGreaterThan(0.15);
    expect(together / families).toBeLessThan(0.06);
  });

  it('leave a claim that is beyond doubt as it is, and a single claim alone', () => {
    const broken = residual(
      {
        clean: [0, 0, 0, 0],
        protected: [1, 1.1, 0.9, 1],
        attackedClean: [0, 0, 0, 0],
        attackedProtected: [0.01, 0, -0.01, 0],
      },
      byLevels([['a', 'b', 'c', 'd']]),
    );
    const many = [broken, broken, broken];
    const words = adjustedVerdicts(
      many.map((each) => verdict(each)),
      many.map(({ means }) => means),
      THRESHOLDS,
    ).map(({ word }) => word);
    expect(words).toEqual(['broken', 'broken', 'broken']);
  });
});
