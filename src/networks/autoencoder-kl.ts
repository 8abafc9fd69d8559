/**
 * @file `AutoencoderKL`: the autoencoder of latent diffusion (Rombach et al. 2022, arXiv:2112.10752), under the module paths
 * of diffusers.
 *
 *   image - conv - [resnets, halve]* - resnet, attention, resnet - norm, silu, conv - 1x1 -> mean and log-variance
 *   latent - 1x1 - conv - resnet, attention, resnet - [resnets, double]* - norm, silu, conv -> image
 */
import { z } from 'zod';
import type { Model } from '../onnx/model.ts';
import { type Config, only, parseConfig } from './config.ts';
import { attention } from './layers/attention.ts';
import { conv2d, groupNorm, silu } from './layers/basic.ts';
import { type Net, network, type Value } from './layers/net.ts';
import { downsampled, type Norm, resnetBlock, upsampled } from './layers/resnet.ts';
import { renamedWeights, type Weights } from './weights/weights.ts';

const NAME = 'AutoencoderKL';

const schema = z.object({
  in_channels: only(3),
  out_channels: only(3),
  latent_channels: z.int().positive().default(4),
  block_out_channels: z.array(z.int().positive()).min(1),
  layers_per_block: z.int().positive().default(1),
  norm_num_groups: z.int().positive().default(32),
  act_fn: only('silu'),
  down_block_types: z.array(z.literal('DownEncoderBlock2D')).optional(),
  up_block_types: z.array(z.literal('UpDecoderBlock2D')).optional(),
  use_quant_conv: z.boolean().default(true),
  use_post_quant_conv: z.boolean().default(true),
  mid_block_add_attention: z.boolean().default(true),
});

type Options = z.infer<typeof schema>;

/** Numbers for the caller, and those of training: none changes the graph. */
const IGNORED = [
  'sample_size',
  'scaling_factor',
  'shift_factor',
  'force_upcast',
  'latents_mean',
  'latents_std',
];

/** `sample` [n, 3, h, w] of -1..1 to `latent_parameters` [n, 2c, h/8, w/8]: mean, then log-variance. */
export function autoencoderKlEncoder(config: Config, path: string, weights: Weights): Model {
  const options = parseConfig(NAME, path, config, schema, IGNORED);
  const { block_out_channels: widths, latent_channels: latents } = options;
  const norm = normOf(options);
  const sample = { name: 'sample', dtype: 'float32', shape: ['batch', 3, 'height', 'width'] } as const;
  return network(NAME, withNewNames(weights), [sample], (net) => {
    let x = conv2d(net, 'encoder.conv_in', 'sample', { to: widths[0]! });
    widths.forEach((to, i) => {
      const block = `encoder.down_blocks.${i}`;
      for (let j = 0; j < options.layers_per_block; j++)
        x = resnetBlock(net, `${block}.resnets.${j}`, x, { to, norm });
      // As in the original: nothing before the first row and column, one behind the last.
      if (i < widths.length - 1) x = downsampled(net, `${block}.downsamplers.0`, x, [0, 0, 1, 1]);
    });
    x = middle(net, 'encoder.mid_block', x, options);
    x = silu(net, groupNorm(net, 'encoder.conv_norm_out', x, norm));
    x = conv2d(net, 'encoder.conv_out', x, { to: 2 * latents });
    if (options.use_quant_conv) x = conv2d(net, 'quant_conv', x, { to: 2 * latents, side: 1 });
    return { latent_parameters: x };
  });
}

/** `latent_sample` [n, c, h/8, w/8], unscaled, to `sample` [n, 3, h, w] of -1..1. */
export function autoencoderKlDecoder(config: Config, path: string, weights: Weights): Model {
  const options = parseConfig(NAME, path, config, schema, IGNORED);
  const widths = options.block_out_channels.toReversed();
  const channels = options.latent_channels;
  const norm = normOf(options);
  const latent = {
    name: 'latent_sample',
    dtype: 'float32',
    shape: ['batch', channels, 'rows', 'columns'],
  } as const;
  return network(NAME, withNewNames(weights), [latent], (net) => {
    let x: Value = 'latent_sample';
    if (options.use_post_quant_conv) x = conv2d(net, 'post_quant_conv', x, { to: channels, side: 1 });
    x = conv2d(net, 'decoder.conv_in', x, { to: widths[0]! });
    x = middle(net, 'decoder.mid_block', x, options);
    widths.forEach((to, i) => {
      const block = `decoder.up_blocks.${i}`;
      for (let j = 0; j <= options.layers_per_block; j++)
        x = resnetBlock(net, `${block}.resnets.${j}`, x, { to, norm });
      if (i < widths.length - 1) x = upsampled(net, `${block}.upsamplers.0`, x);
    });
    x = silu(net, groupNorm(net, 'decoder.conv_norm_out', x, norm));
    return { sample: conv2d(net, 'decoder.conv_out', x, { to: 3 }) };
  });
}

const normOf = ({ norm_num_groups: groups }: Options): Norm => ({ groups, eps: 1e-6 });

function middle(net: Net, path: string, x: Value, options: Options): Value {
  const norm = normOf(options);
  const to = net.size(x, 1);
  let y = resnetBlock(net, `${path}.resnets.0`, x, { to, norm });
  if (options.mid_block_add_attention) y = cellAttention(net, `${path}.attentions.0`, y, norm);
  return resnetBlock(net, `${path}.resnets.1`, y, { to, norm });
}

/** Every cell of a picture [n, c, h, w] attends to every other, with one head. */
function cellAttention(net: Net, path: string, x: Value, norm: Norm): Value {
  const { g } = net;
  const channels = net.size(x, 1);
  const normal = groupNorm(net, `${path}.group_norm`, x, norm);
  const cells = g.Transpose(g.Reshape(normal, [0, channels, -1]), [0, 2, 1]);
  const attended = attention(net, path, cells, { heads: 1, bias: true });
  return g.Add(g.Reshape(g.Transpose(attended, [0, 2, 1]), net.shape(x, 0, 4, [])), x);
}

/** Checkpoints from before diffusers 0.15 name the attention's projections otherwise. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  query: 'to_q',
  key: 'to_k',
  value: 'to_v',
  proj_attn: 'to_out.0',
};

const withNewNames = (weights: Weights): Weights =>
  renamedWeights(weights, (name) =>
    name.replace(/(?<=attentions\.0\.)(query|key|value|proj_attn)(?=\.)/, (old) => OLD_NAMES[old]!),
  );
