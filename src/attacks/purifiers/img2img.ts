/**
 * @file Image-to-image (SDEdit): a fifth of the way to noise and back, so that the model paints the details anew.
 *
 * The published experiments run Stable Diffusion XL with the picture's caption as its prompt and 100 steps of strength 0.2;
 * here the prompt is empty unless told, and the model is whatever plays the roles.
 */
import { z } from 'zod';
import { ROLE_GROUPS } from '../../models/roles.ts';
import { roleNeeds } from '../../plugin/define.ts';
import { resampleLatents } from '../../diffusion/generate.ts';
import { samplerNames } from '../../diffusion/samplers/samplers.ts';
import { defineAttack } from '../define.ts';
import { modelWindowParameters, promptParameters, throughLatents } from '../parts/diffusion.ts';

export const img2img = defineAttack({
  id: 'img2img',
  version: 1,
  label: 'Image to image',
  summary: 'Noises the latents part of the way and lets a diffusion model take the noise away.',
  reference: 'Meng et al., SDEdit (ICLR 2022); as a purifier in Hönig et al. (ICLR 2025): strength 0.2',
  params: z.strictObject({
    strength: z.number().min(0.01).max(1).default(0.2).describe('share of the way to pure noise'),
    steps: z.int().min(1).max(1000).default(100).describe('of the whole way; that share of them is made'),
    sampler: z.enum(samplerNames).default('ddim').describe('how steps are made'),
    ...promptParameters(7.5),
    ...modelWindowParameters,
  }),
  needs: () => roleNeeds(...ROLE_GROUPS.diffusion),
  random: true,
  strength: { parameter: 'strength', harsher: 'higher' },
  apply: (image, { strength, steps, sampler, ...prompting }, context) =>
    throughLatents(image, prompting, context, (diffusion, latents, options) =>
      resampleLatents(diffusion, latents, { ...options, strength, steps, sampler }),
    ),
});
