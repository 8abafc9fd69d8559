/** @file `craquelure finetune`: trains a LoRA, all weights or a token's embedding on a folder of images. */
import type { FineTuneFilesOptions } from '../../standalone/finetune.ts';
import { expected, invalidPattern, kohyaNeedsLora } from '../../messages/index.ts';
import { deviceOption, modelChoices } from '../choices.ts';
import { startProgress } from '../progress.ts';
import { duration, note, print, printJson, size } from '../terminal.ts';
import { defineVerb, device, json, maxPixels, model } from '../verb.ts';

export const finetune = defineVerb({
  command: 'finetune <images>',
  describe: 'fine-tune a latent diffusion model on images; continues an interrupted training',
  positionals: (yargs) =>
    yargs.positional('images', {
      type: 'string',
      demandOption: true,
      describe: 'a folder of images, with captions in .txt files of the same name, or a CSV manifest',
    }),
  needs: {
    what: 'a folder of images or a CSV manifest',
    example: 'craquelure finetune art/ --out painter.safetensors',
  },
  options: {
    out: { type: 'string', demandOption: true, describe: 'the file to write, such as painter.safetensors' },
    method: {
      choices: ['lora', 'full', 'textual-inversion'] as const,
      default: 'lora' as const,
      describe: 'what is trained: LoRA pairs, all weights of the U-Net, or the embedding of --token',
    },
    rank: { type: 'number', default: 8, describe: 'LoRA rank' },
    alpha: { type: 'number', describe: 'LoRA alpha (default: the rank)' },
    layers: {
      choices: ['attention', 'all'] as const,
      default: 'all' as const,
      describe: 'which layers get LoRA: the attention projections, or all except the first and the last',
    },
    pattern: {
      type: 'string',
      describe: 'regular expression for the paths of the layers that get LoRA; replaces --layers',
    },
    steps: { type: 'number', default: 200, describe: 'training steps' },
    'batch-size': { type: 'number', default: 4, describe: 'images per training step' },
    'micro-batch': {
      type: 'number',
      describe: 'images per forward pass; lower uses less memory (default: the batch size)',
    },
    lr: { type: 'number', describe: 'learning rate (default: 1e-3; 2e-4 for --method full)' },
    warmup: { type: 'number', default: 10, describe: 'warm-up steps' },
    schedule: {
      choices: ['constant', 'cosine'] as const,
      default: 'constant' as const,
      describe: 'learning-rate schedule after the warm-up',
    },
    weighting: {
      choices: ['plain', 'min-snr'] as const,
      default: 'plain' as const,
      describe: 'how timesteps are weighted in the loss',
    },
    ema: { type: 'boolean', default: false, describe: 'write the moving average of the weights (EMA)' },
    dropout: {
      type: 'number',
      default: 0.1,
      describe: 'share of captions that are replaced by an empty one',
    },
    token: { type: 'string', default: '<new-0>', describe: 'word in the captions that stands for the style' },
    caption: {
      type: 'string',
      describe: 'caption for images without one (default: "a painting by <token>")',
    },
    artist: { type: 'string', describe: 'use only the images by this artist of the manifest' },
    resolution: {
      type: 'number',
      describe: "side of the training crops in px (default: the model's own resolution)",
    },
    crop: {
      choices: ['random', 'center'] as const,
      default: 'random' as const,
      describe: 'where training crops are taken from',
    },
    flip: { type: 'boolean', default: true, describe: 'mirror half of the crops' },
    'prior-weight': {
      type: 'number',
      default: 0,
      describe: 'weight of the prior-preservation loss; 0 turns it off',
    },
    'class-prompt': {
      type: 'string',
      default: 'a painting',
      describe: 'prompt for the class images (prior preservation)',
    },
    'class-images': {
      type: 'number',
      default: 12,
      describe: 'how many class images to sample from the base model',
    },
    format: {
      choices: ['diffusers', 'kohya'] as const,
      default: 'diffusers' as const,
      describe: 'naming scheme of the tensors in the LoRA file',
    },
    'save-every': { type: 'number', default: 50, describe: 'training steps between checkpoints' },
    seed: { type: 'number', default: 0, describe: 'random seed' },
    'max-pixels': maxPixels,
    model,
    device,
    json,
  },
  examples: [
    ['$0 finetune art/ --out painter.safetensors', 'train a LoRA for the embedded model'],
    [
      "$0 generate 'a boat by <new-0>' --lora painter.safetensors --out boats",
      'generate an image in that style',
    ],
  ],
  handler: async (args) => {
    const { fineTuneFiles } = await import('../../standalone/finetune.ts');
    const options = await optionsOf(args);
    const choices = await modelChoices(args.model);
    const sessions = { device: await deviceOption(args.device) };
    const abort = new AbortController();
    const onSignal = (): void => abort.abort();
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    const progress = startProgress();
    const started = performance.now();
    const watch = {
      signal: abort.signal,
      onProgress: (fraction: number, doing: string) => progress.update(fraction, 1, doing),
      onNote: (remark: string) => note(`note: ${remark}`),
    };
    const done = await fineTuneFiles(options, choices, sessions, watch).finally(() => {
      progress.end();
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    });
    const ms = Math.round(performance.now() - started);
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    if (args.json) return printJson({ ...done, ms, peakBytes });
    if (done.resumed > 0) note(`note: continued from the checkpoint of step ${done.resumed}`);
    const { first, last } = done.loss;
    print(`${done.output}: trained on ${done.images.length} images for ${options.steps} steps`);
    print(`loss: from ${first.toFixed(4)} to ${last.toFixed(4)} (every step: ${done.losses})`);
    print(`time: ${duration(ms)}, peak memory: ${size(peakBytes)}`);
  },
});

interface Arguments {
  readonly images: string;
  readonly out: string;
  readonly method: 'lora' | 'full' | 'textual-inversion';
  readonly layers: 'attention' | 'all';
  readonly pattern?: string | undefined;
  readonly rank: number;
  readonly alpha?: number | undefined;
  readonly lr?: number | undefined;
  readonly token: string;
  readonly caption?: string | undefined;
  readonly steps: number;
  readonly batchSize: number;
  readonly microBatch?: number | undefined;
  readonly warmup: number;
  readonly saveEvery: number;
  readonly seed: number;
  readonly dropout: number;
  readonly resolution?: number | undefined;
  readonly priorWeight: number;
  readonly classPrompt: string;
  readonly classImages: number;
  readonly format: 'diffusers' | 'kohya';
  readonly schedule: 'constant' | 'cosine';
  readonly weighting: 'plain' | 'min-snr';
  readonly crop: 'random' | 'center';
  readonly flip: boolean;
  readonly ema: boolean;
  readonly artist?: string | undefined;
  readonly maxPixels: number;
}

async function optionsOf(args: Arguments): Promise<FineTuneFilesOptions> {
  const { method, format, token, priorWeight, classPrompt, classImages, steps, dropout } = args;
  const { lr = method === 'full' ? 2e-4 : 1e-3 } = args;
  if (format === 'kohya' && method !== 'lora') throw kohyaNeedsLora(method);
  if (!(lr > 0)) throw expected('number above 0', '--lr', lr);
  if (!(dropout >= 0 && dropout < 1)) throw expected('number from 0 up to 1', '--dropout', dropout);
  if (!(priorWeight >= 0)) throw expected('number of at least 0', '--prior-weight', priorWeight);
  const { images, artist, resolution, schedule, weighting, crop, flip, maxPixels, microBatch } = args;
  return {
    images,
    artist,
    caption: args.caption ?? `a painting by ${token}`,
    method: await methodOf(args),
    format,
    steps: whole(1, steps, '--steps'),
    batchSize: whole(1, args.batchSize, '--batch-size'),
    ...(microBatch !== undefined && { microBatch: whole(1, microBatch, '--micro-batch') }),
    lr,
    warmup: whole(0, args.warmup, '--warmup'),
    schedule,
    weighting,
    dropout,
    average: args.ema,
    crop,
    flip,
    resolution: resolution === undefined ? undefined : whole(8, resolution, '--resolution'),
    ...(priorWeight > 0 && {
      prior: {
        weight: priorWeight,
        prompt: classPrompt,
        images: whole(1, classImages, '--class-images'),
      },
    }),
    saveEvery: whole(1, args.saveEvery, '--save-every'),
    seed: whole(0, args.seed, '--seed'),
    out: args.out.replace(/\.safetensors$/, ''),
    maxPixels,
  };
}

async function methodOf({
  method,
  rank,
  alpha = rank,
  layers,
  pattern,
  token,
}: Arguments): Promise<FineTuneFilesOptions['method']> {
  if (method === 'full') return { kind: 'full' };
  if (method === 'textual-inversion') return { kind: 'textual-inversion', token };
  const { layersPattern } = await import('../../diffusion/mimic.ts');
  if (!(alpha > 0)) throw expected('number above 0', '--alpha', alpha);
  const chosen = pattern === undefined ? layersPattern(layers) : expression(pattern);
  return { kind: 'lora', rank: whole(1, rank, '--rank'), alpha, pattern: chosen };
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw invalidPattern('--pattern', (error as Error).message);
  }
}

function whole(least: number, value: number, flag: string): number {
  if (!Number.isInteger(value) || value < least) throw expected(`integer of at least ${least}`, flag, value);
  return value;
}
