/**
 * @file Noise schedules of diffusion models, and the timesteps at which samplers visit them.
 *
 * A noisy latent is written in two ways: as the network sees it, `z_t = sqrt(a_t) z + sqrt(1 - a_t) e` with a_t the
 * product of all 1 - beta up to t (Ho et al. 2020); and divided by sqrt(a_t), as samplers here carry it,
 * `x = z + sigma_t e` with `sigma_t^2 = (1 - a_t) / a_t` (Karras et al. 2022). In the second form every sampler is a
 * line from one sigma to the next.
 */
import { expected } from '../messages/index.ts';
import type { BetaRange } from '../models/entry.ts';

/** How noise grows over the timesteps that a network was trained on. */
export interface NoiseSchedule {
  /** a_t, falling from just below 1; as many as there are timesteps. */
  readonly alphasCumprod: Float64Array;
  /** sigma_t, rising. */
  readonly sigmas: Float64Array;
}

/** The schedule of Stable Diffusion 1 and 2, and of the models that ship with the package. */
export const STABLE_DIFFUSION_BETAS: BetaRange = {
  curve: 'scaled-linear',
  start: 0.00085,
  end: 0.012,
  steps: 1000,
};

/** The schedule of a range of betas. */
export function noiseSchedule({
  curve,
  start,
  end,
  steps,
}: BetaRange = STABLE_DIFFUSION_BETAS): NoiseSchedule {
  const alphasCumprod = new Float64Array(steps);
  let product = 1;
  for (let t = 0; t < steps; t++) {
    const share = steps === 1 ? 0 : t / (steps - 1);
    const beta =
      curve === 'linear'
        ? start + share * (end - start)
        : (Math.sqrt(start) + share * (Math.sqrt(end) - Math.sqrt(start))) ** 2;
    product *= 1 - beta;
    alphasCumprod[t] = product;
  }
  return { alphasCumprod, sigmas: alphasCumprod.map((a) => Math.sqrt((1 - a) / a)) };
}

/**
 * Where `count` steps fall among the timesteps (Lin et al. 2024, table 2): `leading` multiples of T / count from 1 up
 * (Stable Diffusion's `steps_offset` of 1), `trailing` ones from T - 1 down, `linspace` from end to end.
 */
export type Spacing = 'leading' | 'trailing' | 'linspace';

/**
 * The timesteps of `count` steps, falling; for linspace not whole.
 * @throws USAGE if there are more steps than timesteps.
 */
export function spacedTimesteps(total: number, count: number, spacing: Spacing, offset = 1): number[] {
  if (count < 1 || count > total) {
    throw expected(`between 1 and ${total}`, 'steps', count, { code: 'USAGE' });
  }
  const at = (i: number): number => {
    if (spacing === 'leading') return (count - 1 - i) * Math.floor(total / count) + offset;
    if (spacing === 'trailing') return Math.round(total - (i * total) / count) - 1;
    return count === 1 ? total - 1 : ((count - 1 - i) * (total - 1)) / (count - 1);
  };
  return Array.from({ length: count }, (_, i) => Math.min(at(i), total - 1));
}

/** sigma at a timestep that need not be whole, by a line between its neighbours. */
export function sigmaAt({ sigmas }: NoiseSchedule, t: number): number {
  const below = Math.floor(t);
  const rest = t - below;
  return rest === 0 ? sigmas[below]! : sigmas[below]! * (1 - rest) + sigmas[below + 1]! * rest;
}

/** The timestep of a sigma, not whole: by a line between neighbours in log sigma, kept within the schedule. */
export function timestepOf({ sigmas }: NoiseSchedule, sigma: number): number {
  const above = sigmas.findIndex((each) => each >= sigma);
  if (above === 0) return 0;
  if (above === -1) return sigmas.length - 1;
  const low = Math.log(sigmas[above - 1]!);
  const high = Math.log(sigmas[above]!);
  return above - 1 + (Math.log(sigma) - low) / (high - low);
}
