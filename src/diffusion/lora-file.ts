/**
 * @file Fine-tuned parts as `.safetensors` under the names that other programs know:
 *
 *   diffusers (PEFT)   unet.<path>.lora_A.weight, unet.<path>.lora_B.weight
 *   kohya              lora_unet_<path with underscores>.lora_down.weight, .lora_up.weight, .alpha
 *
 * Without an alpha, readers take alpha = rank: what is written is scaled so that this is right.
 */
import { foreignLora } from '../messages.ts';
import { insertLora, LORA_DOWN, LORA_UP } from '../onnx/lora.ts';
import type { Model } from '../onnx/model.ts';
import { readSafetensors, writeSafetensors } from '../onnx/safetensors.ts';
import { type NamedTensors, type Tensor, type TensorOf, tensor, toFloat32 } from '../onnx/tensor.ts';
import type { Adapter } from './adapter.ts';

/** Whose names a file has. */
export type LoraFormat = 'diffusers' | 'kohya';

/** Writes an adapter; whole weights and embeddings are named as diffusers names them, whatever the format. */
export const writeAdapter = (path: string, adapter: Adapter, format: LoraFormat): Promise<void> =>
  writeSafetensors(path, adapterTensors(adapter, format), { format: 'pt' });

/** An adapter's tensors under the names of a format. */
export function adapterTensors({ method, tensors }: Adapter, format: LoraFormat): NamedTensors {
  if (method.kind === 'textual-inversion') {
    return Object.fromEntries(Object.values(tensors).map((each) => [method.token, each]));
  }
  const prefixed = ([name, each]: [string, Tensor]): [string, Tensor][] => [[`unet.${name}`, each]];
  if (method.kind === 'full') return Object.fromEntries(Object.entries(tensors).flatMap(prefixed));
  const { rank, alpha } = method;
  const scaled = ([name, each]: [string, Tensor]): [string, Tensor] =>
    name.endsWith(LORA_UP) ? [name, times(each, alpha / rank)] : [name, each];
  const entries = Object.entries(tensors).map(scaled);
  if (format === 'diffusers') return Object.fromEntries(entries.flatMap(prefixed));
  return Object.fromEntries(entries.flatMap(([name, each]) => kohyaEntries(name, each, rank)));
}

function kohyaEntries(name: string, each: Tensor, rank: number): [string, Tensor][] {
  const down = name.endsWith(LORA_DOWN);
  const module = name.slice(0, -(down ? LORA_DOWN : LORA_UP).length);
  const prefix = `lora_unet_${module.replaceAll('.', '_')}`;
  if (!down) return [[`${prefix}.lora_up.weight`, each]];
  return [
    [`${prefix}.lora_down.weight`, each],
    [`${prefix}.alpha`, tensor('float32', [], Float32Array.of(rank))],
  ];
}

const times = ({ dims, ...rest }: Tensor, factor: number): TensorOf<'float32'> =>
  tensor(
    'float32',
    dims,
    toFloat32({ dims, ...rest } as Tensor).map((value) => value * factor),
  );

/**
 * The LoRA pairs of a file, for a U-Net's graph. Ranks that differ from layer to layer are brought to the largest with zeros.
 * @throws MODEL where the file holds a pair for a layer that the U-Net does not have, or of another size.
 */
export async function readLora(path: string, unet: Model): Promise<Adapter> {
  const { tensors } = await readSafetensors(path);
  const layers = insertLora(unet, { rank: 1, pattern: /./ }).pairs;
  const found = new Map<string, { down?: Tensor; up?: Tensor; alpha?: number }>();
  for (const [name, each] of Object.entries(tensors)) {
    const { key, part } = partsOf(name);
    const layer = layers.find(({ module }) => module === key || module.replaceAll('.', '_') === key);
    if (layer === undefined) throw foreignLora(path, name);
    const pair = found.get(layer.module) ?? {};
    found.set(
      layer.module,
      part === 'alpha' ? { ...pair, alpha: toFloat32(each)[0]! } : { ...pair, [part]: each },
    );
    const [fits, wanted] =
      part === 'down'
        ? [sameSizes(each.dims.slice(1), layer.down.dims.slice(1)), layer.down.dims]
        : part === 'up'
          ? [each.dims[0] === layer.up.dims[0], layer.up.dims]
          : [true, []];
    if (!fits) throw foreignLora(path, name, each.dims, wanted);
  }
  const pairs = [...found].map(([module, { down, up, alpha }]) => {
    if (down === undefined || up === undefined) throw foreignLora(path, module);
    return { module, down, up, scale: (alpha ?? down.dims[0]!) / down.dims[0]! };
  });
  if (pairs.length === 0) throw foreignLora(path, 'no pair at all');
  const rank = Math.max(...pairs.map(({ down }) => down.dims[0]!));
  const entries = pairs.flatMap(({ module, down, up, scale }): [string, Tensor][] => [
    [`${module}${LORA_DOWN}`, padded(down, 0, rank)],
    [`${module}${LORA_UP}`, padded(times(up, scale), 1, rank)],
  ]);
  const pattern = new RegExp(
    `^(${pairs.map(({ module }) => module.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})$`,
  );
  return { method: { kind: 'lora', rank, alpha: rank, pattern }, tensors: Object.fromEntries(entries) };
}

/** A tensor's name in either format, taken apart. */
function partsOf(name: string): { key: string; part: 'down' | 'up' | 'alpha' } {
  const kohya = /^lora_unet_(.+?)\.(?:(lora_down|lora_up)\.weight|alpha)$/.exec(name);
  const peft = /^(?:unet\.)?(.+?)\.(lora_A|lora_B|lora\.down|lora\.up)(?:\.default)?\.weight$/.exec(name);
  const [, key = name, kind] = kohya ?? peft ?? [];
  if (kind === undefined) return { key, part: 'alpha' };
  return { key, part: kind === 'lora_A' || kind.endsWith('down') ? 'down' : 'up' };
}

const sameSizes = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/** A tensor whose size along an axis (0 or 1) is brought to `size` with zeros. */
function padded(given: Tensor, axis: 0 | 1, size: number): TensorOf<'float32'> {
  const data = toFloat32(given);
  const { dims } = given;
  if (dims[axis] === size) return tensor('float32', dims, data);
  const outer = axis === 0 ? 1 : dims[0]!;
  const inner = data.length / outer;
  const wide = (inner / dims[axis]!) * size;
  const all = new Float32Array(outer * wide);
  for (let i = 0; i < outer; i++) all.set(data.subarray(i * inner, (i + 1) * inner), i * wide);
  return tensor(
    'float32',
    dims.map((each, i) => (i === axis ? size : each)),
    all,
  );
}
