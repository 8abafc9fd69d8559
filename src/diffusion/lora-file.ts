/**
 * @file Fine-tuned parts as `.safetensors` under the names that other programs know:
 *
 *   diffusers (PEFT)    unet.<path>.lora_A.weight, unet.<path>.lora_B.weight; text_encoder.<path>...
 *   PEFT itself         base_model.model.<path>.lora_A.weight, of the U-Net
 *   kohya               lora_unet_<path with underscores>.lora_down.weight, .lora_up.weight, .alpha; lora_te_<path>...
 *   whole weights       unet.<path>.weight, unet.<path>.bias, as PyTorch has them
 *   textual inversion   <token>
 *
 * Where the strength of foreign pairs is found, `lora-scale.ts` says. Without an alpha, readers take alpha = rank: what is
 * written is scaled so that this is right.
 */
import { foreignLora, otherEmbedding, unsupportedLora } from '../messages/index.ts';
import { insertLora, LORA_DOWN, LORA_UP, type LoraPair } from '../onnx/transforms/lora.ts';
import type { Model } from '../onnx/model.ts';
import { fromPublished, toPublished } from '../onnx/published-weights.ts';
import { readSafetensors, writeSafetensors } from '../onnx/safetensors.ts';
import { TOKEN_EMBEDDING } from '../onnx/transforms/tunable.ts';
import { type NamedTensors, type Tensor, type TensorOf, tensor, toFloat32 } from '../onnx/tensor.ts';
import type { AdaptedRole, Adapter } from './adapter.ts';
import { loraSettings, type SettingsOf, scaleOf } from './lora-scale.ts';
import type { OpenRole } from './open.ts';

/** Whose names a LoRA file has. */
export type LoraFormat = 'diffusers' | 'kohya';

/** Writes an adapter of a U-Net's; whole weights and embeddings are named as diffusers names them, whatever the format. */
export const writeAdapter = (
  path: string,
  adapter: Adapter,
  format: LoraFormat,
  unet: Model,
): Promise<void> => writeSafetensors(path, adapterTensors(adapter, format, unet), { format: 'pt' });

/** An adapter's tensors under the names of a format. */
export function adapterTensors({ method, tensors }: Adapter, format: LoraFormat, unet: Model): NamedTensors {
  if (method.kind === 'textual-inversion') {
    return Object.fromEntries(Object.values(tensors).map((each) => [method.token, each]));
  }
  const prefixed = ([name, each]: [string, Tensor]): [string, Tensor] => [`unet.${name}`, each];
  if (method.kind === 'full') {
    return Object.fromEntries(Object.entries(toPublished(unet, tensors)).map(prefixed));
  }
  const { rank, alpha } = method;
  const scaled = ([name, each]: [string, Tensor]): [string, Tensor] =>
    name.endsWith(LORA_UP) ? [name, times(each, alpha / rank)] : [name, each];
  const entries = Object.entries(tensors).map(scaled);
  if (format === 'diffusers') return Object.fromEntries(entries.map(prefixed));
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
 * The fine-tuned parts in a file: LoRA pairs of the U-Net and of the text encoder, whole weights, or a token's embedding.
 * @throws MODEL if it holds anything that the model has no place for, naming it and what differs
 */
export async function readAdapters(path: string, open: OpenRole): Promise<Adapter[]> {
  const { tensors, metadata } = await readSafetensors(path);
  const names = Object.keys(tensors);
  const unet = async (): Promise<Model> => (await open('unet')).graph;
  for (const [kind, mark] of Object.entries(NOT_LORA)) {
    const name = names.find((each) => mark.test(each));
    if (name !== undefined) throw unsupportedLora(path, kind, name);
  }
  if (names.some((name) => /lora/i.test(name))) {
    return loraOf(path, tensors, {
      settings: await loraSettings(path, metadata),
      unet: await unet(),
      text: async () => (await open('text-encoder')).graph,
    });
  }
  const [only] = names;
  if (names.length === 1 && !only!.startsWith('unet.'))
    return [await embeddingOf(path, only!, tensors, open)];
  const own = Object.entries(tensors).map(([name, each]) => [name.replace(/^unet\./, ''), each] as const);
  const weights = fromPublished(await unet(), Object.fromEntries(own), (name, found, wanted) =>
    foreignLora(path, 'unet', name, found, wanted),
  );
  return [{ method: { kind: 'full' }, tensors: weights }];
}

/** What is like LoRA and is not: each by what its tensors are named. */
const NOT_LORA: Readonly<Record<string, RegExp>> = {
  DoRA: /dora_scale|lora_magnitude_vector/,
  LoHa: /\.hada_[wt]\d/,
  LoKr: /\.lokr_[wt]\d/,
  'LoRA for Stable Diffusion XL':
    /^lora_te[12]_|^text_encoder_2\.|^lora_unet_(input_blocks|middle_block|output_blocks)_/,
};

/** An embedding [d] or [1, d] under its token's name, as textual inversion leaves it. */
async function embeddingOf(
  path: string,
  token: string,
  tensors: NamedTensors,
  open: OpenRole,
): Promise<Adapter> {
  const { graph } = (await open('unet')).graph;
  const d = graph.inputs.find(({ name }) => name === 'text')?.shape?.[2];
  const given = tensors[token]!;
  const data = toFloat32(given);
  if (typeof d === 'number' && data.length !== d) throw otherEmbedding(path, token, given.dims, d);
  return {
    method: { kind: 'textual-inversion', token },
    tensors: { [TOKEN_EMBEDDING]: tensor('float32', [data.length], data) },
  };
}

/** The pairs of a file by the network that they belong to. */
async function loraOf(
  path: string,
  tensors: NamedTensors,
  {
    settings,
    unet,
    text,
  }: { readonly settings: SettingsOf; readonly unet: Model; readonly text: () => Promise<Model> },
): Promise<Adapter[]> {
  const parts = Object.entries(tensors).map(([name, each]) => ({ name, each, ...placeOf(name) }));
  const adapters: Adapter[] = [];
  for (const role of ['unet', 'text-encoder'] as const) {
    const own = parts.filter((part) => part.role === role);
    if (own.length === 0) continue;
    const model = role === 'unet' ? unet : await text();
    adapters.push(adapterOf(path, role, own, model, settings));
  }
  return adapters;
}

/** A tensor of a file, and where it says that it belongs. */
interface Part {
  readonly name: string;
  readonly each: Tensor;
  /** Path of the layer, with dots or with underscores. */
  readonly key: string;
  readonly part: 'down' | 'up' | 'alpha' | 'unknown';
}

/** A layer's pair as it is put together. */
interface Found {
  down?: Tensor;
  up?: Tensor;
  alpha?: number;
}

/** The pairs of one network. Ranks that differ from layer to layer are brought to the largest with zeros. */
function adapterOf(
  path: string,
  role: AdaptedRole,
  parts: readonly Part[],
  model: Model,
  settings: SettingsOf,
): Adapter {
  const layers = new Map<string, LoraPair>();
  for (const pair of insertLora(model, { rank: 1, pattern: /./ }).pairs) {
    layers.set(pair.module, pair).set(pair.module.replaceAll('.', '_'), pair);
  }
  const found = new Map<string, Found>();
  for (const { name, each, key, part } of parts) {
    const layer = layers.get(key);
    if (layer === undefined || part === 'unknown') throw foreignLora(path, role, name);
    const pair = found.get(layer.module) ?? {};
    found.set(layer.module, pair);
    if (part === 'alpha') pair.alpha = toFloat32(each)[0]!;
    else pair[part] = fitting(path, role, name, each, layer[part].dims, part === 'down' ? 0 : 1);
  }
  const pairs = [...found].map(([module, { down, up, alpha }]) => {
    if (down === undefined || up === undefined) throw foreignLora(path, role, module);
    return { module, down, up, scale: scaleOf(path, settings(role), { module, rank: down.dims[0]!, alpha }) };
  });
  const rank = Math.max(...pairs.map(({ down }) => down.dims[0]!));
  const entries = pairs.flatMap(({ module, down, up, scale }): [string, Tensor][] => [
    [`${module}${LORA_DOWN}`, padded(down, 0, rank)],
    [`${module}${LORA_UP}`, padded(times(up, scale), 1, rank)],
  ]);
  const paths = pairs.map(({ module }) => module.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`^(${paths.join('|')})$`);
  return {
    method: { kind: 'lora', rank, alpha: rank, pattern, of: role },
    tensors: Object.fromEntries(entries),
  };
}

/** Half a pair in the layout of its layer, whose size along `axis`, the rank, is its own. @throws MODEL if it does not fit */
function fitting(
  path: string,
  role: AdaptedRole,
  name: string,
  each: Tensor,
  wanted: readonly number[],
  axis: 0 | 1,
): Tensor {
  // A 1x1 convolution's pair may be stored as that of a linear layer, and the other way round.
  const trimmed = [...each.dims];
  while (trimmed.length > 2 && trimmed.at(-1) === 1) trimmed.pop();
  const dims = [...trimmed, ...wanted.slice(trimmed.length)];
  const fits = dims.length === wanted.length && dims.every((size, i) => i === axis || size === wanted[i]);
  const rank = trimmed[axis];
  if (!fits || rank === undefined || wanted.slice(trimmed.length).some((size) => size !== 1)) {
    throw foreignLora(
      path,
      role,
      name,
      each.dims,
      wanted.map((size, i) => (i === axis ? (rank ?? size) : size)),
    );
  }
  return { ...each, dims } as Tensor;
}

/** Where a tensor of a file belongs, by its name in any of the formats. */
function placeOf(name: string): { role: AdaptedRole; key: string; part: Part['part'] } {
  const kohya = /^lora_(unet|te)_(.+?)\.(lora_down\.weight|lora_up\.weight|alpha)$/.exec(name);
  if (kohya !== null) {
    const [, network, key, kind] = kohya as unknown as [string, string, string, string];
    const part = kind === 'alpha' ? 'alpha' : kind.startsWith('lora_down') ? 'down' : 'up';
    return { role: network === 'te' ? 'text-encoder' : 'unet', key, part };
  }
  const role = /^(base_model\.model\.text_model\.|text_encoder\.|lora_te)/.test(name)
    ? 'text-encoder'
    : 'unet';
  // PEFT's own prefix stands before or after that of the network.
  const bare = name
    .replace(/^base_model\.model\./, '')
    .replace(/^(unet|text_encoder)\./, '')
    .replace(/^base_model\.model\./, '');
  // Before PEFT, diffusers kept pairs in attention processors, and those of linear layers in `lora_linear_layer`.
  const plain = bare
    .replace(/\.processor\.to_(q|k|v|out)_lora\.(down|up)/, (_, projection: string, half: string) =>
      projection === 'out' ? `.to_out.0.lora.${half}` : `.to_${projection}.lora.${half}`,
    )
    .replace(/\.lora_linear_layer\.(down|up)/, '.lora.$1');
  const peft = /^(.+?)\.(lora_A|lora_B|lora\.down|lora\.up)(?:\.default)?\.weight$/.exec(plain);
  if (peft !== null) {
    const [, key, kind] = peft as unknown as [string, string, string];
    return { role, key, part: kind === 'lora_A' || kind.endsWith('down') ? 'down' : 'up' };
  }
  const alpha = /^(.+?)\.alpha$/.exec(plain)?.[1];
  return { role, key: alpha ?? bare, part: alpha === undefined ? 'unknown' : 'alpha' };
}

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
