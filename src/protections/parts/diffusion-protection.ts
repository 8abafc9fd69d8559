/** @file What protections that optimise through a whole diffusion model share: parameters, fields and the options of a loss. */
import { z } from 'zod';
import type { Image } from '../../image/image.ts';
import { type PluginContext, type RoleNeed, roleNeeds } from '../../plugin/define.ts';
import type { DenoisingOptions } from './denoising.ts';
import { perceptualNeed } from './encoder-attack.ts';
import { attackFormerNames, budgetOf, type Optimisation, windowParameters } from './optimise.ts';
import { targetParameters } from './target.ts';
import { type Expectation, expectationOf, expectationParameters, expectationRefers } from './view.ts';

export const promptParameter = z.string().default('a painting').describe('prompt for the diffusion model');

/** What the diffusion model is given, and windows: the last parameters of a protection without a target. */
export const diffusionParameters = { ...expectationParameters, prompt: promptParameter, ...windowParameters };

/** The same for a protection with a target. */
export const diffusionTargetParameters = {
  ...expectationParameters,
  prompt: promptParameter,
  ...targetParameters('glyphs'),
  ...windowParameters,
};

/** The networks of a diffusion model that is optimised through, `more`, and that of a perceptual budget. */
export const diffusionNeeds = (
  { lpips }: { readonly lpips?: number | undefined },
  more: readonly RoleNeed[] = [],
): readonly RoleNeed[] => [
  ...roleNeeds('vae-encoder', 'unet', 'text-encoder'),
  ...more,
  ...perceptualNeed(lpips),
];

/** The fields that all of them share. */
export const diffusionProtection = {
  formerNames: attackFormerNames,
  needs: (params: { readonly lpips?: number | undefined }) => diffusionNeeds(params),
  refers: expectationRefers,
  random: true,
  budget: budgetOf,
} as const;

/** The values of the parameters that a loss through a diffusion model takes. */
export interface DiffusionAttack extends Optimisation, Pick<Expectation, 'latent'> {
  readonly prompt: string;
}

/** The options of a loss at `working`, over all timesteps. */
export const lossOptions = (
  working: Image,
  params: DiffusionAttack,
  context: PluginContext,
): DenoisingOptions => ({
  size: working,
  windowing: { side: params.window, overlap: params.overlap },
  prompt: params.prompt,
  fromTimestep: 0,
  expectation: expectationOf(params, context),
  random: context.random.fork('draws'),
});
