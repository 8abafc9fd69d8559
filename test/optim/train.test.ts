import { describe, expect, it } from 'vitest';
import { lossNotFinite } from '../../src/messages/index.ts';
import { adamW, clipNorm, noMoments } from '../../src/optim/adamw.ts';
import type { Objective } from '../../src/optim/descend.ts';
import { train, type TrainingState, untrained, warmedUp } from '../../src/optim/train.ts';
import { constant } from '../../src/optim/update.ts';
import { seededRandom } from '../../src/random.ts';

/** sum of (x - 3)^2 with noise that depends on the step alone. */
const noisyParabola: Objective = async (x, step) => {
  const random = seededRandom(1).fork(`step ${step}`);
  const gradient = x.map((v) => 2 * (v - 3) + 0.1 * random.normal());
  return { loss: x.reduce((sum, v) => sum + (v - 3) ** 2, 0), gradient };
};

describe('AdamW', () => {
  it('moves as torch.optim.AdamW does', () => {
    // torch 1.13: lr 0.1, defaults otherwise; x = [1, -2], gradients [0.5, -1], [0.25, 3], [-1, 0.125].
    const x = Float32Array.of(1, -2);
    const update = adamW(constant(0.1), noMoments(2));
    for (const [step, g] of [
      [0.5, -1],
      [0.25, 3],
      [-1, 0.125],
    ].entries())
      update(x, Float32Array.from(g), step);
    expect([...x].map((v) => Number(v.toFixed(5)))).toEqual([0.82471, -1.98427]);
  });

  it('never leaves a norm above the limit, and no gradient below it changes', () => {
    const long = Float32Array.of(3, 4);
    expect(clipNorm(long, 1)).toBe(5);
    expect(Math.hypot(...long)).toBeCloseTo(1, 6);
    const short = Float32Array.of(0.3, 0.4);
    clipNorm(short, 1);
    expect(short).toEqual(Float32Array.of(0.3, 0.4));
  });
});

describe('the training loop', () => {
  const options = { steps: 40, rate: warmedUp(0.2, { warmup: 5, steps: 40, shape: 'cosine' }) };
  const start = untrained(Float32Array.of(0, 10, -4), true);

  it('finds the minimum, and its average follows', async () => {
    const { weights, average, losses } = await train(start, noisyParabola, {
      ...options,
      steps: 200,
      clip: 100,
    });
    expect(losses).toHaveLength(200);
    for (const w of [...weights, ...average!]) expect(w).toBeCloseTo(3, 0);
  });

  it('ends at the very same weights where it is cut off and goes on', async () => {
    const whole = await train(start, noisyParabola, options);
    const saved: TrainingState[] = [];
    const stop = new AbortController();
    const interrupted: Objective = (x, step) => {
      if (step === 17) stop.abort(new Error('cut off'));
      return noisyParabola(x, step);
    };
    const checkpoint = {
      name: 'memory',
      every: 10,
      save: async (state: TrainingState) => void saved.push(structuredClone(state)),
    };
    const cut = train(start, interrupted, { ...options, signal: stop.signal, checkpoint });
    await expect(cut).rejects.toThrow('cut off');
    expect(saved.map(({ step }) => step)).toEqual([10, 18]);
    expect(await train(saved[1]!, noisyParabola, options)).toEqual(whole);
    expect(await train(saved[0]!, noisyParabola, options)).toEqual(whole);
  });

  it('stops where the loss is no number, and names the step and the checkpoint that stays', async () => {
    const broken: Objective = async (x, step) =>
      step === 12 ? { loss: Number.NaN, gradient: new Float32Array(3) } : noisyParabola(x, step);
    const checkpoint = { name: 'here', every: 5, save: async () => undefined };
    await expect(train(start, broken, { ...options, checkpoint })).rejects.toThrow(
      lossNotFinite(13, { name: 'here', step: 10 }),
    );
    await expect(train(start, broken, options)).rejects.toThrow(lossNotFinite(13));
  });
});
