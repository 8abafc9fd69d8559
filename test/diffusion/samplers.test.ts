import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cleanFrom, inputScale, type Prediction } from '../../src/diffusion/prediction.ts';
import { pathFrom } from '../../src/diffusion/samplers/sampler.ts';
import { type SamplerName, samplers } from '../../src/diffusion/samplers/samplers.ts';
import {
  noiseSchedule,
  type Spacing,
  sigmaAt,
  spacedTimesteps,
  timestepOf,
} from '../../src/diffusion/schedule.ts';
import { expected } from '../../src/messages/index.ts';

interface Trajectory {
  readonly name: string;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly prediction: Prediction;
  readonly spacing: Spacing | null;
  readonly eta: number | null;
  /** Steps left out at the beginning: image-to-image. */
  readonly start: number;
  readonly timesteps: readonly number[];
  /** Whether the reference carries x as the network sees it. */
  readonly vp: boolean;
  readonly x: readonly (readonly number[])[];
}

// Made by diffusers' schedulers in float64 over the same made-up network and the same draws (source in the file).
const golden = JSON.parse(readFileSync(new URL('./trajectories.json', import.meta.url), 'utf8')) as {
  readonly alphasCumprod: Readonly<Record<string, number>>;
  readonly cases: readonly Trajectory[];
};

const schedule = noiseSchedule();
const draws = (i: number): Float32Array =>
  Float32Array.from({ length: 8 }, (_, k) => Math.cos((i + 1) * (k + 1)));
const network = (z: Float32Array, t: number): Float32Array =>
  z.map((value) => 1.1 * Math.tanh(0.3 * value + 0.2 * Math.sin(t / 100)));
const scaled = (x: Float32Array, by: number): Float32Array => x.map((value) => by * value);

describe('samplers', () => {
  it.each(golden.cases)('$name goes the way of the reference', (reference) => {
    const { sampler: name, steps, prediction, spacing, eta, start } = reference;
    const sampler = samplers[name];
    const path = pathFrom(sampler.path(schedule, steps, spacing ?? undefined), start);
    expect(path.timesteps).toEqual(reference.timesteps.map(Math.round));
    const step = sampler.stepper(path, { eta: eta ?? undefined });
    let drawn = 0;
    const draw = () => draws(++drawn);
    let x =
      start === 0
        ? scaled(draws(0), path.start)
        : draws(50).map((value, k) => 0.7 * value + path.sigmas[0]! * draws(0)[k]!);
    for (const [i, timestep] of path.timesteps.entries()) {
      const sigma = path.sigmas[i]!;
      const predicted = network(scaled(x, inputScale(sigma)), timestep);
      x = step(i, x, cleanFrom(x, predicted, sigma, prediction), draw);
      const shown = reference.vp ? scaled(x, inputScale(path.sigmas[i + 1]!)) : x;
      const largest = Math.max(...reference.x[i]!.map(Math.abs), 1);
      shown.forEach((value, k) => {
        expect(Math.abs(value - reference.x[i]![k]!)).toBeLessThan(3e-6 * largest);
      });
    }
  });

  it('draw nothing at eta 0', () => {
    const path = samplers.ddim.path(schedule, 4);
    const step = samplers.ddim.stepper(path);
    expect(() =>
      step(0, draws(0), draws(1), () => {
        throw new Error('drawn');
      }),
    ).not.toThrow();
  });

  it('find the clean latent in one step where the network is right', () => {
    const [clean, noise, sigma] = [draws(3), draws(4), sigmaAt(schedule, 700)];
    const x = clean.map((value, k) => value + sigma * noise[k]!);
    const a = inputScale(sigma);
    const v = noise.map((e, k) => a * e - Math.sqrt(1 - a * a) * clean[k]!);
    for (const [predicted, kind] of [
      [noise, 'epsilon'],
      [v, 'v'],
    ] as const) {
      const found = cleanFrom(x, predicted, sigma, kind);
      for (const [k, value] of found.entries()) expect(value).toBeCloseTo(clean[k]!, 5);
    }
  });
});

describe('noise schedules', () => {
  it('have the cumulative alphas of Stable Diffusion', () => {
    for (const [t, alpha] of Object.entries(golden.alphasCumprod)) {
      expect(Math.abs(schedule.alphasCumprod[Number(t)]! / alpha - 1)).toBeLessThan(1e-12);
    }
    expect(schedule.sigmas[0]).toBeCloseTo(0.0292, 4);
    expect(schedule.sigmas[999]).toBeCloseTo(14.6146, 4);
  });

  it('may have linear betas, as DDPM has', () => {
    const { alphasCumprod } = noiseSchedule({ curve: 'linear', start: 1e-4, end: 0.02, steps: 1000 });
    expect(alphasCumprod[0]).toBeCloseTo(1 - 1e-4, 12);
    expect(alphasCumprod[999]).toBeCloseTo(4.0358e-5, 8);
  });

  it.each([
    ['leading', 5, [801, 601, 401, 201, 1]],
    ['trailing', 5, [999, 799, 599, 399, 199]],
    ['linspace', 4, [999, 666, 333, 0]],
    ['leading', 1000, undefined],
  ] as const)('are visited with %s spacing as published', (spacing, count, wanted) => {
    const timesteps = spacedTimesteps(1000, count, spacing);
    if (wanted !== undefined) expect(timesteps).toEqual(wanted);
    expect(Math.max(...timesteps)).toBeLessThanOrEqual(999);
    expect(Math.min(...timesteps)).toBeGreaterThanOrEqual(0);
  });

  it('have no more steps than timesteps', () => {
    expect(() => spacedTimesteps(1000, 1001, 'leading')).toThrow(
      expected('between 1 and 1000', 'steps', 1001, { code: 'USAGE' }),
    );
  });

  it('tell the timestep of a sigma, and the sigma of a timestep', () => {
    for (const t of [0, 1, 500, 998, 999])
      expect(timestepOf(schedule, sigmaAt(schedule, t))).toBeCloseTo(t, 9);
    expect(timestepOf(schedule, 100)).toBe(999);
    expect(timestepOf(schedule, 1e-3)).toBe(0);
  });
});
