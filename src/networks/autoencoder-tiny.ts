/**
 * @file `AutoencoderTiny`: TAESD and its family (madebyollin/taesd), distilled stand-ins for the autoencoders of diffusion
 * models, under the module paths of diffusers.
 *
 *   image - conv, block - [halve, blocks]* - conv -> latent, scaled as the U-Net takes it
 *   latent - bounded - conv, relu - [blocks, double, conv]* - block, conv -> image
 */
import { z } from 'zod';
import type { Model } from '../onnx/model.ts';
import { type Config, only, parseConfig } from './config.ts';
import { conv2d, doubled } from './layers/basic.ts';
import { type Net, network, type Value } from './layers/net.ts';
import type { Weights } from './weights/weights.ts';

const NAME = 'AutoencoderTiny';

const widths = z.array(z.int().positive()).min(1).default([64, 64, 64, 64]);

const schema = z.object({
  in_channels: only(3),
  out_channels: only(3),
  latent_channels: z.int().positive().default(4),
  encoder_block_out_channels: widths,
  decoder_block_out_channels: widths,
  num_encoder_blocks: z.array(z.int().min(0)).default([1, 3, 3, 3]),
  num_decoder_blocks: z.array(z.int().min(0)).default([3, 3, 3, 1]),
  act_fn: only('relu'),
  upsample_fn: only('nearest'),
  upsampling_scaling_factor: only(2),
});

/** Numbers for the caller. */
const IGNORED = [
  'block_out_channels',
  'force_upcast',
  'latent_magnitude',
  'latent_shift',
  'sample_size',
  'scaling_factor',
  'shift_factor',
];

/** `sample` [n, 3, h, w] of -1..1 to `latent_sample` [n, c, h/8, w/8]. */
export function autoencoderTinyEncoder(config: Config, path: string, weights: Weights): Model {
  const options = parseConfig(NAME, path, config, schema, IGNORED);
  const sample = { name: 'sample', dtype: 'float32', shape: ['batch', 3, 'height', 'width'] } as const;
  return network(NAME, weights, [sample], (net) => {
    const next = counter('encoder.layers');
    const { g } = net;
    let x = g.Mul(g.Add('sample', g.scalar(1, 'sample')), g.scalar(0.5, 'sample'));
    options.encoder_block_out_channels.forEach((to, i) => {
      x = conv2d(net, next(), x, i === 0 ? { to } : { to, stride: 2, bias: false });
      for (let j = 0; j < options.num_encoder_blocks[i]!; j++) x = block(net, next(), x);
    });
    return { latent_sample: conv2d(net, next(), x, { to: options.latent_channels }) };
  });
}

/** `latents` [n, c, h/8, w/8] to `sample` [n, 3, h, w] of -1..1. */
export function autoencoderTinyDecoder(config: Config, path: string, weights: Weights): Model {
  const options = parseConfig(NAME, path, config, schema, IGNORED);
  const shape = ['batch', options.latent_channels, 'rows', 'columns'];
  const blocks = options.num_decoder_blocks;
  const last = blocks.length - 1;
  return network(NAME, weights, [{ name: 'latents', dtype: 'float32', shape }], (net) => {
    const next = counter('decoder.layers');
    const { g } = net;
    const three = g.scalar(3, 'latents');
    let x = g.Mul(g.Tanh(g.Div('latents', three)), three);
    x = g.Relu(conv2d(net, next(), x, { to: options.decoder_block_out_channels[0]! }));
    next(); // the activation is a module of its own
    blocks.forEach((count, i) => {
      for (let j = 0; j < count; j++) x = block(net, next(), x);
      if (i < last) {
        x = doubled(net, x);
        next(); // and so is the resampling
      }
      const to = i < last ? options.decoder_block_out_channels[i]! : 3;
      x = conv2d(net, next(), x, { to, bias: i === last });
    });
    return { sample: g.Sub(g.Mul(x, g.scalar(2, x)), g.scalar(1, x)) };
  });
}

/** Paths of the modules of a sequence, one after the other. */
function counter(path: string): () => string {
  let i = 0;
  return () => `${path}.${i++}`;
}

/** `relu(x + three convolutions of x)` with relu between them. */
function block(net: Net, path: string, x: Value): Value {
  const { g } = net;
  const to = net.size(x, 1);
  let y = g.Relu(conv2d(net, `${path}.conv.0`, x, { to }));
  y = g.Relu(conv2d(net, `${path}.conv.2`, y, { to }));
  return g.Relu(g.Add(conv2d(net, `${path}.conv.4`, y, { to }), x));
}
