/**
 * @file `UNet2DConditionModel`: the U-Net of Stable Diffusion 1, 2, XL and of the x4 upscaler (Rombach et al. 2022,
 * arXiv:2112.10752; Podell et al. 2023, arXiv:2307.01952), under the module paths of diffusers.
 *
 *   timestep, sizes, classes - embeddings ------------- to every resnet ----------
 *   sample - conv - [resnet, transformer]* - halve ... middle ... double - [resnet, transformer]* - conv -> noise
 *                            \------------ kept and joined again ----------/
 */
import { z } from 'zod';
import type { Model, ValueInfo } from '../onnx/model.ts';
import { type Config, only, parseConfig, perBlock, spread } from './config.ts';
import { conv2d, groupNorm, silu } from './layers/basic.ts';
import { type Net, network, type Value } from './layers/net.ts';
import { downsampled, type Norm, resnetBlock, upsampled } from './layers/resnet.ts';
import { embedded, sinusoids } from './layers/timestep.ts';
import { spatialTransformer } from './layers/transformer.ts';
import type { Weights } from './weights/weights.ts';

const NAME = 'UNet2DConditionModel';

const schema = z.object({
  in_channels: z.int().positive().default(4),
  out_channels: z.int().positive().default(4),
  flip_sin_to_cos: z.boolean().default(true),
  freq_shift: z.number().default(0),
  down_block_types: z.array(z.enum(['CrossAttnDownBlock2D', 'DownBlock2D'])),
  mid_block_type: only('UNetMidBlock2DCrossAttn'),
  up_block_types: z.array(z.enum(['CrossAttnUpBlock2D', 'UpBlock2D'])),
  only_cross_attention: z.union([z.boolean(), z.array(z.boolean())]).default(false),
  mid_block_only_cross_attention: z.boolean().optional(),
  block_out_channels: z.array(z.int().positive()).min(1),
  layers_per_block: perBlock.default(2),
  downsample_padding: only(1),
  mid_block_scale_factor: only(1),
  act_fn: only('silu'),
  norm_num_groups: z.int().positive().default(32),
  norm_eps: z.number().positive().default(1e-5),
  cross_attention_dim: perBlock.default(1280),
  transformer_layers_per_block: perBlock.default(1),
  /** The number of heads, for all its name; published files mean it so. */
  attention_head_dim: perBlock.default(8),
  num_attention_heads: perBlock.optional(),
  use_linear_projection: z.boolean().default(false),
  num_class_embeds: z.int().positive().optional(),
  addition_embed_type: z.literal('text_time').optional(),
  addition_time_embed_dim: z.int().positive().optional(),
  projection_class_embeddings_input_dim: z.int().positive().optional(),
  resnet_time_scale_shift: only('default'),
  resnet_out_scale_factor: only(1),
  time_embedding_type: only('positional'),
  conv_in_kernel: only(3),
  conv_out_kernel: only(3),
  attention_type: only('default'),
});

type Options = z.infer<typeof schema>;

/** The size of training pictures, and precision and thrift in PyTorch. */
const IGNORED = ['sample_size', 'upcast_attention', 'addition_embed_type_num_heads'];

/** A block of the way down or up. */
interface Block {
  readonly width: number;
  readonly resnets: number;
  readonly heads: number;
  readonly transformers: number;
  readonly attends: boolean;
  readonly onlyCross: boolean;
}

/** What every block is fed. */
interface Conditions {
  readonly time: Value;
  readonly text: Value;
  readonly norm: Norm;
  readonly linearProjection: boolean;
}

/**
 * `sample` [n, c, h, w], `timestep` [n] and `encoder_hidden_states` [n, tokens, d] to `out_sample`. XL also takes
 * `text_embeds` [n, d] and `time_ids` [n, 6], the upscaler `class_labels` [n].
 */
export function unet2dConditionModel(config: Config, path: string, weights: Weights): Model {
  const options = parseConfig(NAME, path, config, schema, IGNORED);
  const { norm_num_groups: groups, norm_eps: eps, block_out_channels: widths } = options;
  const norm = { groups, eps };
  return network(NAME, weights, inputsOf(options), (net) => {
    const time = silu(net, timeEmbedding(net, options));
    const fed = {
      time,
      text: 'encoder_hidden_states',
      norm,
      linearProjection: options.use_linear_projection,
    };
    const blocks = blocksOf(options);
    let x = conv2d(net, 'conv_in', 'sample', { to: widths[0]! });
    const kept = [x];
    blocks.forEach((block, i) => {
      x = down(net, i, x, block, fed, { last: i === blocks.length - 1, kept });
    });
    x = middle(net, x, blocks.at(-1)!, fed, options);
    blocks.toReversed().forEach((block, i) => {
      x = up(net, i, x, { ...block, ...upward(options, i) }, fed, { last: i === blocks.length - 1, kept });
    });
    x = silu(net, groupNorm(net, 'conv_norm_out', x, norm));
    return { out_sample: conv2d(net, 'conv_out', x, { to: options.out_channels }) };
  });
}

function inputsOf(options: Options): ValueInfo[] {
  const width = spread(options.cross_attention_dim, 1)[0]!;
  const float = (name: string, shape: readonly (number | string)[]): ValueInfo => ({
    name,
    dtype: 'float32',
    shape,
  });
  const inputs: ValueInfo[] = [
    float('sample', ['batch', options.in_channels, 'rows', 'columns']),
    float('timestep', ['batch']),
    float('encoder_hidden_states', ['batch', 'tokens', width]),
  ];
  if (options.num_class_embeds !== undefined)
    inputs.push({ name: 'class_labels', dtype: 'int64', shape: ['batch'] });
  if (options.addition_embed_type !== undefined) {
    const { addition_time_embed_dim: d = 256, projection_class_embeddings_input_dim: all = 2816 } = options;
    inputs.push(float('text_embeds', ['batch', all - SIZES * d]), float('time_ids', ['batch', SIZES]));
  }
  return inputs;
}

/** Original height and width, top and left of the crop, wanted height and width. */
const SIZES = 6;

function blocksOf(options: Options): readonly Block[] {
  const { block_out_channels: widths, down_block_types: types } = options;
  const n = widths.length;
  const heads = spread(options.num_attention_heads ?? options.attention_head_dim, n);
  const transformers = spread(options.transformer_layers_per_block, n);
  const onlyCross = spread(options.only_cross_attention, n);
  const resnets = spread(options.layers_per_block, n);
  return widths.map((width, i) => ({
    width,
    resnets: resnets[i]!,
    heads: heads[i]!,
    transformers: transformers[i]!,
    attends: types[i] === 'CrossAttnDownBlock2D',
    onlyCross: onlyCross[i]!,
  }));
}

/** What the way up has otherwise than its counterpart on the way down. */
const upward = ({ up_block_types: types }: Options, i: number): Pick<Block, 'attends'> => ({
  attends: types[i] === 'CrossAttnUpBlock2D',
});

function timeEmbedding(net: Net, options: Options): Value {
  const { g } = net;
  const { block_out_channels: widths, flip_sin_to_cos: flip, freq_shift: shift } = options;
  const [first] = widths as [number];
  const waves = { flip, shift };
  let time = embedded(
    net,
    'time_embedding',
    sinusoids(net, 'timestep', { width: first, ...waves }),
    4 * first,
  );
  if (options.num_class_embeds !== undefined) {
    const table = net.weight('class_embedding.weight', [options.num_class_embeds, 4 * first]);
    time = g.Add(time, g.Gather(table, 'class_labels', 0));
  }
  if (options.addition_embed_type !== undefined) {
    const width = options.addition_time_embed_dim ?? 256;
    const sizes = sinusoids(net, g.Reshape('time_ids', [-1]), { width, ...waves });
    const joined = g.Concat(['text_embeds', g.Reshape(sizes, [-1, SIZES * width])], 1);
    time = g.Add(time, embedded(net, 'add_embedding', joined, 4 * first));
  }
  return time;
}

function attended(net: Net, path: string, x: Value, block: Block, fed: Conditions): Value {
  const { heads, transformers: layers, onlyCross } = block;
  const { text, linearProjection, norm } = fed;
  return spatialTransformer(net, path, x, {
    heads,
    layers,
    groups: norm.groups,
    text,
    linearProjection,
    onlyCross,
  });
}

/** What is kept on the way down, for the way up; and whether a block is the last of its way. */
interface Way {
  readonly last: boolean;
  readonly kept: Value[];
}

function down(net: Net, i: number, x: Value, block: Block, fed: Conditions, { last, kept }: Way): Value {
  const path = `down_blocks.${i}`;
  const { time, norm } = fed;
  let y = x;
  for (let j = 0; j < block.resnets; j++) {
    y = resnetBlock(net, `${path}.resnets.${j}`, y, { to: block.width, norm, time });
    if (block.attends) y = attended(net, `${path}.attentions.${j}`, y, block, fed);
    kept.push(y);
  }
  if (last) return y;
  y = downsampled(net, `${path}.downsamplers.0`, y, 1);
  kept.push(y);
  return y;
}

function middle(net: Net, x: Value, block: Block, fed: Conditions, options: Options): Value {
  const path = 'mid_block';
  const { time, norm } = fed;
  const onlyCross = options.mid_block_only_cross_attention ?? options.only_cross_attention === true;
  const to = block.width;
  let y = resnetBlock(net, `${path}.resnets.0`, x, { to, norm, time });
  y = attended(net, `${path}.attentions.0`, y, { ...block, onlyCross }, fed);
  return resnetBlock(net, `${path}.resnets.1`, y, { to, norm, time });
}

function up(net: Net, i: number, x: Value, block: Block, fed: Conditions, { last, kept }: Way): Value {
  const path = `up_blocks.${i}`;
  const { time, norm } = fed;
  let y = x;
  for (let j = 0; j <= block.resnets; j++) {
    const joined = net.g.Concat([y, kept.pop()!], 1);
    y = resnetBlock(net, `${path}.resnets.${j}`, joined, { to: block.width, norm, time });
    if (block.attends) y = attended(net, `${path}.attentions.${j}`, y, block, fed);
  }
  return last ? y : upsampled(net, `${path}.upsamplers.0`, y);
}
