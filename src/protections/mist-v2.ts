/**
 * @file Mist v2: ACE with the settings of its successor, timesteps from the whole schedule.
 *
 *   lunet: minimise E over t, e of |f(z_t, t, text) - z_T|^2, a mean of squares
 *   fused: minimise E over t, e of sum f(z_t, t, text) e - 100 |z - z_T|^2   anti-db: maximise E over t, e of |f(z_t, t, text) - e|^2
 *
 * 5 rounds of 30 sign steps of 0.6375/255 within 4/255. After each round 10 steps of LoRA, rank 4, learning rate 1e-4. Mode
 * fused pushes the latents away from the target: the program's sign, opposite to that of ACE (`ace` with `mode=ace+`).
 *
 * Source: the released program psyker-team/mist-v2, `attacks/mist.py`. Its 8/255 and 0.005 are on tensors of -1..1 and
 * halved here. The 2024 study at UMass used the same settings. What differs here, on purpose:
 *
 * - The study lists a VAE loss weight of 1e-5. The program reads it and never uses it. `vaeWeight` does what its name says,
 *   and is 0 as it was in effect.
 * - One image at a time, and the surrogate is trained on that one; the program protects a set together. Class images (50, prior
 *   weight 0.1) are sampled once for all images, by 20 steps of a faster sampler, and no more than are used.
 * - The program seeds from the clock; here the seed decides. The target is a pattern of our own. Size and opacity stay.
 *   float32 instead of bfloat16. Attack and training share one prompt; the program adds a prefix in one of them.
 * - The default level is 8/255; `light` is the published one.
 */
import { z } from 'zod';
import { defineProtection } from './define.ts';
import { alternate, alternatingParameters, alternatingProtection } from './parts/alternating.ts';
import { diffusionTargetParameters } from './parts/diffusion-protection.ts';
import { chosenTarget, targetFormerNames, targetRefers } from './parts/target.ts';

export const mistV2 = defineProtection({
  ...alternatingProtection,
  id: 'mist-v2',
  version: 3,
  label: 'Mist v2',
  summary:
    'Moves the prediction of a diffusion model to a pattern, or away from the noise, while the model is being fine-tuned.',
  reference: 'Zheng et al., Mist v2: psyker-team/mist-v2 (2023)',
  params: z.strictObject({
    mode: z
      .enum(['lunet', 'fused', 'anti-db'])
      .default('lunet')
      .describe(
        'lunet: move the prediction to the target; fused: prediction away from the noise, latents away from the target; anti-db: prediction away from the noise',
      ),
    ...alternatingParameters({
      steps: 30,
      stepSize: 0.6375,
      rounds: 5,
      trainSteps: 10,
      lr: 1e-4,
      priorWeight: 0.1,
      classImages: 50,
    }),
    vaeWeight: z
      .number()
      .min(0)
      .max(1e4)
      .default(0)
      .describe(
        'weight of the distance of the latents from the target; the published program reads it but does not use it',
      ),
    ...diffusionTargetParameters,
  }),
  formerNames: { ...alternatingProtection.formerNames, ...targetFormerNames },
  refers: { ...alternatingProtection.refers, ...targetRefers },
  apply: async (image, params, context) =>
    alternate(image, params, context, {
      ...MODES[params.mode],
      target: await chosenTarget(params, context),
      ...(params.vaeWeight > 0 && { pull: params.vaeWeight }),
    }),
});

const MODES = {
  lunet: { loss: 'target' },
  fused: { loss: 'product', pull: -100 },
  'anti-db': { loss: 'noise' },
} as const;
