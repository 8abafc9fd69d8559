/**
 * @file Images from prompts, outside an experiment: one PNG file each, and `generated.json`, a record from which each can be
 * generated again. Image k of a prompt has the seed `seed + k`, whatever else is generated with it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withAdapters } from '../diffusion/adapter.ts';
import { textToImage } from '../diffusion/generate.ts';
import { readAdapters } from '../diffusion/lora-file.ts';
import type { Diffusion, OpenRole } from '../diffusion/open.ts';
import type { SamplerName } from '../diffusion/samplers/samplers.ts';
import { encodeImage } from '../image/codec.ts';
import type { Size } from '../image/image.ts';
import type { ModelChoices } from '../models/choice.ts';
import { modelHome } from '../models/home.ts';
import type { OpenOptions } from '../models/open.ts';
import { type ResolvedModel, resolveNeeds } from '../models/resolve.ts';
import { ROLE_GROUPS } from '../models/roles.ts';
import { openPool } from '../models/pool.ts';
import { seededRandom } from '../random.ts';
import { sha256 } from '../files/hashes.ts';
import { toolVersion } from '../run/manifest.ts';
import { writeAtomically } from '../files/atomic.ts';
import { writeJson } from '../files/json.ts';
import { makeFolder } from '../files/folders.ts';

export interface GenerateOptions {
  readonly prompts: readonly string[];
  readonly negativePrompt: string;
  readonly imagesPerPrompt: number;
  /** Images per batch: more is faster on a GPU and uses more memory. */
  readonly batchSize: number;
  readonly seed: number;
  readonly steps: number;
  readonly guidance: number;
  readonly sampler: SamplerName;
  /** A `.safetensors` file of LoRA pairs (diffusers or kohya), whole weights, or an embedding. */
  readonly lora?: string | undefined;
  /** Default: the model's own resolution. */
  readonly size?: Size | undefined;
  readonly outDir: string;
  readonly onProgress?: ((done: number, total: number, doing: string) => void) | undefined;
}

/** An image that was written. */
export interface GeneratedFile {
  readonly output: string;
  readonly prompt: string;
  readonly seed: number;
  readonly sha256: string;
}

export interface Generated {
  readonly files: readonly GeneratedFile[];
  readonly models: readonly ResolvedModel[];
  /** Prompts that were too long, and how many of their tokens were ignored. */
  readonly cut: readonly { readonly prompt: string; readonly tokens: number }[];
}

/** Generates and writes. @throws MODEL if models are missing; USAGE for sizes and steps that the model does not accept */
export async function generateFiles(
  options: GenerateOptions,
  choices: ModelChoices,
  sessions: OpenOptions,
): Promise<Generated> {
  const needs = ROLE_GROUPS.diffusion.map((role) => ({ role, by: 'generate' }));
  const models = await resolveNeeds(needs, choices, { home: modelHome(), baseDirs: [process.cwd()] });
  const pool = openPool(sessions);
  try {
    const open: OpenRole = pool.of(models).open;
    const work = async (diffusion: Diffusion) => ({
      files: await write(diffusion, options),
      cut: await cutPrompts(diffusion, options.prompts),
    });
    const adapters = options.lora === undefined ? [] : await readAdapters(options.lora, open);
    const { files, cut } = await withAdapters(open, adapters, work);
    await record(options, models, files);
    return { files, models, cut };
  } finally {
    await pool.close();
  }
}

async function write(diffusion: Diffusion, options: GenerateOptions): Promise<GeneratedFile[]> {
  const { prompts, imagesPerPrompt, batchSize, outDir, onProgress } = options;
  await makeFolder(outDir);
  const wanted = prompts.flatMap((prompt, p) =>
    Array.from({ length: imagesPerPrompt }, (_, k) => ({
      prompt,
      seed: options.seed + k,
      name: nameOf(prompt, p, prompts),
    })),
  );
  const files: GeneratedFile[] = [];
  for (let at = 0; at < wanted.length; at += batchSize) {
    const some = wanted.slice(at, at + batchSize);
    const images = await textToImage(diffusion, {
      randoms: some.map(({ seed }) => seededRandom(seed)),
      prompts: some.map(({ prompt }) => prompt),
      negatives: [options.negativePrompt],
      guidance: options.guidance,
      steps: options.steps,
      sampler: options.sampler,
      ...(options.size && { size: options.size }),
      onProgress: (fraction) => onProgress?.(at + fraction * some.length, wanted.length, some[0]!.prompt),
    });
    for (const [i, { prompt, seed, name }] of some.entries()) {
      const output = join(outDir, `${name}-${seed}.png`);
      const { bytes } = await encodeImage(images[i]!, { format: 'png' });
      await writeAtomically(output, bytes);
      files.push({ output, prompt, seed, sha256: sha256(bytes) });
    }
  }
  return files;
}

/** `a-boat-on-a-lake`; prompts that would get the same name are numbered. */
function nameOf(prompt: string, index: number, prompts: readonly string[]): string {
  const slug = (text: string): string =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 60) || 'image';
  const own = slug(prompt);
  const first = prompts.findIndex((other) => slug(other) === own);
  return first === index ? own : `${own}-${index + 1}`;
}

async function cutPrompts(diffusion: Diffusion, prompts: readonly string[]): Promise<Generated['cut']> {
  const tokenizer = await diffusion.tokenizer();
  return prompts.flatMap((prompt) => {
    const { cut: tokens } = tokenizer.encode(prompt);
    return tokens > 0 ? [{ prompt, tokens }] : [];
  });
}

async function record(
  { prompts: _, outDir, onProgress: __, lora, ...rest }: GenerateOptions,
  models: readonly ResolvedModel[],
  files: readonly GeneratedFile[],
): Promise<void> {
  const pairs = lora === undefined ? {} : { lora: { path: lora, sha256: sha256(await readFile(lora)) } };
  const settings = { ...rest, ...pairs };
  const played = models.map(({ role, id, key, trust }) => ({ role, id, key, trust }));
  await writeJson(join(outDir, 'generated.json'), {
    tool: toolVersion(),
    settings,
    models: played,
    files,
  });
}
