import { describe, expect, it } from 'vitest';
import { fromNumbers, type Tensor, toFloat64 } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { checkDirection, type Verdict } from '../../src/runtime/differences.ts';

const size = 64;
const random = seededRandom(3);
const point = fromNumbers(
  'float32',
  [size],
  Array.from({ length: size }, () => random.normal()),
);
const at = toFloat64(point);

/** Verdicts on 20 directions for a loss `sum f(x_i)`, computed in float32 per element, and a claimed gradient. */
async function verdicts(
  f: (x: number) => number,
  claimed: (x: number) => number,
  where: Tensor = point,
): Promise<Verdict[]> {
  const gradient = toFloat64(where).map(claimed);
  const claim = { wrt: 'x', point: where, gradient, tolerance: 0.01 };
  const loss = async (_: string, x: Tensor): Promise<number> =>
    toFloat64(x).reduce((sum, v) => sum + Math.fround(f(v)), 0);
  const checks = Array.from({ length: 20 }, (_, i) => checkDirection(claim, loss, seededRandom(i)));
  return (await Promise.all(checks)).map(({ verdict }) => verdict);
}

const every = (verdict: Verdict): Verdict[] => Array(20).fill(verdict);

describe('central differences', () => {
  it('confirm gradients of smooth functions', async () => {
    expect(await verdicts(Math.sin, Math.cos)).toEqual(every('ok'));
    expect(await verdicts(Math.exp, Math.exp)).toEqual(every('ok'));
    expect(
      await verdicts(
        (x) => 1000 + x ** 3,
        (x) => 3 * x * x,
      ),
    ).toEqual(every('ok')); // a loss larger than its changes
  });

  it('confirm gradients of functions with kinks away from the point', async () => {
    expect(
      await verdicts(
        (x) => Math.max(0, x),
        (x) => (x > 0 ? 1 : 0),
      ),
    ).toEqual(every('ok'));
    expect(await verdicts(Math.abs, Math.sign)).toEqual(every('ok'));
  });

  it('find a gradient that is a tenth too large, or wrong at some elements only', async () => {
    const wrong = [
      ...(await verdicts(Math.sin, (x) => 1.1 * Math.cos(x))),
      ...(await verdicts(
        (x) => Math.max(0, x),
        () => 1,
      )),
      ...(await verdicts(Math.exp, (x) => (x > 1 ? 0 : Math.exp(x)))),
    ].filter((verdict) => verdict === 'wrong');
    expect(wrong.length).toBeGreaterThan(45); // some directions do not see the difference
  });

  it('accept any slope between the two sides of a kink, and no other', async () => {
    const origin = fromNumbers('float32', [4], [0, 0, 0, 0]);
    const relu = (x: number): number => Math.max(0, x);
    for (const slope of [0, 0.3, 1]) {
      for (const verdict of await verdicts(relu, () => slope, origin))
        expect(['ok', 'kink']).toContain(verdict);
    }
    expect(await verdicts(relu, () => 4, origin)).toContain('wrong');
  });

  it('say so where the loss is too blurred to tell, rather than call a true gradient wrong', async () => {
    for (const offset of [1e3, 1e4, 1e5, 1e6]) {
      const seen = await verdicts((x) => offset + Math.sin(x), Math.cos);
      expect(seen, `${offset}`).not.toContain('wrong');
      if (offset === 1e6) expect(seen).toContain('noisy');
    }
  });

  it('leave the point as it was', async () => {
    await verdicts(Math.sin, Math.cos);
    expect(toFloat64(point)).toEqual(at);
  });
});
