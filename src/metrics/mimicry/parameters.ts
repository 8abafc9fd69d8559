/** @file The parameters that every test with a fine-tuned model has, and the lesson that they make. */
import { z } from 'zod';
import type { MimicSpec, FineTuning } from '../../diffusion/mimic.ts';
import { samplerNames } from '../../diffusion/samplers/samplers.ts';

/** How a model is taught, and how it is asked. */
export const mimicParameters = {
  method: z
    .enum(['lora', 'full', 'textual-inversion'])
    .default('lora')
    .describe('what is trained: low-rank pairs, all weights, or the embedding of token'),
  rank: z.int().min(1).max(256).default(8).describe('of LoRA; alpha is as large'),
  layers: z
    .enum(['attention', 'all'])
    .default('all')
    .describe(
      'what LoRA stands beside: the projections of attention, or every layer but the first and the last',
    ),
  steps: z.int().min(1).max(100_000).default(200).describe('training steps'),
  batchSize: z.int().min(1).max(64).default(4).describe('pictures a training step'),
  lr: z.number().positive().max(1).default(1e-3).describe('learning rate of AdamW'),
  weighting: z
    .enum(['plain', 'min-snr'])
    .default('plain')
    .describe('of timesteps in the loss: all alike, or min(SNR, 5) / SNR'),
  crop: z.enum(['random', 'center']).default('random').describe('how training crops are drawn'),
  flip: z.boolean().default(true).describe('mirror every other crop'),
  ema: z
    .boolean()
    .default(false)
    .describe('paint with the moving average of the trained weights, not with the last ones'),
  priorWeight: z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe(
      'weight of prior preservation: what the model painted of classPrompt before is learnt, too; 0: it is not',
    ),
  classPrompt: z.string().min(1).default('a painting').describe('what prior preservation keeps in mind'),
  classImages: z
    .int()
    .min(1)
    .max(1000)
    .default(12)
    .describe('how many pictures of classPrompt the model paints beforehand for that'),
  resolution: z
    .int()
    .min(32)
    .max(2048)
    .multipleOf(32)
    .optional()
    .describe("side of what is learnt and generated, in px; the model's own unless told"),
  token: z
    .string()
    .min(1)
    .default('<new-0>')
    .describe('the name that the model learns for what it is shown: a word without a meaning to it'),
  imagesPerPrompt: z.int().min(1).max(1000).default(2).describe('pictures generated for each prompt'),
  sampler: z.enum(samplerNames).default('dpm++2m-karras').describe('how pictures are generated'),
  samplingSteps: z.int().min(1).max(1000).default(20).describe('steps of the sampler'),
  guidance: z.number().min(1).max(30).default(3).describe('weight of classifier-free guidance; 1: none'),
};

/** What they were called before. */
export const mimicFormerNames = {
  batchSize: 'batch',
  lr: 'rate',
  classImages: 'classPictures',
  resolution: 'side',
  imagesPerPrompt: 'repeats',
} as const;

type MimicParameters = Omit<FineTuning, 'prior'> &
  Omit<MimicSpec, 'teaching' | 'prompts'> & {
    readonly priorWeight: number;
    readonly classPrompt: string;
    readonly classImages: number;
  };

/** The lesson of some parameters: what is not about teaching or asking leaves no trace in it. */
export function mimicWith(params: MimicParameters, prompts: readonly string[]): MimicSpec {
  const { method, rank, layers, steps, batchSize, lr, weighting, flip, crop, ema, resolution, token } =
    params;
  const { imagesPerPrompt, sampler, samplingSteps, guidance, priorWeight, classPrompt, classImages } = params;
  const prior = { weight: priorWeight, prompt: classPrompt, pictures: classImages };
  return {
    fineTuning: {
      method,
      rank,
      layers,
      steps,
      batchSize,
      lr,
      weighting,
      flip,
      crop,
      ema,
      token,
      ...(priorWeight > 0 && { prior }),
    },
    prompts,
    imagesPerPrompt,
    sampler,
    samplingSteps,
    guidance,
    ...(resolution !== undefined && { resolution }),
  };
}
