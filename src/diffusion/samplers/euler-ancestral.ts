/** @file Euler's method with fresh noise after each step: k-diffusion's `sample_euler_ancestral`. */
import { ancestralStepper } from './ancestral.ts';
import type { Sampler } from './sampler.ts';
import { sigmaAt, spacedTimesteps } from '../schedule.ts';

export const eulerAncestral: Sampler = {
  summary: 'Euler ancestral: fresh noise after each step, as much as DDPM adds',
  spacing: 'linspace',
  path: (schedule, steps, spacing = 'linspace') => {
    const spaced = spacedTimesteps(schedule.sigmas.length, steps, spacing);
    const sigmas = [...spaced.map((t) => sigmaAt(schedule, t)), 0];
    return { sigmas, timesteps: spaced.map(Math.round), start: sigmas[0]! };
  },
  stepper: (path, { eta = 1 } = {}) => ancestralStepper(path, eta),
};
