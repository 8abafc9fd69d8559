/** @file The interface of a sampler: the sigmas that it visits, and how it gets from one to the next. */
import { notFiniteLatent } from '../../messages/index.ts';
import type { NoiseSchedule, Spacing } from '../schedule.ts';

/** The way of a sampler from noise to a clean latent. */
export interface Path {
  /** sigma before each step, and after the last: one more than steps, falling. */
  readonly sigmas: readonly number[];
  /** What the network is told before each step. */
  readonly timesteps: readonly number[];
  /** The standard deviation of x where it starts from nothing but noise. */
  readonly start: number;
}

/** Normal draws, as many as the latents have values. */
export type Draw = () => Float32Array;

/**
 * One step: x at sigma i and the clean latent that the network sees in it, to x at sigma i + 1, a new array. Steps are
 * called in order, for some samplers remember the one before.
 */
export type Step = (
  i: number,
  x: Readonly<Float32Array>,
  clean: Readonly<Float32Array>,
  draw: Draw,
) => Float32Array;

/** How the samplers that add noise do it. */
export interface StepOptions {
  /** Share of fresh noise, 0..1. */
  readonly eta?: number | undefined;
}

export interface Sampler {
  readonly summary: string;
  /** The spacing of timesteps that it is published with; undefined if it has sigmas of its own. */
  readonly spacing?: Spacing;
  path(schedule: NoiseSchedule, steps: number, spacing?: Spacing): Path;
  stepper(path: Path, options?: StepOptions): Step;
}

/** What a walk looks at on its way. */
export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
  /** 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * From x at the start of a path to x at its end; `see` tells the clean latent in x before each step.
 * @throws the signal's reason on abort; MODEL if x is not a number any more, with the model's name `id`.
 */
export async function walk(
  id: string,
  start: Float32Array,
  path: Path,
  step: Step,
  see: (x: Float32Array, i: number) => Promise<Readonly<Float32Array>>,
  draw: Draw,
  { signal, onProgress }: WalkOptions = {},
): Promise<Float32Array> {
  let x = start;
  for (let i = 0; i < path.timesteps.length; i++) {
    signal?.throwIfAborted();
    x = step(i, x, await see(x, i), draw);
    if (!x.every(Number.isFinite)) throw notFiniteLatent(id, i);
    onProgress?.((i + 1) / path.timesteps.length);
  }
  return x;
}

/** The last part of a path: where image-to-image begins. */
export const pathFrom = ({ sigmas, timesteps, start }: Path, step: number): Path => ({
  sigmas: sigmas.slice(step),
  timesteps: timesteps.slice(step),
  start,
});
