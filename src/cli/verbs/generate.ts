/** @file `craquelure generate`: images from prompts, outside an experiment. */
import { expected } from '../../messages/index.ts';
import { deviceOption, modelChoices } from '../choices.ts';
import { startProgress } from '../progress.ts';
import { note, print, printJson, table } from '../terminal.ts';
import { defineVerb, device, json, model } from '../verb.ts';

export const generate = defineVerb({
  command: 'generate <prompts..>',
  describe: 'generate images from prompts with a latent diffusion model',
  positionals: (yargs) =>
    yargs.positional('prompts', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'prompts; each gets its own images',
    }),
  needs: { what: 'a prompt', example: "craquelure generate 'a boat on a lake' --out boats" },
  options: {
    out: { type: 'string', demandOption: true, describe: 'folder for the images and generated.json' },
    'images-per-prompt': {
      type: 'number',
      default: 1,
      describe: 'images per prompt, with the seeds --seed, --seed + 1, ...',
    },
    seed: { type: 'number', default: 0, describe: 'random seed of the first image of each prompt' },
    steps: { type: 'number', default: 30, describe: 'sampling steps' },
    guidance: { type: 'number', default: 7.5, describe: 'guidance scale; 1 turns guidance off' },
    'negative-prompt': { type: 'string', default: '', describe: 'what the images should not show' },
    lora: {
      type: 'string',
      describe: 'LoRA file (diffusers or kohya), or any file that finetune wrote',
    },
    sampler: {
      choices: ['dpm++2m-karras', 'ddim', 'euler-ancestral'] as const,
      default: 'dpm++2m-karras' as const,
      describe: 'sampling algorithm',
    },
    size: {
      type: 'string',
      describe: "image size as WIDTHxHEIGHT in px (default: the model's own resolution)",
    },
    'batch-size': {
      type: 'number',
      default: 1,
      describe: 'images per batch; more is faster on a GPU and uses more memory',
    },
    model,
    device,
    json,
  },
  examples: [
    [
      "$0 generate 'a boat on a lake' --model diffusion=sd15 --images-per-prompt 4 --out boats",
      'generate four images of one prompt',
    ],
  ],
  handler: async (args) => {
    const { generateFiles } = await import('../../standalone/generate.ts');
    if (!(args.guidance >= 1)) throw expected('number of at least 1', '--guidance', args.guidance);
    const progress = startProgress();
    const { files, models, cut } = await generateFiles(
      {
        prompts: args.prompts,
        negativePrompt: args.negativePrompt,
        imagesPerPrompt: atLeast(1, args.imagesPerPrompt, '--images-per-prompt'),
        batchSize: atLeast(1, args.batchSize, '--batch-size'),
        seed: atLeast(0, args.seed, '--seed'),
        steps: atLeast(1, args.steps, '--steps'),
        guidance: args.guidance,
        sampler: args.sampler,
        lora: args.lora,
        size: args.size === undefined ? undefined : sizeOf(args.size),
        outDir: args.out,
        onProgress: progress.update,
      },
      await modelChoices(args.model),
      { device: await deviceOption(args.device) },
    ).finally(progress.end);
    for (const { prompt, tokens } of cut)
      note(`note: prompt '${prompt}' is too long: its last ${tokens} tokens were ignored`);
    if (args.json) printJson({ models, files });
    else
      print(
        table(
          ['output', 'seed', 'prompt'],
          files.map(({ output, seed, prompt }) => [output, seed, prompt]),
        ),
      );
  },
});

function atLeast(least: number, value: number, flag: string): number {
  if (!Number.isInteger(value) || value < least) throw expected(`integer of at least ${least}`, flag, value);
  return value;
}

function sizeOf(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (width === undefined || height === undefined)
    throw expected("'WIDTHxHEIGHT', such as 512x512,", '--size', text);
  return { width: Number(width), height: Number(height) };
}
