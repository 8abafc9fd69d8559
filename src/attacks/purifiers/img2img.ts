/**
 * @file Image-to-image (SDEdit): a fifth of the way to noise and back, so that the model generates the details again.
 *
 * The published experiments run Stable Diffusion XL with the image's caption as prompt and 100 steps of strength 0.2. Here the
 * prompt is empty by default, and the model is the one in the roles.
 */
import { z } from 'zod';
import { ROLE_GROUPS } from '../../models/roles.ts';
import { roleNeeds } from '../../plugin/define.ts';
import { resampleLatents } from '../../diffusion/generate.ts';
import { samplerNames } from '../../diffusion/samplers/samplers.ts';
import { defineAttack } from '../define.ts';
import {
  modelWindowParameters,
  promptFormerNames,
  promptParameters,
  throughLatents,
} from '../parts/diffusion.ts';

export const img2img = defineAttack({
  id: 'img2img',
  version: 1,
  label: 'Image to image',
  summary: 'Adds noise to the latents and removes it by a diffusion model.',
  reference: 'Meng et al., SDEdit (ICLR 2022); as a purifier in Hönig et al. (ICLR 2025): strength 0.2',
  params: z.strictObject({
    strength: z
      .number()
      .min(0.01)
      .max(1)
      .default(0.2)
      .describe('img2img strength: share of the way to pure noise'),
    steps: z
      .int()
      .min(1)
      .max(1000)
      .default(100)
      .describe('number of sampling steps from pure noise; img2img makes the share strength of them'),
    sampler: z.enum(samplerNames).default('ddim').describe('sampler of the diffusion model'),
    ...promptParameters(7.5),
    ...modelWindowParameters,
  }),
  formerNames: promptFormerNames,
  needs: () => roleNeeds(...ROLE_GROUPS.diffusion),
  random: true,
  strength: { parameter: 'strength', harsher: 'higher' },
  apply: (image, { strength, steps, sampler, ...prompting }, context) =>
    throughLatents(image, prompting, context, (diffusion, latents, options) =>
      resampleLatents(diffusion, latents, { ...options, strength, steps, sampler }),
    ),
});
