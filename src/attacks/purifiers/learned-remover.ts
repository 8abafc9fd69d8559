/**
 * @file A remover that is trained on pairs of the same protection. An attacker can make such pairs by protecting images, or
 * from leaked originals. It belongs to the family of LightShed and BridgePure, and is much smaller than either.
 *
 * It is trained from scratch in this program, on other images than those that it attacks.
 */
import { z } from 'zod';
import { openOwn, roleNeeds } from '../../plugin/define.ts';
import { defineAttack, trainedIn, trainingParameters } from '../define.ts';
import { clipped, throughNetwork } from '../parts/network.ts';
import { REMOVER, REMOVER_MULTIPLE, removerFeeds, removerModel } from '../parts/remover.ts';
import { trainedRemover } from '../parts/remover-training.ts';

export const learnedRemover = defineAttack({
  id: 'learned-remover',
  version: 2,
  label: 'Learned remover',
  summary:
    'Subtracts the perturbation that a small U-Net predicts, after training on image pairs of the same protection.',
  reference:
    'After Foerster et al., LightShed (USENIX Security 2025), and Wang et al., BridgePure (NeurIPS 2025); own network',
  params: z.strictObject({
    pairs: z
      .int()
      .min(1)
      .max(10_000)
      .default(50)
      .describe('number of clean and protected image pairs to train on'),
    ...trainingParameters,
    steps: z.int().min(1).max(100_000).default(1500).describe('number of training steps'),
    batchSize: z.int().min(1).max(64).default(4).describe('batch size, in crops'),
    cropSize: z.int().min(16).max(256).multipleOf(2).default(64).describe('side of a training crop, in px'),
    channels: z
      .int()
      .min(4)
      .max(64)
      .default(32)
      .describe('number of channels of the network at half resolution'),
    latentWeight: z
      .number()
      .min(0)
      .max(1000)
      .default(20)
      .describe('weight of the latent error, relative to the pixel error; 0: no encoder is used'),
    lr: z
      .number()
      .min(1e-5)
      .max(0.1)
      .default(3e-3)
      .describe('learning rate at the start of a cosine schedule'),
  }),
  formerNames: { batchSize: 'batch', cropSize: 'crop', latentWeight: 'latent', lr: 'rate' },
  refers: { training: 'pictures' },
  needs: ({ latentWeight }) => (latentWeight === 0 ? [] : roleNeeds('vae-encoder')),
  random: true,
  strength: { parameter: 'pairs', harsher: 'higher' },
  training: {
    pairs: ({ pairs }) => pairs,
    train: trainedRemover,
  },
  apply: async (image, { channels }, context) => {
    const feeds = removerFeeds(channels, trainedIn(context, 'learned-remover'));
    const session = await openOwn(context, removerModel(channels), 'learned-remover');
    try {
      const windowing = { window: 512, overlap: 32, multiple: REMOVER_MULTIPLE };
      const restored = await throughNetwork(image, windowing, context, async (part) => {
        const results = await session.run({ [REMOVER.image]: part, ...feeds });
        return results[REMOVER.restored] as typeof part;
      });
      return clipped(restored);
    } finally {
      await session.close();
    }
  },
});
