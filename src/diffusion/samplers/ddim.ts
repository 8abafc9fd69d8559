/**
 * @file DDIM (Song et al. 2021). The last step ends at the schedule's first timestep and not at sigma 0, as Stable
 * Diffusion's configuration has it (`set_alpha_to_one: false`).
 */
import { ancestralStepper } from './ancestral.ts';
import type { Sampler } from './sampler.ts';
import { sigmaAt, spacedTimesteps } from '../schedule.ts';

export const ddim: Sampler = {
  summary: 'DDIM: no fresh noise unless eta is above 0',
  spacing: 'leading',
  path: (schedule, steps, spacing = 'leading') => {
    const total = schedule.sigmas.length;
    // The network knows whole timesteps only.
    const timesteps = spacedTimesteps(total, steps, spacing).map(Math.round);
    const last = Math.max(0, timesteps.at(-1)! - Math.floor(total / steps));
    const sigmas = [...timesteps, last].map((t) => sigmaAt(schedule, t));
    return { sigmas, timesteps, start: Math.sqrt(1 + sigmas[0]! ** 2) };
  },
  stepper: (path, { eta = 0 } = {}) => ancestralStepper(path, eta),
};
