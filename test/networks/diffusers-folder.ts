/** @file The golden networks as a folder in the layout of diffusers: Stable Diffusion 1 in small, in half precision. */
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { golden } from './fixture.ts';

const PARTS = { vae: 'vae-sd', unet: 'unet-sd1', text_encoder: 'clip-text' };

/** Letters and words, in place of CLIP's vocabulary. */
function vocabulary(): Readonly<Record<string, number>> {
  const letters = [...'abcdefghijklmnopqrstuvwxyz!,.'].flatMap((letter) => [letter, `${letter}</w>`]);
  return {
    ...Object.fromEntries(letters.map((token, i) => [token, i])),
    '<|startoftext|>': 97,
    '<|endoftext|>': 98,
  };
}

/** Writes it into a new folder. */
export async function diffusersFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'craquelure-diffusers-'));
  for (const [part, name] of Object.entries(PARTS)) {
    await mkdir(join(folder, part), { recursive: true });
    await cp(golden(name), join(folder, part), {
      recursive: true,
      filter: (path) => !/(in|out)puts\.safetensors$/.test(path),
    });
  }
  await mkdir(join(folder, 'tokenizer'));
  await writeFile(join(folder, 'tokenizer', 'vocab.json'), JSON.stringify(vocabulary()));
  await writeFile(join(folder, 'tokenizer', 'merges.txt'), '#version: 0.2\n');
  await mkdir(join(folder, 'scheduler'));
  const scheduler = {
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    num_train_timesteps: 1000,
  };
  await writeFile(join(folder, 'scheduler', 'scheduler_config.json'), JSON.stringify(scheduler));
  return folder;
}
