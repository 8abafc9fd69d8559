/**
 * @file DiffPure in the latents of a latent diffusion model: noise up to a timestep, then the reverse steps of DDPM.
 *
 * A proxy: DiffPure diffuses pixels, with a pixel-space model (ADM at 256 px) that attacks on encoders do not reach. This one
 * begins with the very encoder that a protection may have been made against.
 */
import { z } from 'zod';
import { ROLE_GROUPS } from '../../models/roles.ts';
import { roleNeeds } from '../../plugin/define.ts';
import { purifyLatents } from '../../diffusion/generate.ts';
import { defineAttack } from '../define.ts';
import {
  modelWindowParameters,
  promptFormerNames,
  promptParameters,
  throughLatents,
} from '../parts/diffusion.ts';
import { contextOfPart } from '../parts/network.ts';

export const latentDiffpureProxy = defineAttack({
  id: 'latent-diffpure-proxy',
  version: 1,
  label: 'DiffPure in latents (proxy)',
  summary: 'Adds noise to the latents up to a timestep and removes it by the ancestral steps of DDPM.',
  reference: 'After Nie et al., DiffPure (ICML 2022): t 150 of 1000 on ImageNet, 100 on smaller pictures',
  params: z.strictObject({
    timestep: z.int().min(1).max(1000).default(100).describe('timestep up to which noise is added, of 1000'),
    steps: z
      .int()
      .min(1)
      .max(1000)
      .default(20)
      .describe('number of denoising steps; as many as timestep: every step of DDPM'),
    repeats: z.int().min(1).max(100).default(1).describe('number of repetitions'),
    ...promptParameters(7.5),
    ...modelWindowParameters,
  }),
  formerNames: { timestep: 't', repeats: 'rounds', ...promptFormerNames },
  needs: () => roleNeeds(...ROLE_GROUPS.diffusion),
  random: true,
  strength: { parameter: 'timestep', harsher: 'higher' },
  apply: (image, { timestep, steps, repeats, ...prompting }, context) =>
    throughLatents(image, prompting, context, async (diffusion, latents, options) => {
      let now = latents;
      for (let i = 0; i < repeats; i++) {
        now = await purifyLatents(diffusion, now, {
          ...contextOfPart(options, i, repeats),
          t: timestep,
          steps,
        });
      }
      return now;
    }),
});
