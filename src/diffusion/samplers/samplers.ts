/** @file Every sampler, by its name. */
import { ddim } from './ddim.ts';
import { dpmSolver } from './dpm-solver.ts';
import { eulerAncestral } from './euler-ancestral.ts';
import type { Sampler } from './sampler.ts';

export const samplers = {
  ddim,
  'dpm++2m-karras': dpmSolver,
  'euler-ancestral': eulerAncestral,
} as const satisfies Readonly<Record<string, Sampler>>;

export type SamplerName = keyof typeof samplers;
export const samplerNames = Object.keys(samplers) as [SamplerName, ...SamplerName[]];
