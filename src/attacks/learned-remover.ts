/**
 * @file A remover that is trained on pairs of the same protection: whoever can protect pictures of their own, or finds
 * originals that leaked, can make such pairs. Of the family of LightShed and BridgePure, and much smaller than either.
 *
 * The pictures that it trains on are other ones than those that it attacks. Trained from scratch in this program.
 */
import { z } from 'zod';
import { gradientGraph, gradientName } from '../autodiff/gradient.ts';
import { type TensorOf, tensor } from '../onnx/tensor.ts';
import type { Objective } from '../optim/descend.ts';
import { train, untrained, warmedUp } from '../optim/train.ts';
import type { Random } from '../random.ts';
import { openSession } from '../runtime/session.ts';
import { defineAttack, learnedIn, type TrainingPair, trainingParameters } from './define.ts';
import { clipped, throughNetwork } from './network.ts';
import {
  initialRemover,
  REMOVER,
  REMOVER_MULTIPLE,
  removerFeeds,
  removerModel,
  removerWeights,
} from './remover.ts';

export const learnedRemover = defineAttack({
  id: 'learned-remover',
  version: 1,
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
    steps: z.int().min(1).max(100_000).default(400).describe('training steps'),
    batch: z.int().min(1).max(64).default(4).describe('crops a step'),
    crop: z.int().min(16).max(256).multipleOf(2).default(64).describe('side of a crop in px'),
    channels: z.int().min(4).max(64).default(16).describe('of the network at full resolution'),
    rate: z
      .number()
      .min(1e-5)
      .max(0.1)
      .default(2e-3)
      .describe('learning rate of AdamW, falling along a cosine'),
  }),
  refers: { training: 'pictures' },
  needs: [],
  random: true,
  strength: { parameter: 'pairs', harsher: 'higher' },
  learns: {
    pairs: ({ pairs }) => pairs,
    learn: async (pairs, params, context) => {
      const gradient = gradientGraph(removerModel(params.channels, true), {
        loss: REMOVER.loss,
        wrt: removerWeights(params.channels).map(({ name }) => name),
        outputs: [REMOVER.loss],
      });
      const session = await openSession(gradient, { name: 'learned-remover' });
      try {
        const draw = crops(pairs, params, context.random.fork('crops'));
        const objective: Objective = async (weights, step) => {
          const results = await session.run({ ...draw(step), ...removerFeeds(params.channels, weights) });
          const parts = removerWeights(params.channels).map(({ name }) => results[gradientName(name)]!);
          return {
            loss: results[REMOVER.loss]!.data[0] as number,
            gradient: Float32Array.from(parts.flatMap(({ data }) => [...(data as Float32Array)])),
          };
        };
        const start = untrained(initialRemover(params.channels, context.random.fork('start')));
        const { signal, onProgress } = context;
        const { steps } = params;
        const rate = warmedUp(params.rate, { warmup: 10, steps, shape: 'cosine' });
        return (await train(start, objective, { steps, rate, clip: 10, decay: 1e-4, signal, onProgress }))
          .weights;
      } finally {
        await session.close();
      }
    },
  },
  apply: async (image, { channels }, context) => {
    const feeds = removerFeeds(channels, learnedIn(context, 'learned-remover'));
    const session = await openSession(removerModel(channels), { name: 'learned-remover' });
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

/** The batch of each step: crops at the same place of both pictures of a pair. Depends on the step's number alone. */
function crops(
  pairs: readonly TrainingPair[],
  { batch, crop }: { batch: number; crop: number },
  random: Random,
): (step: number) => Record<'image' | 'clean', TensorOf<'float32'>> {
  return (step) => {
    const own = random.fork(`step ${step}`);
    const side = Math.min(crop, ...pairs.flatMap(({ clean }) => [clean.width, clean.height])) & ~1;
    const [image, clean] = [0, 1].map(() => new Float32Array(batch * 3 * side * side)) as [
      Float32Array,
      Float32Array,
    ];
    for (let b = 0; b < batch; b++) {
      const pair = own.pick(pairs);
      const { width, height } = pair.clean;
      const [left, top] = [own.int(width - side + 1), own.int(height - side + 1)];
      for (let i = 0; i < 3 * side * side; i++) {
        const [c, at] = [Math.floor(i / side ** 2), i % side ** 2];
        const from = 3 * ((top + Math.floor(at / side)) * width + left + (at % side)) + c;
        image[b * 3 * side * side + i] = pair.protected.data[from]!;
        clean[b * 3 * side * side + i] = pair.clean.data[from]!;
      }
    }
    const dims = [batch, 3, side, side];
    return { image: tensor('float32', dims, image), clean: tensor('float32', dims, clean) };
  };
}
