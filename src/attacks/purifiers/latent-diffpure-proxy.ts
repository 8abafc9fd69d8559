/**
 * @file DiffPure's way in the latents of a latent diffusion model: noise as of timestep t, and DDPM's way back.
 *
 * A proxy: DiffPure diffuses pixels, with a pixel-space model (ADM at 256 px) that encoder attacks do not reach. The
 * encoder that a protection was made against stands at the beginning of this one.
 */
import { z } from 'zod';
import { ROLE_GROUPS } from '../../models/roles.ts';
import { roleNeeds } from '../../plugin/define.ts';
import { purifyLatents } from '../../diffusion/generate.ts';
import { defineAttack } from '../define.ts';
import { modelWindowParameters, promptParameters, throughLatents } from '../parts/diffusion.ts';
import { contextOfPart } from '../parts/network.ts';

export const latentDiffpureProxy = defineAttack({
  id: 'latent-diffpure-proxy',
  version: 1,
  label: 'DiffPure in latents (proxy)',
  summary: 'Noises the latents to a timestep and goes back by the ancestral steps of DDPM.',
  reference: 'After Nie et al., DiffPure (ICML 2022): t 150 of 1000 on ImageNet, 100 on smaller pictures',
  params: z.strictObject({
    t: z.int().min(1).max(1000).default(100).describe('timestep that noise is added as of, of 1000'),
    steps: z.int().min(1).max(1000).default(20).describe('network calls; as many as t are those of DDPM'),
    rounds: z.int().min(1).max(100).default(1).describe('how often, one after the other'),
    ...promptParameters(7.5),
    ...modelWindowParameters,
  }),
  needs: () => roleNeeds(...ROLE_GROUPS.diffusion),
  random: true,
  strength: { parameter: 't', harsher: 'higher' },
  apply: (image, { t, steps, rounds, ...prompting }, context) =>
    throughLatents(image, prompting, context, async (diffusion, latents, options) => {
      let now = latents;
      for (let i = 0; i < rounds; i++) {
        now = await purifyLatents(diffusion, now, { ...contextOfPart(options, i, rounds), t, steps });
      }
      return now;
    }),
});
