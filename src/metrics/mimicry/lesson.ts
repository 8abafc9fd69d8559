/** @file The parameters that every test with a fine-tuned model has, and the lesson that they make. */
import { z } from 'zod';
import type { Lesson } from '../../diffusion/lesson.ts';
import { samplerNames } from '../../diffusion/samplers.ts';

/** How a model is taught, and how it is asked. */
export const lessonParameters = {
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
  batch: z.int().min(1).max(64).default(4).describe('pictures a training step'),
  rate: z.number().positive().max(1).default(1e-3).describe('learning rate of AdamW'),
  weighting: z
    .enum(['plain', 'min-snr'])
    .default('plain')
    .describe('of timesteps in the loss: all alike, or min(SNR, 5) / SNR'),
  crop: z.enum(['random', 'center']).default('random').describe('how training crops are drawn'),
  flip: z.boolean().default(true).describe('mirror every other crop'),
  side: z
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
  repeats: z.int().min(1).max(1000).default(2).describe('pictures generated for each prompt'),
  sampler: z.enum(samplerNames).default('dpm++2m-karras').describe('how pictures are generated'),
  samplingSteps: z.int().min(1).max(1000).default(20).describe('steps of the sampler'),
  guidance: z.number().min(1).max(30).default(3).describe('weight of classifier-free guidance; 1: none'),
};

type LessonParameters = Omit<Lesson, 'prompts'>;

/** The lesson of some parameters: what is not about teaching or asking leaves no trace in it. */
export function lessonWith(params: LessonParameters, prompts: readonly string[]): Lesson {
  const { method, rank, layers, steps, batch, rate, weighting, flip, crop, side, token } = params;
  const { repeats, sampler, samplingSteps, guidance } = params;
  return {
    method,
    rank,
    layers,
    steps,
    batch,
    rate,
    weighting,
    flip,
    crop,
    ...(side !== undefined && { side }),
    token,
    prompts,
    repeats,
    sampler,
    samplingSteps,
    guidance,
  };
}

/** Roles of the model that learns. */
export const DIFFUSION_ROLES = ['vae-encoder', 'vae-decoder', 'unet', 'text-encoder'] as const;
