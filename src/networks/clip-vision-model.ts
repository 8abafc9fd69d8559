/**
 * @file `CLIPVisionModelWithProjection`: the image half of CLIP (Radford et al. 2021, arXiv:2103.00020), under the module paths
 * of transformers.
 *
 *   image - patches, class token + positions - norm - [x + attention(norm x), x + mlp(norm x)]* - norm - linear -> vector
 */
import { z } from 'zod';
import { ints } from '../onnx/attributes.ts';
import type { Model, ValueInfo } from '../onnx/model.ts';
import { type Config, only, parseConfig } from './config.ts';
import { layerNorm, linear } from './layers/basic.ts';
import { clipLayer } from './layers/clip-layer.ts';
import { type Net, network, type Value } from './layers/net.ts';
import type { Weights } from './weights/weights.ts';

const NAME = 'CLIPVisionModelWithProjection';

const schema = z.object({
  hidden_size: z.int().positive().default(768),
  intermediate_size: z.int().positive().default(3072),
  projection_dim: z.int().positive().default(512),
  num_hidden_layers: z.int().positive().default(12),
  num_attention_heads: z.int().positive().default(12),
  num_channels: only(3),
  image_size: z.int().positive().default(224),
  patch_size: z.int().positive().default(32),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  model_type: only('clip_vision_model'),
});

type Options = z.infer<typeof schema>;

const IGNORED = [
  'architectures',
  'attention_dropout',
  'dropout',
  'dtype',
  'initializer_factor',
  'initializer_range',
  'torch_dtype',
  'transformers_version',
];

/** `pixel_values` [n, 3, side, side], normalised, to `image_embeds` [n, d], of their own length. */
export function clipVisionModel(config: Config, path: string, weights: Weights): Model {
  const options = parseConfig(NAME, path, config, schema, IGNORED);
  const side = options.image_size;
  const pixels: ValueInfo = { name: 'pixel_values', dtype: 'float32', shape: ['batch', 3, side, side] };
  return network(NAME, weights, [pixels], (net) => {
    const { g } = net;
    const eps = options.layer_norm_eps;
    let x = layerNorm(net, 'vision_model.pre_layrnorm', patches(net, options), eps);
    for (let i = 0; i < options.num_hidden_layers; i++)
      x = clipLayer(net, `vision_model.encoder.layers.${i}`, x, options);
    const token = g.Squeeze(g.Slice(x, [0], [1], [1]), [1]);
    const pooled = layerNorm(net, 'vision_model.post_layernorm', token, eps);
    return {
      image_embeds: linear(net, 'visual_projection', pooled, { to: options.projection_dim, bias: false }),
    };
  });
}

/** The patches of a picture as vectors behind the class token, each with its position's. */
function patches(net: Net, { hidden_size: width, patch_size: patch, image_size: side }: Options): Value {
  const { g } = net;
  const at = 'vision_model.embeddings';
  const cells = Math.floor(side / patch) ** 2;
  const kernel = net.weight(`${at}.patch_embedding.weight`, [width, 3, patch, patch]);
  const grid = g.emit('Conv', ['pixel_values', kernel], { strides: ints([patch, patch]) })[0]!;
  const vectors = g.Transpose(g.Reshape(grid, [0, width, cells]), [0, 2, 1]);
  const token = g.Reshape(net.weight(`${at}.class_embedding`, [width]), [1, 1, width]);
  const tokens = g.Expand(token, net.shape('pixel_values', 0, 1, [1, width]));
  const positions = net.weight(`${at}.position_embedding.weight`, [cells + 1, width]);
  return g.Add(g.Concat([tokens, vectors], 1), positions);
}
