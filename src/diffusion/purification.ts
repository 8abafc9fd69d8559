/**
 * @file Purification by diffusion (Nie et al. 2022, DiffPure): noise as of timestep t, then DDPM's way back to 0.
 */
import type { Random } from '../random.ts';
import { ancestralStepper } from './samplers/ancestral.ts';
import { type Path, type WalkOptions, walk } from './samplers/sampler.ts';
import { type NoiseSchedule, sigmaAt } from './schedule.ts';

/** From timestep t - 1 down to 0 in at most t steps, evenly spaced, and from there to no noise at all. */
export function purificationPath(schedule: NoiseSchedule, t: number, steps: number): Path {
  const count = Math.min(t, steps);
  const timesteps = Array.from({ length: count }, (_, i) => Math.round(((count - i) * t) / count) - 1);
  const sigmas = [...timesteps.map((each) => sigmaAt(schedule, each)), 0];
  return { sigmas, timesteps, start: sigmas[0]! };
}

/**
 * The same in the space of pixels, with a network that takes noise of any strength out of an image: its answer is the
 * clean image that DDPM's step needs. The path's sigmas are for pixels of 0..1.
 */
export function purifyPixels(
  id: string,
  pixels: Readonly<Float32Array>,
  denoise: (noisy: Float32Array) => Promise<Readonly<Float32Array>>,
  path: Path,
  random: Random,
  options: WalkOptions = {},
): Promise<Float32Array> {
  const draw = (): Float32Array => Float32Array.from(pixels, () => random.normal());
  const noise = draw();
  const start = Float32Array.from(pixels, (value, i) => value + path.sigmas[0]! * noise[i]!);
  return walk(id, start, path, ancestralStepper(path, 1), denoise, draw, options);
}

/** A path whose sigmas are for pixels of 0..1, from one for pixels of -1..1. */
export const halved = ({ sigmas, timesteps, start }: Path): Path => ({
  sigmas: sigmas.map((sigma) => sigma / 2),
  timesteps,
  start: start / 2,
});
