import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { resample } from '../../src/stats/bootstrap.ts';
import { type Residual, residual } from '../../src/stats/residual.ts';
import { verdict } from '../../src/stats/verdict.ts';

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
  effectPerImage: new Float64Array(),
  survivingPerImage: new Float64Array(n),
  perImage: new Float64Array(n),
});

describe('the verdict', () => {
  it.each([
    [0.95, 0.85, 1.05, 'holds'],
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

  it.each([[[-0.01, 0.2]], [[0, 0]], [[-0.3, -0.1]]] as [[number, number]][])(
    'is "no effect" where the effect before the attack lies in %j',
    (effect) => {
      expect(verdict(found(0.9, 0.85, 0.95, effect)).word).toBe('no effect');
    },
  );

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
    expect(verdict(residual(one, resample(1, seededRandom(1))))).toEqual({
      word: 'inconclusive',
      reason: 'One image gives no interval.',
      open: [],
    });
    const two = { clean: [0, 0], protected: [1, 2], attackedClean: [0, 0], attackedProtected: [1, 2] };
    const cluster = residual(two, resample(2, seededRandom(1), { clusters: ['a', 'a'] }));
    expect(verdict(cluster).reason).toBe('All images belong to one cluster, which gives no interval.');
    const none = { clean: [], protected: [], attackedClean: [], attackedProtected: [] };
    expect(verdict(residual(none, resample(0, seededRandom(1)))).reason).toBe(
      'No image has a measurement in all four arms.',
    );
  });
});
