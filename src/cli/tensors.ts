/** @file What `vjp` and `gradcheck` share: `NAME=FILE.npy` arguments, lists of names, names of output files. */
import { expected } from '../messages/index.ts';
import type { NamedTensors } from '../onnx/tensor.ts';

export const onnxModel = { type: 'string', demandOption: true, describe: 'ONNX file of the model' } as const;

export const device = {
  type: 'string',
  default: 'cpu',
  describe: "device for the model: auto, cpu, cuda, webgpu, ... (see 'doctor')",
} as const;

export const threads = { type: 'number', describe: 'number of CPU threads (default: one per core)' } as const;

/** Reads the arrays of `--input x=x.npy --input t=t.npy`. Errors name the option or the file. */
export async function readNamed(option: string, pairs: readonly string[]): Promise<NamedTensors> {
  const { readNpy } = await import('../onnx/npy.ts');
  const tensors: Record<string, NamedTensors[string]> = {};
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    const [name, path] = [pair.slice(0, cut), pair.slice(cut + 1)];
    if (cut < 1 || path === '') throw expected('NAME=FILE.npy', option, pair, { code: 'USAGE' });
    if (name in tensors) throw expected('each name only once', option, name, { code: 'USAGE' });
    tensors[name] = await readNpy(path);
  }
  return tensors;
}

/** Names given as `a,b` or as several options; each once. */
export function namesOf(option: string, lists: readonly string[]): readonly string[] {
  const names = lists.flatMap((list) => list.split(',')).map((name) => name.trim());
  if (names.some((name) => name === '')) {
    throw expected('names separated by commas', option, lists.join(' '), { code: 'USAGE' });
  }
  return [...new Set(names)];
}

/** A value's name as part of a file name: names of ONNX values may hold slashes. */
export const fileNameOf = (name: string): string =>
  name.replace(/[%/\\:*?"<>|]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

/** A positive whole number of an option, or undefined if it was not given. */
export function wholeNumber(option: string, value: number | undefined): number | undefined {
  if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
    throw expected('positive integer', option, value, { code: 'USAGE' });
  }
  return value;
}
