/**
 * @file DPM-Solver++ of order two, multistep (Lu et al. 2022, algorithm 2), over Karras sigmas. With h the step in
 * -log sigma, and r the ratio of the step before to it:
 *
 *   x' = (sigma' / sigma) x + (1 - e^-h) ((1 + 1/2r) z - (1/2r) z_before)
 *
 * The first step has none before it, and the last one goes to sigma 0: both are of order one (z alone).
 */
import type { Path, Sampler } from './sampler.ts';
import { type NoiseSchedule, timestepOf } from '../schedule.ts';

/** Karras et al. 2022, equation 5: a line in sigma^(1/rho) over the whole schedule, then 0. */
export function karrasSigmas({ sigmas }: NoiseSchedule, steps: number, rho = 7): number[] {
  const high = sigmas.at(-1)! ** (1 / rho);
  const low = sigmas[0]! ** (1 / rho);
  const line = Array.from({ length: steps }, (_, i) => {
    return (high + (steps === 1 ? 0 : i / (steps - 1)) * (low - high)) ** rho;
  });
  return [...line, 0];
}

function path(schedule: NoiseSchedule, steps: number): Path {
  const sigmas = karrasSigmas(schedule, steps);
  const timesteps = sigmas.slice(0, -1).map((sigma) => Math.round(timestepOf(schedule, sigma)));
  return { sigmas, timesteps, start: sigmas[0]! };
}

export const dpmSolver: Sampler = {
  summary: 'DPM-Solver++ 2M with Karras sigmas',
  path,
  stepper: ({ sigmas }) => {
    let before: Readonly<Float32Array> | undefined;
    return (i, x, clean) => {
      const [sigma, next] = [sigmas[i]!, sigmas[i + 1]!];
      const last = before;
      before = clean;
      if (next === 0) return Float32Array.from(clean);
      const h = Math.log(sigma / next);
      const ahead = last === undefined ? 0 : h / (2 * Math.log(sigmas[i - 1]! / sigma)); // 1 / 2r
      const share = -Math.expm1(-h);
      return Float32Array.from(x, (value, k) => {
        const z = clean[k]!;
        const towards = last === undefined ? z : z + ahead * (z - last[k]!);
        return (next / sigma) * value + share * towards;
      });
    };
  },
};
