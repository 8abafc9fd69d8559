/**
 * @file The seed of a job. It depends on the source picture and not on the arm, so that attack(clean) and
 * attack(protected) meet the same noise and their difference is free of it (common random numbers). Neither does it
 * depend on the models, so that two surrogates are compared under the same draws.
 *
 * Seeds are drawn under the names that stages and parameters had when they were first drawn: a rename changes no number.
 */
import { attacks } from '../attacks/index.ts';
import { MIMIC_VERSION } from '../diffusion/mimic.ts';
import { keyOf } from '../files/keys.ts';
import { metrics } from '../metrics/index.ts';
import type { PluginBase } from '../plugin/define.ts';
import { protections } from '../protections/index.ts';
import { deriveSeed } from '../random.ts';
import type { JobStep } from '../experiment/step.ts';

/** The stages that draw random numbers: the name in the seed, and the plug-ins that do their steps. */
const DRAWS = {
  protect: { name: 'protect', plugins: protections },
  attack: { name: 'attack', plugins: attacks },
  'train-attack': { name: 'rehearse', plugins: attacks },
  measure: { name: 'measure', plugins: metrics },
} as const satisfies Record<string, { name: string; plugins: Readonly<Record<string, PluginBase>> }>;

/** The seed of a job with these steps for the picture, or set of pictures, under that hash. */
export function jobSeed(
  root: number,
  stage: keyof typeof DRAWS,
  steps: readonly JobStep[],
  image: string,
): number {
  const { name, plugins } = DRAWS[stage];
  const registry: Readonly<Record<string, PluginBase>> = plugins;
  const drawn = steps.map(({ id, version, params }) => ({
    id,
    version,
    params: underFormerNames(params, registry[id]?.formerNames),
  }));
  return deriveSeed(keyOf({ root, stage: name, steps: drawn, image }));
}

/** The seed of every fine-tuning of a run: mimics are compared in pairs, so all of them have the same draws. */
export const fineTuneSeed = (root: number): number =>
  deriveSeed(
    keyOf({ root, stage: 'learn', steps: [{ id: 'lesson', version: MIMIC_VERSION, params: {} }], image: '' }),
  );

const underFormerNames = (
  params: JobStep['params'],
  former: Readonly<Record<string, string>> = {},
): JobStep['params'] =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [former[name] ?? name, value]));
