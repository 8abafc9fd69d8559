/**
 * @file How strongly the pairs of a LoRA file count, s = alpha / rank, wherever its writer has put alpha:
 *
 *   `<layer>.alpha`                      a tensor of each pair (kohya); read by `lora-file.ts`, and first
 *   header `lora_adapter_metadata`       diffusers: PEFT's settings as JSON, under `unet.` and `text_encoder.`
 *   `adapter_config.json` beside it      PEFT's own folders, whose file is `adapter_model.safetensors`
 *   nowhere                              alpha = rank
 *
 * PEFT names a layer's own alpha in `alpha_pattern`; with `use_rslora`, s = alpha / sqrt(rank) (arXiv:2312.03732). Ranks are
 * those of the tensors, so that `r` and `rank_pattern` say nothing new.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { isRecord } from '../files/json.ts';
import { unusableLoraSettings } from '../messages/index.ts';
import type { AdaptedRole } from './adapter.ts';

/** What PEFT calls a configuration, as far as it sets the strength. */
const settingsSchema = z.object({
  lora_alpha: z.number().optional(),
  use_rslora: z.boolean().nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
});

type LoraSettings = z.infer<typeof settingsSchema>;

/** The settings of a network's pairs; empty if the file names none. */
export type SettingsOf = (role: AdaptedRole) => LoraSettings;

const HEADER = 'lora_adapter_metadata';
const PREFIXES = { unet: 'unet.', 'text-encoder': 'text_encoder.' } as const;

/** The settings that belong to a file. @throws MODEL if there are some that cannot be read */
export async function loraSettings(
  path: string,
  metadata: Readonly<Record<string, string>>,
): Promise<SettingsOf> {
  const header = metadata[HEADER];
  const all = header === undefined ? await besides(path) : parsed(path, HEADER, header);
  const names = Object.keys(all);
  const prefixed = names.some((name) => Object.values(PREFIXES).some((prefix) => name.startsWith(prefix)));
  return (role) => {
    const prefix = prefixed ? PREFIXES[role] : '';
    const own = names.filter((name) => name.startsWith(prefix));
    const settings = Object.fromEntries(own.map((name) => [name.slice(prefix.length), all[name]]));
    const { success, data } = settingsSchema.safeParse(settings);
    if (!success) throw unusableLoraSettings(path, header === undefined ? CONFIG : HEADER);
    return data;
  };
}

const CONFIG = 'adapter_config.json';

/** PEFT's own file of settings; one beside another LoRA file is about something else. */
async function besides(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!/^adapter_model\b.*\.safetensors$/.test(basename(path))) return {};
  const text = await readFile(join(dirname(path), CONFIG), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw unusableLoraSettings(path, CONFIG);
  });
  return text === undefined ? {} : parsed(path, CONFIG, text);
}

function parsed(path: string, where: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // as below
  }
  throw unusableLoraSettings(path, where);
}

/** What a layer's pair is multiplied by. `alpha` is that of the pair's own tensor, if it has one. */
export function scaleOf(
  path: string,
  settings: LoraSettings,
  {
    module,
    rank,
    alpha: own,
  }: { readonly module: string; readonly rank: number; readonly alpha?: number | undefined },
): number {
  if (own !== undefined) return own / rank;
  const pattern = Object.entries(settings.alpha_pattern ?? {}).find(([name]) => names(path, name, module));
  const alpha = pattern?.[1] ?? settings.lora_alpha;
  if (alpha === undefined) return 1;
  return alpha / (settings.use_rslora === true ? Math.sqrt(rank) : rank);
}

/**
 * Whether PEFT's pattern means a module: its whole path, or the end of it from a dot on. PEFT takes patterns as regular
 * expressions; a file from somebody else could hold one that never ends, so only paths are taken.
 */
function names(path: string, pattern: string, module: string): boolean {
  const [, start = '', name = ''] = /^(\^?)([\w.]+)\$?$/.exec(pattern.replaceAll('\\.', '.')) ?? [];
  if (name === '') throw unusableLoraSettings(path, `alpha_pattern '${pattern}'`);
  return module === name || (start === '' && module.endsWith(`.${name}`));
}
