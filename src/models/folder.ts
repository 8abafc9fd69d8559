/** @file What the small files of a diffusers folder say about its networks: scale factors, schedules, tokenizers. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { missingTokenizer, unknownScheduler } from '../messages/index.ts';
import { unetOf, versionOf } from '../networks/latent-diffusion.ts';
import { openCheckpoint } from '../networks/weights/checkpoint.ts';
import type { BetaRange, DiffusionFill } from './entry.ts';
import type { ModelRole } from './roles.ts';

type Config = Readonly<Record<string, unknown>>;

async function readConfig(path: string): Promise<Config | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Config);
}

const isThere = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined)) !== undefined;

/** Scale factor and shift from the autoencoder's `config.json`; pixels of this layout are -1..1. */
export async function vaeFill(folder: string) {
  const pixels = { mean: 0.5, std: 0.5, multiple: 8 };
  for (const part of ['vae_encoder', 'vae_decoder', 'vae', '.']) {
    const config = await readConfig(join(folder, part, 'config.json'));
    if (config === undefined) continue;
    const { scaling_factor: scale, shift_factor: shift } = config;
    return {
      ...pixels,
      ...(typeof scale === 'number' && { scale }),
      ...(typeof shift === 'number' && { shift }),
    };
  }
  return pixels;
}

const PREDICTIONS: Readonly<Record<string, DiffusionFill['prediction']>> = {
  epsilon: 'epsilon',
  v_prediction: 'v',
};
const CURVES: Readonly<Record<string, BetaRange['curve']>> = {
  scaled_linear: 'scaled-linear',
  linear: 'linear',
};

/**
 * How the U-Net was trained, and what sides it takes, from `scheduler/scheduler_config.json` and `unet/config.json`; Stable Diffusion 1's numbers
 * where the files are not there. @throws MODEL for a prediction or a curve of betas that no sampler here knows.
 */
export async function unetFill(folder: string): Promise<DiffusionFill & { multiple: number }> {
  const path = join(folder, 'scheduler', 'scheduler_config.json');
  const scheduler = (await readConfig(path)) ?? {};
  const {
    prediction_type: type = 'epsilon',
    beta_schedule: curve = 'scaled_linear',
    beta_start: start = 0.00085,
    beta_end: end = 0.012,
    num_train_timesteps: steps = 1000,
  } = scheduler;
  const prediction = PREDICTIONS[String(type)];
  if (prediction === undefined)
    throw unknownScheduler(path, 'prediction_type', type, Object.keys(PREDICTIONS));
  const known = CURVES[String(curve)];
  if (known === undefined) throw unknownScheduler(path, 'beta_schedule', curve, Object.keys(CURVES));
  const betas = { curve: known, start: Number(start), end: Number(end), steps: Number(steps) };
  const { sample_size: cells = 64, block_out_channels: blocks = [0, 0, 0, 0] } =
    (await readConfig(join(folder, 'unet', 'config.json'))) ?? {};
  // Every block but the last halves: what it halves has to be even.
  const multiple = 8 * 2 ** ((blocks as readonly unknown[]).length - 1);
  return { prediction, betas, side: 8 * Number(cells), multiple };
}

/** The token that fills up short prompts, as the tokenizer's own files name it. */
export async function textFill(folder: string): Promise<{ padToken?: string }> {
  for (const name of ['special_tokens_map.json', 'tokenizer_config.json']) {
    const token = (await readConfig(join(folder, 'tokenizer', name)))?.pad_token;
    const padToken = typeof token === 'object' && token !== null ? (token as Config).content : token;
    if (typeof padToken === 'string') return { padToken };
  }
  return {};
}

/**
 * The tokenizer's files in one of `folders`: a `tokenizer.json`, or `vocab.json` with `merges.txt`.
 * @throws MODEL if neither is there; `model` is what the message calls it.
 */
export async function tokenizerFiles(model: string, folders: readonly string[]): Promise<readonly string[]> {
  for (const folder of folders) {
    for (const names of [['tokenizer.json'], ['vocab.json', 'merges.txt']]) {
      const paths = names.map((name) => join(folder, name));
      if ((await Promise.all(paths.map(isThere))).every(Boolean)) return paths;
    }
  }
  throw missingTokenizer(model);
}

/** What the names and shapes in a file of all networks tell of one of them; whether it predicts v, they do not. */
export async function latentDiffusionFill(path: string, role: ModelRole) {
  const weights = await openCheckpoint(path);
  const version = versionOf(weights);
  if (role === 'text-encoder') return version === '2' ? { padToken: '!' } : {};
  if (role !== 'unet')
    return { mean: 0.5, std: 0.5, multiple: 8, scale: version === 'XL' ? 0.13025 : 0.18215 };
  const blocks = unetOf(weights).config.block_out_channels as readonly unknown[];
  return { side: version === 'XL' ? 1024 : 512, multiple: 8 * 2 ** (blocks.length - 1) };
}
