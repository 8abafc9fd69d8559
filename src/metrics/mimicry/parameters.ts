/** @file The parameters that all tests with a fine-tuned model share, and the specification of the mimic that they describe. */
import { z } from 'zod';
import type { MimicSpec, FineTuning } from '../../diffusion/mimic.ts';
import { samplerNames } from '../../diffusion/samplers/samplers.ts';

/** How a mimic is fine-tuned and sampled. */
export const mimicParameters = {
  method: z
    .enum(['lora', 'full', 'textual-inversion'])
    .default('lora')
    .describe('fine-tuning method: LoRA, all weights of the U-Net, or the embedding of token'),
  rank: z.int().min(1).max(256).default(8).describe('LoRA rank; alpha equals it'),
  layers: z
    .enum(['attention', 'all'])
    .default('all')
    .describe('layers that get LoRA: attention projections, or all except the first and the last'),
  steps: z.int().min(1).max(100_000).default(200).describe('number of training steps'),
  batchSize: z.int().min(1).max(64).default(4).describe('batch size, in images'),
  lr: z.number().positive().max(1).default(1e-3).describe('learning rate'),
  weighting: z
    .enum(['plain', 'min-snr'])
    .default('plain')
    .describe('loss weight of a timestep: plain (all equal) or min-snr (min(SNR, 5) / SNR)'),
  crop: z.enum(['random', 'center']).default('random').describe('position of training crops'),
  flip: z.boolean().default(true).describe('whether to mirror training crops at random'),
  ema: z
    .boolean()
    .default(false)
    .describe('whether to sample with the moving average of the weights instead of the last weights'),
  priorWeight: z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe('weight of the prior-preservation loss on class images; 0: no class images'),
  classPrompt: z
    .string()
    .min(1)
    .default('a painting')
    .describe('prompt for the class images, and their caption'),
  classImages: z
    .int()
    .min(1)
    .max(1000)
    .default(12)
    .describe('number of class images, sampled from the base model'),
  resolution: z
    .int()
    .min(32)
    .max(2048)
    .multipleOf(32)
    .optional()
    .describe(
      'side of training and generated images, in px (default: the side that the model was trained at)',
    ),
  token: z
    .string()
    .min(1)
    .default('<new-0>')
    .describe('word for the style in prompts, without a meaning to the base model'),
  imagesPerPrompt: z.int().min(1).max(1000).default(2).describe('number of images generated for each prompt'),
  sampler: z.enum(samplerNames).default('dpm++2m-karras').describe('sampler of the diffusion model'),
  samplingSteps: z.int().min(1).max(1000).default(20).describe('number of sampling steps'),
  guidance: z.number().min(1).max(30).default(3).describe('classifier-free guidance scale; 1: no guidance'),
};

/** Earlier names of these parameters. */
export const mimicFormerNames = {
  batchSize: 'batch',
  lr: 'rate',
  classImages: 'classPictures',
  resolution: 'side',
  imagesPerPrompt: 'repeats',
} as const;

type MimicParameters = Omit<FineTuning, 'prior'> &
  Omit<MimicSpec, 'fineTuning' | 'prompts'> & {
    readonly priorWeight: number;
    readonly classPrompt: string;
    readonly classImages: number;
  };

/** The mimic that the parameters describe; parameters of the judgement have no influence on it. */
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
