/** @file `--model` and `--device`, read. */
import { expected, unknownName } from '../messages/index.ts';
import type { ModelChoices } from '../models/choice.ts';
import type { Device } from '../runtime/device.ts';

/** `vae=taesd` and the like; a value may be a map in YAML: `vae={encoder: ./e.onnx, scale: 0.18215, range: [-1, 1]}`. */
export async function modelChoices(texts: readonly string[] = []): Promise<ModelChoices> {
  if (texts.length === 0) return {};
  const { parse } = await import('yaml');
  const { parseModelChoices } = await import('../models/choice.ts');
  const pairs = texts.map((text) => {
    const [slot, value] = [text.slice(0, text.indexOf('=')).trim(), text.slice(text.indexOf('=') + 1).trim()];
    if (!text.includes('=') || slot === '' || value === '')
      throw expected("'ROLE=MODEL'", '--model', text, { code: 'USAGE' });
    return [slot, value.startsWith('{') ? (parse(value) as unknown) : value];
  });
  return parseModelChoices(Object.fromEntries(pairs), () => ({ file: '--model' }));
}

/** A device's name. @throws USAGE if no device has that name. */
export async function deviceOption(name: string): Promise<Device | 'auto'> {
  const { devices } = await import('../runtime/device.ts');
  const known = ['auto', ...devices] as const;
  const device = known.find((each) => each === name);
  if (device === undefined)
    throw unknownName('device', name, known, { code: 'USAGE', place: { file: '--device' } });
  return device;
}
