/**
 * @file `LatentDiffusion`: checkpoints of Stable Diffusion 1, 2 and XL in one file, under the names of the program that they
 * were trained with (CompVis/latent-diffusion), as model sites trade them. Each network of such a file is handed out under
 * diffusers' module paths, with the configuration that its shapes tell.
 */
import { notLatentDiffusion } from '../messages/index.ts';
import type { Config } from './config.ts';
import {
  type PlacedTensor,
  renamedWeights,
  rowsOfTensor,
  type Weights,
  weightsUnder,
} from './weights/weights.ts';

/** A network of a file: its configuration, as diffusers would write it, and its weights. */
export interface Part {
  readonly config: Config;
  readonly weights: Weights;
}

/** How the names of each part begin. */
const UNET = 'model.diffusion_model.';
const VAE = 'first_stage_model.';
const CLIP = 'cond_stage_model.transformer.';
const OPEN_CLIP = 'cond_stage_model.model.';
const XL = 'conditioner.embedders.';

/** Which of the family a file is. @throws MODEL if it is none of them */
export function versionOf({ source, tensors }: Weights): '1' | '2' | 'XL' | 'autoencoder' {
  const has = (prefix: string): boolean => [...tensors.keys()].some((name) => name.startsWith(prefix));
  if (has(XL)) return 'XL';
  if (has(OPEN_CLIP)) return '2';
  if (has(UNET)) return '1';
  if (has(`${VAE}encoder.`) || has('encoder.down.')) return 'autoencoder';
  throw notLatentDiffusion(source, [...tensors.keys()].slice(0, 3));
}

/** The part of a file under a prefix. @throws MODEL if the file has none */
function partUnder(weights: Weights, prefix: string): Weights {
  const part = weightsUnder(weights, prefix);
  if (part.tensors.size === 0)
    throw notLatentDiffusion(weights.source, [...weights.tensors.keys()].slice(0, 3), prefix);
  return part;
}

/** The size of a tensor along an axis. */
const sizeOf = ({ tensors }: Weights, name: string, axis: number): number | undefined =>
  tensors.get(name)?.dims[axis];

const count = ({ tensors }: Weights, nameOf: (i: number) => string, from = 0): number => {
  let i = from;
  while (tensors.has(nameOf(i))) i++;
  return i - from;
};

// ---- U-Net ---------------------------------------------------------------------------------------------------

/** Resnets of a block in all files of the family. */
const LAYERS = 2;

/** The U-Net, as `UNet2DConditionModel`. */
export function unetOf(whole: Weights): Part {
  const original = partUnder(whole, UNET);
  const blocks = count(original, (i) => `input_blocks.${(LAYERS + 1) * i + 1}.0.in_layers.0.weight`);
  return {
    config: unetConfig(original, blocks, versionOf(whole)),
    weights: renamedWeights(original, (name) => unetName(name, blocks)),
  };
}

function unetConfig(original: Weights, blocks: number, version: string): Config {
  const at = (i: number): string => `input_blocks.${(LAYERS + 1) * i + 1}`;
  const all = Array.from({ length: blocks }, (_, i) => i);
  const widths = all.map((i) => sizeOf(original, `${at(i)}.0.out_layers.3.weight`, 0)!);
  const attends = all.map((i) => original.tensors.has(`${at(i)}.1.proj_in.weight`));
  const depth = (i: number): number =>
    count(original, (j) => `${at(i)}.1.transformer_blocks.${j}.norm1.weight`) || 1;
  const projection = original.tensors.get('middle_block.1.proj_in.weight')?.dims.length;
  const sizes = sizeOf(original, 'label_emb.0.0.weight', 1);
  return {
    in_channels: sizeOf(original, 'input_blocks.0.0.weight', 1),
    out_channels: sizeOf(original, 'out.2.weight', 0),
    block_out_channels: widths,
    layers_per_block: LAYERS,
    down_block_types: attends.map((on) => (on ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    up_block_types: attends.toReversed().map((on) => (on ? 'CrossAttnUpBlock2D' : 'UpBlock2D')),
    cross_attention_dim: sizeOf(original, 'middle_block.1.transformer_blocks.0.attn2.to_k.weight', 1),
    transformer_layers_per_block: all.map(depth),
    // Version 1 has 8 heads everywhere, the later ones heads of 64 channels.
    attention_head_dim: version === '1' ? 8 : widths.map((width) => Math.max(1, width / 64)),
    use_linear_projection: projection === 2,
    ...(sizes !== undefined && {
      addition_embed_type: 'text_time',
      addition_time_embed_dim: 256,
      projection_class_embeddings_input_dim: sizes,
    }),
  };
}

const RESNET: readonly (readonly [old: RegExp, path: string])[] = [
  [/^in_layers\.0\./, 'norm1.'],
  [/^in_layers\.2\./, 'conv1.'],
  [/^emb_layers\.1\./, 'time_emb_proj.'],
  [/^out_layers\.0\./, 'norm2.'],
  [/^out_layers\.3\./, 'conv2.'],
  [/^skip_connection\./, 'conv_shortcut.'],
];

const OUTER: readonly (readonly [old: RegExp, path: string])[] = [
  [/^time_embed\.0\./, 'time_embedding.linear_1.'],
  [/^time_embed\.2\./, 'time_embedding.linear_2.'],
  [/^label_emb\.0\.0\./, 'add_embedding.linear_1.'],
  [/^label_emb\.0\.2\./, 'add_embedding.linear_2.'],
  [/^input_blocks\.0\.0\./, 'conv_in.'],
  [/^out\.0\./, 'conv_norm_out.'],
  [/^out\.2\./, 'conv_out.'],
];

const replaced = (name: string, table: readonly (readonly [RegExp, string])[]): string | undefined => {
  const rule = table.find(([old]) => old.test(name));
  return rule === undefined ? undefined : name.replace(rule[0], rule[1]);
};

/** `input_blocks.4.1.norm.weight` as `down_blocks.1.attentions.0.norm.weight`. */
function unetName(name: string, blocks: number): string | undefined {
  const outer = replaced(name, OUTER);
  if (outer !== undefined) return outer;
  const [, way, number, module, rest] =
    /^(input_blocks|middle_block|output_blocks)\.(\d+)(?:\.(\d+))?\.(.+)$/.exec(name) ?? [];
  if (rest === undefined) return undefined;
  const [i, j] = [Number(number), Number(module)];
  if (way === 'middle_block') {
    // Resnet, transformer, resnet: what looks like the module's number belongs to the rest of the name.
    const inner = module === undefined ? rest : `${module}.${rest}`;
    return i === 1 ? `mid_block.attentions.0.${inner}` : resnetName(`mid_block.resnets.${i / 2}`, inner);
  }
  if (way === 'input_blocks') {
    const [block, layer] = [Math.floor((i - 1) / (LAYERS + 1)), (i - 1) % (LAYERS + 1)];
    const path = `down_blocks.${block}`;
    if (rest.startsWith('op.')) return `${path}.downsamplers.0.conv.${rest.slice(3)}`;
    return j === 0 ? resnetName(`${path}.resnets.${layer}`, rest) : `${path}.attentions.${layer}.${rest}`;
  }
  const [block, layer] = [Math.floor(i / (LAYERS + 1)), i % (LAYERS + 1)];
  const path = `up_blocks.${block}`;
  if (block >= blocks) return undefined;
  if (rest.startsWith('conv.')) return `${path}.upsamplers.0.${rest}`;
  return j === 0 ? resnetName(`${path}.resnets.${layer}`, rest) : `${path}.attentions.${layer}.${rest}`;
}

const resnetName = (path: string, rest: string): string => `${path}.${replaced(rest, RESNET) ?? rest}`;

// ---- autoencoder ---------------------------------------------------------------------------------------------

/** The autoencoder, as `AutoencoderKL`; files of an autoencoder alone have no prefix. */
export function autoencoderOf(whole: Weights): Part {
  const original = whole.tensors.has('encoder.conv_in.weight') ? whole : partUnder(whole, VAE);
  const blocks = count(original, (i) => `encoder.down.${i}.block.0.conv1.weight`);
  const renamed = renamedWeights(original, (name) => autoencoderName(name, blocks));
  const tensors = new Map([...renamed.tensors].map(([name, tensor]) => [name, withoutWindow(name, tensor)]));
  return {
    weights: { ...renamed, tensors },
    config: {
      latent_channels: (sizeOf(original, 'encoder.conv_out.weight', 0) ?? 8) / 2,
      block_out_channels: Array.from({ length: blocks }, (_, i) =>
        sizeOf(original, `encoder.down.${i}.block.0.conv2.weight`, 0),
      ),
      layers_per_block: count(original, (j) => `encoder.down.0.block.${j}.conv1.weight`),
      use_quant_conv: original.tensors.has('quant_conv.weight'),
      use_post_quant_conv: original.tensors.has('post_quant_conv.weight'),
    },
  };
}

/** The projections of the attention are convolutions of 1x1 there: the same numbers as a linear layer's. */
const withoutWindow = (name: string, tensor: PlacedTensor): PlacedTensor =>
  /attentions\.0\.to_.*weight$/.test(name) ? { ...tensor, dims: tensor.dims.slice(0, 2) } : tensor;

function autoencoderName(name: string, blocks: number): string | undefined {
  if (!/^(encoder|decoder|quant_conv|post_quant_conv)\./.test(name)) return undefined;
  return name
    .replace(/\.down\.(\d+)\.block\.(\d+)\./, '.down_blocks.$1.resnets.$2.')
    .replace(/\.down\.(\d+)\.downsample\./, '.down_blocks.$1.downsamplers.0.')
    .replace(/\.up\.(\d+)\.block\.(\d+)\./, (_, i, j) => `.up_blocks.${blocks - 1 - Number(i)}.resnets.${j}.`)
    .replace(/\.up\.(\d+)\.upsample\./, (_, i) => `.up_blocks.${blocks - 1 - Number(i)}.upsamplers.0.`)
    .replace(/\.mid\.block_(\d)\./, (_, i) => `.mid_block.resnets.${Number(i) - 1}.`)
    .replace(/\.mid\.attn_1\./, '.mid_block.attentions.0.')
    .replace(/\.norm_out\./, '.conv_norm_out.')
    .replace(/\.nin_shortcut\./, '.conv_shortcut.')
    .replace(/attentions\.0\.norm\./, 'attentions.0.group_norm.')
    .replace(/attentions\.0\.([qkv])\./, 'attentions.0.to_$1.')
    .replace(/attentions\.0\.proj_out\./, 'attentions.0.to_out.0.');
}

// ---- text encoder --------------------------------------------------------------------------------------------

/** The text encoder, as `CLIPTextModel`: OpenAI's of version 1, OpenCLIP's of version 2 without its last layer. */
export function textEncoderOf(whole: Weights): Part {
  const open = versionOf(whole) === '2';
  const weights = open ? openClip(partUnder(whole, OPEN_CLIP)) : clip(partUnder(whole, CLIP));
  const at = (i: number): string => `text_model.encoder.layers.${i}.`;
  const layers = count(weights, (i) => `${at(i)}layer_norm1.weight`);
  const width = sizeOf(weights, 'text_model.final_layer_norm.weight', 0)!;
  return {
    weights,
    config: {
      vocab_size: sizeOf(weights, 'text_model.embeddings.token_embedding.weight', 0),
      max_position_embeddings: sizeOf(weights, 'text_model.embeddings.position_embedding.weight', 0),
      hidden_size: width,
      intermediate_size: sizeOf(weights, `${at(0)}mlp.fc1.weight`, 0),
      // Version 2 was trained on the state before the last layer.
      num_hidden_layers: open ? layers - 1 : layers,
      num_attention_heads: Math.max(1, width / 64),
      hidden_act: open ? 'gelu' : 'quick_gelu',
    },
  };
}

const clip = (weights: Weights): Weights =>
  renamedWeights(weights, (name) => (name.startsWith('text_model.') ? name : `text_model.${name}`));

/** The three projections of an attention lie one behind the other in one tensor of OpenCLIP's. */
function openClip(weights: Weights): Weights {
  const tensors = new Map<string, PlacedTensor>();
  for (const [name, tensor] of weights.tensors) {
    const path = openClipName(name);
    const [, attention, kind] = /^(.*self_attn)\.in_proj_(weight|bias)$/.exec(path) ?? [];
    if (attention === undefined) {
      tensors.set(path, tensor);
      continue;
    }
    const rows = tensor.dims[0]! / 3;
    for (const [i, letter] of ['q', 'k', 'v'].entries())
      tensors.set(`${attention}.${letter}_proj.${kind}`, rowsOfTensor(tensor, i * rows, (i + 1) * rows));
  }
  return { ...weights, tensors };
}

const openClipName = (name: string): string =>
  name
    .replace(/^token_embedding\./, 'text_model.embeddings.token_embedding.')
    .replace(/^positional_embedding$/, 'text_model.embeddings.position_embedding.weight')
    .replace(/^ln_final\./, 'text_model.final_layer_norm.')
    .replace(/^transformer\.resblocks\.(\d+)\./, 'text_model.encoder.layers.$1.')
    .replace(/\.ln_(1|2)\./, '.layer_norm$1.')
    .replace(/\.attn\./, '.self_attn.')
    .replace(/\.mlp\.c_fc\./, '.mlp.fc1.')
    .replace(/\.mlp\.c_proj\./, '.mlp.fc2.');
