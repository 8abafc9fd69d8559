import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linfBall } from '../../src/optim/constraint.ts';
import { descend, type Objective } from '../../src/optim/descend.ts';
import { adam, constant, decaying, signDescent } from '../../src/optim/update.ts';
import { seededRandom } from '../../src/random.ts';

const eighths = Float32Array.from({ length: 9 }, (_, i) => i / 8);

/** The squared distance from a point, with its gradient. */
const distanceFrom =
  (point: Float32Array): Objective =>
  async (x) => ({
    loss: x.reduce((sum, v, i) => sum + (v - point[i]!) ** 2, 0),
    gradient: x.map((v, i) => 2 * (v - point[i]!)),
  });

const floats = (length: number) =>
  fc.float32Array({ minLength: length, maxLength: length, min: -1, max: 2, noNaN: true });

describe('the L-infinity ball', () => {
  it('holds every point that was projected, and leaves those inside alone', () => {
    fc.assert(
      fc.property(floats(9), fc.integer({ min: 1, max: 64 }), (given, epsPx) => {
        const x = given.slice();
        const { project } = linfBall(eighths, epsPx);
        project(x);
        x.forEach((v, i) => {
          expect(Math.abs(v - eighths[i]!)).toBeLessThanOrEqual(epsPx / 255 + 1e-7);
          expect(v >= 0 && v <= 1).toBe(true);
        });
        const again = x.slice();
        project(again);
        expect(again).toEqual(x);
      }),
    );
  });

  it('draws points whose distances from the centre are whole 1/255, over all of the budget', () => {
    const centre = new Float32Array(3000).fill(0.5);
    const steps = Array.from(linfBall(centre, 3).draw(seededRandom(1)), (v) => (v - 0.5) * 255);
    const whole = steps.map(Math.round);
    expect(Math.max(...steps.map((step, i) => Math.abs(step - whole[i]!)))).toBeLessThan(1e-4);
    expect(new Set(whole.map((step) => step + 0))).toEqual(new Set([-3, -2, -1, 0, 1, 2, 3]));
  });
});

describe('a descent', () => {
  const constraint = linfBall(eighths, 64);
  const point = eighths.map((v, i) => v + (i % 2 === 0 ? 0.1 : -0.1) * (i === 0 || i === 8 ? 0 : 1));

  it.each([
    ['sign', signDescent(constant(1 / 255))],
    ['sign with decaying steps', signDescent(decaying(4 / 255, 60))],
    ['sign with momentum', signDescent(decaying(4 / 255, 60), { momentum: 0.9 })],
    ['Adam', adam(decaying(4 / 255, 60))],
  ])('by %s finds the minimum of a bowl inside its constraint', async (_, update) => {
    const { x, loss } = await descend(eighths.slice(), distanceFrom(point), {
      steps: 60,
      update,
      constraint,
    });
    expect(loss).toBeLessThan(1e-3);
    x.forEach((v, i) => {
      expect(Math.abs(v - point[i]!)).toBeLessThan(0.02);
    });
  });

  it('keeps the best point, not the last one', async () => {
    // Steps of 0.05 over a minimum 0.1 away overshoot it from the third on.
    const update = signDescent((step) => (step < 2 ? 0.05 : 0.2));
    const { x } = await descend(eighths.slice(), distanceFrom(point), { steps: 9, update, constraint });
    expect(Math.abs(x[1]! - point[1]!)).toBeLessThan(1e-6);
  });

  it('ends early where patience runs out, and makes all steps without', async () => {
    const stuck: Objective = async (x) => ({ loss: 1, gradient: new Float32Array(x.length) });
    const update = signDescent(constant(0.1));
    expect(
      (await descend(eighths.slice(), stuck, { steps: 50, update, constraint, patience: 3 })).steps,
    ).toBe(3);
    expect((await descend(eighths.slice(), stuck, { steps: 50, update, constraint })).steps).toBe(50);
  });

  it('tells its progress up to 1, and stops when it is aborted', async () => {
    const seen: number[] = [];
    const controller = new AbortController();
    const options = { steps: 4, update: signDescent(constant(0.1)), constraint };
    await descend(eighths.slice(), distanceFrom(point), { ...options, onProgress: (f) => seen.push(f) });
    expect(seen).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    const stop = new Error('stop');
    const onProgress = (fraction: number) => fraction > 0.5 && controller.abort(stop);
    const run = descend(eighths.slice(), distanceFrom(point), {
      ...options,
      onProgress,
      signal: controller.signal,
    });
    await expect(run).rejects.toBe(stop);
  });

  it('moves its start in place, and keeps the best point apart where that is wanted', async () => {
    const options = { steps: 3, update: signDescent(constant(0.2)), constraint };
    const [start, other] = [eighths.slice(), eighths.slice()];
    expect((await descend(start, distanceFrom(point), { ...options, keep: 'last' })).x).toBe(start);
    expect((await descend(other, distanceFrom(point), options)).x).not.toBe(other);
  });
});
