/** @file `craquelure finetune`: a LoRA, all weights or a token's embedding from a folder of pictures, by hand. */
import type { FineTuneFilesOptions } from '../../standalone/finetune.ts';
import { expected, kohyaIsLora, usage } from '../../messages/index.ts';
import { deviceOption, modelChoices } from '../choices.ts';
import { startProgress } from '../progress.ts';
import { duration, note, print, printJson, size } from '../terminal.ts';
import { defineVerb, device, json, maxPixels, model } from '../verb.ts';

export const finetune = defineVerb({
  command: 'finetune <pictures>',
  describe: 'teach a latent diffusion model some pictures; goes on where an earlier training was interrupted',
  positionals: (yargs) =>
    yargs.positional('pictures', {
      type: 'string',
      demandOption: true,
      describe: 'a folder, captions in a .txt beside each picture, or a CSV manifest',
    }),
  options: {
    out: { type: 'string', demandOption: true, describe: 'the file to write: painter.safetensors' },
    method: {
      choices: ['lora', 'full', 'textual-inversion'] as const,
      default: 'lora' as const,
      describe: "what is trained: low-rank pairs, all the U-Net's weights, or the embedding of --token",
    },
    rank: { type: 'number', default: 8, describe: 'of LoRA' },
    alpha: { type: 'number', describe: 'of LoRA; as large as the rank unless told' },
    layers: {
      choices: ['attention', 'all'] as const,
      default: 'all' as const,
      describe: 'what LoRA stands beside: projections of attention, or all but the first and the last',
    },
    pattern: { type: 'string', describe: 'instead of --layers: a regular expression over paths of layers' },
    steps: { type: 'number', default: 200, describe: 'training steps' },
    batch: { type: 'number', default: 4, describe: 'pictures a step' },
    'at-once': { type: 'number', describe: 'of these, at a time; fewer take less memory' },
    rate: { type: 'number', describe: 'learning rate; 1e-3 unless told, and 2e-4 of all weights' },
    warmup: { type: 'number', default: 10, describe: 'steps of warm-up' },
    schedule: {
      choices: ['constant', 'cosine'] as const,
      default: 'constant' as const,
      describe: 'of the rate after that',
    },
    weighting: {
      choices: ['plain', 'min-snr'] as const,
      default: 'plain' as const,
      describe: 'of timesteps in the loss',
    },
    ema: { type: 'boolean', default: false, describe: "write the weights' moving average" },
    dropout: { type: 'number', default: 0.1, describe: 'share of captions that are left empty' },
    token: { type: 'string', default: '<new-0>', describe: 'the word for what is learnt' },
    caption: {
      type: 'string',
      describe: "of pictures without one of their own; 'a painting by' the token unless told",
    },
    artist: { type: 'string', describe: "of a manifest, only this artist's pictures" },
    side: { type: 'number', describe: "side of the crops, px; the model's own unless told" },
    crop: { choices: ['random', 'center'] as const, default: 'random' as const, describe: 'of pictures' },
    flip: { type: 'boolean', default: true, describe: 'mirror every other crop' },
    'prior-weight': { type: 'number', default: 0, describe: 'weight of prior preservation; 0 is none' },
    'class-prompt': { type: 'string', default: 'a painting', describe: 'what that keeps in mind' },
    'class-pictures': { type: 'number', default: 12, describe: 'painted of it by the untaught model' },
    format: {
      choices: ['diffusers', 'kohya'] as const,
      default: 'diffusers' as const,
      describe: 'whose names the LoRA file has',
    },
    every: { type: 'number', default: 50, describe: 'steps between checkpoints' },
    seed: { type: 'number', default: 0, describe: 'of all draws' },
    'max-pixels': maxPixels,
    model,
    device,
    json,
  },
  examples: [
    ['$0 finetune art/ --out painter.safetensors', 'a LoRA of the embedded model'],
    ["$0 generate 'a boat by <new-0>' --lora painter.safetensors --out boats", 'what it has learnt'],
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
    if (done.resumed > 0) note(`went on from the checkpoint of step ${done.resumed}`);
    const { first, last } = done.loss;
    print(`${done.output}: ${done.pictures.length} pictures, ${options.steps} steps`);
    print(`loss ${first.toFixed(4)} at first, ${last.toFixed(4)} in the end: ${done.losses}`);
    print(`${duration(ms)}, ${size(peakBytes)} of memory at the peak`);
  },
});

interface Arguments {
  readonly pictures: string;
  readonly out: string;
  readonly method: 'lora' | 'full' | 'textual-inversion';
  readonly layers: 'attention' | 'all';
  readonly pattern?: string | undefined;
  readonly rank: number;
  readonly alpha?: number | undefined;
  readonly rate?: number | undefined;
  readonly token: string;
  readonly caption?: string | undefined;
  readonly steps: number;
  readonly batch: number;
  readonly atOnce?: number | undefined;
  readonly warmup: number;
  readonly every: number;
  readonly seed: number;
  readonly dropout: number;
  readonly side?: number | undefined;
  readonly priorWeight: number;
  readonly classPrompt: string;
  readonly classPictures: number;
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
  const { method, format, token, priorWeight, classPrompt, classPictures, steps, dropout } = args;
  const { rate = method === 'full' ? 2e-4 : 1e-3 } = args;
  if (format === 'kohya' && method !== 'lora') throw kohyaIsLora(method);
  if (!(rate > 0)) throw expected('number above 0', '--rate', rate);
  if (!(dropout >= 0 && dropout < 1)) throw expected('number from 0 up to 1', '--dropout', dropout);
  if (!(priorWeight >= 0)) throw expected('number of at least 0', '--prior-weight', priorWeight);
  const { pictures, artist, side, schedule, weighting, crop, flip, maxPixels, atOnce } = args;
  return {
    pictures,
    artist,
    caption: args.caption ?? `a painting by ${token}`,
    method: await methodOf(args),
    format,
    steps: whole(1, steps, '--steps'),
    batch: whole(1, args.batch, '--batch'),
    ...(atOnce !== undefined && { atOnce: whole(1, atOnce, '--at-once') }),
    rate,
    warmup: whole(0, args.warmup, '--warmup'),
    schedule,
    weighting,
    dropout,
    average: args.ema,
    crop,
    flip,
    side: side === undefined ? undefined : whole(8, side, '--side'),
    ...(priorWeight > 0 && {
      prior: {
        weight: priorWeight,
        prompt: classPrompt,
        pictures: whole(1, classPictures, '--class-pictures'),
      },
    }),
    every: whole(1, args.every, '--every'),
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
  const { layersPattern } = await import('../../diffusion/lesson.ts');
  if (!(alpha > 0)) throw expected('number above 0', '--alpha', alpha);
  const chosen = pattern === undefined ? layersPattern(layers) : expression(pattern);
  return { kind: 'lora', rank: whole(1, rank, '--rank'), alpha, pattern: chosen };
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw usage(`--pattern is no regular expression: ${(error as Error).message}`);
  }
}

function whole(least: number, value: number, flag: string): number {
  if (!Number.isInteger(value) || value < least) throw expected(`integer of at least ${least}`, flag, value);
  return value;
}
