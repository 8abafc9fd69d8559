/**
 * @file A remover that is trained on pairs of the same protection: whoever can protect pictures of their own, or finds
 * originals that leaked, can make such pairs. Of the family of LightShed and BridgePure, and much smaller than either.
 *
 * The pictures that it trains on are other ones than those that it attacks. Trained from scratch in this program.
 */
import { z } from 'zod';
import { openOwn } from '../../plugin/define.ts';
import { defineAttack, trainedIn, trainingParameters } from '../define.ts';
import { clipped, throughNetwork } from '../parts/network.ts';
import { REMOVER, REMOVER_MULTIPLE, removerFeeds, removerModel } from '../parts/remover.ts';
import { trainedRemover } from '../parts/remover-training.ts';

export const learnedRemover = defineAttack({
  id: 'learned-remover',
  version: 2,
  label: 'Learned remover',
  summary: 'Subtracts what a small U-Net, trained on pairs of the same protection, takes for the protection.',
  reference:
    'After Foerster et al., LightShed (USENIX Security 2025), and Wang et al., BridgePure (NeurIPS 2025); own network',
  params: z.strictObject({
    pairs: z
      .int()
      .min(1)
      .max(10_000)
      .default(50)
      .describe('clean and protected pictures that it learns from'),
    ...trainingParameters,
    steps: z.int().min(1).max(100_000).default(1500).describe('training steps'),
    batchSize: z.int().min(1).max(64).default(4).describe('crops a step'),
    cropSize: z.int().min(16).max(256).multipleOf(2).default(64).describe('side of a crop in px'),
    channels: z.int().min(4).max(64).default(32).describe('of the network at half resolution'),
    latent: z
      .number()
      .min(0)
      .max(1000)
      .default(20)
      .describe("weight of the error of an encoder's latents beside that of pixels; 0 asks no encoder"),
    lr: z
      .number()
      .min(1e-5)
      .max(0.1)
      .default(3e-3)
      .describe('learning rate of AdamW, falling along a cosine'),
  }),
  formerNames: { batchSize: 'batch', cropSize: 'crop', lr: 'rate' },
  refers: { training: 'pictures' },
  needs: ({ latent }) => (latent === 0 ? [] : [{ role: 'vae-encoder' }]),
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
