/** @file `craquelure generate`: images from prompts, by hand. */
import { expected } from '../../messages/index.ts';
import { deviceOption, modelChoices } from '../choices.ts';
import { startProgress } from '../progress.ts';
import { note, print, printJson, table } from '../terminal.ts';
import { defineVerb, device, json, model } from '../verb.ts';

export const generate = defineVerb({
  command: 'generate <prompts..>',
  describe: 'make images from prompts with a latent diffusion model',
  positionals: (yargs) =>
    yargs.positional('prompts', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'what to show; several for several',
    }),
  options: {
    out: { type: 'string', demandOption: true, describe: 'folder for the images and generated.json' },
    count: { type: 'number', default: 1, describe: 'images of each prompt, of seeds from --seed up' },
    seed: { type: 'number', default: 0, describe: 'seed of the first image' },
    steps: { type: 'number', default: 30, describe: 'calls of the U-Net for an image' },
    guidance: { type: 'number', default: 7.5, describe: 'weight of the prompt; 1 is none' },
    negative: { type: 'string', default: '', describe: 'what the images should not show' },
    lora: {
      type: 'string',
      describe: 'what was fine-tuned: LoRA pairs by diffusers or kohya, or what finetune writes',
    },
    sampler: {
      choices: ['dpm++2m-karras', 'ddim', 'euler-ancestral'] as const,
      default: 'dpm++2m-karras' as const,
      describe: 'how noise is taken away',
    },
    size: { type: 'string', describe: "WIDTHxHEIGHT in px; the model's own unless told" },
    batch: { type: 'number', default: 1, describe: 'images at once: faster on a GPU, and more memory' },
    model,
    device,
    json,
  },
  examples: [
    [
      "$0 generate 'a boat on a lake' --model diffusion=sd15 --count 4 --out boats",
      'four seeds of one prompt',
    ],
  ],
  handler: async (args) => {
    const { generateFiles } = await import('../../standalone/generate.ts');
    const [count, batch, steps] = [
      atLeast(1, args.count, '--count'),
      atLeast(1, args.batch, '--batch'),
      args.steps,
    ];
    if (!(args.guidance >= 1)) throw expected('number of at least 1', '--guidance', args.guidance);
    const progress = startProgress();
    const { files, models, cut } = await generateFiles(
      {
        prompts: args.prompts,
        negative: args.negative,
        count,
        batch,
        seed: atLeast(0, args.seed, '--seed'),
        steps: atLeast(1, steps, '--steps'),
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
      note(`'${prompt}' is too long: its last ${tokens} tokens were not seen`);
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
    throw expected('WIDTHxHEIGHT, such as 512x512,', '--size', text);
  return { width: Number(width), height: Number(height) };
}
