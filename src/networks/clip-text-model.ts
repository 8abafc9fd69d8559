/**
 * @file `CLIPTextModel` and `CLIPTextModelWithProjection`: the text half of CLIP (Radford et al. 2021, arXiv:2103.00020), by
 * OpenAI or OpenCLIP, under the module paths of transformers.
 *
 *   tokens - token + position embedding - [x + attention(norm x), x + mlp(norm x)]* - norm -> states, one a token
 */
import { z } from 'zod';
import type { Model, ValueInfo } from '../onnx/model.ts';
import { type Config, only, parseConfig } from './config.ts';
import { clipLayer } from './layers/clip-layer.ts';
import { layerNorm, linear } from './layers/basic.ts';
import { type Net, network, type Value } from './layers/net.ts';
import { renamedWeights, type Weights } from './weights/weights.ts';

const schema = z.object({
  vocab_size: z.int().positive().default(49408),
  hidden_size: z.int().positive().default(512),
  intermediate_size: z.int().positive().default(2048),
  projection_dim: z.int().positive().default(512),
  num_hidden_layers: z.int().positive().default(12),
  num_attention_heads: z.int().positive().default(8),
  max_position_embeddings: z.int().positive().default(77),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  eos_token_id: z.int().default(49407),
  model_type: only('clip_text_model'),
});

type Options = z.infer<typeof schema>;

/** Fields of the tokenizer, of training and of the program that wrote the file. */
const IGNORED = [
  'architectures',
  'attention_dropout',
  'bos_token_id',
  'dropout',
  'dtype',
  'initializer_factor',
  'initializer_range',
  'pad_token_id',
  'torch_dtype',
  'transformers_version',
];

/** What a text encoder gives beyond the states of its last layer. */
export interface TextOutputs {
  /** The projected state of the end token, as `text_embeds` (`CLIPTextModelWithProjection`). */
  readonly projection?: boolean;
  /** The state before the last layer, without the final norm, in place of the last: what Stable Diffusion XL is fed. */
  readonly penultimate?: boolean;
}

/** `input_ids` [n, 77] to `last_hidden_state` [n, 77, d]. */
export function clipTextModel(
  config: Config,
  path: string,
  weights: Weights,
  { projection = false, penultimate = false }: TextOutputs = {},
): Model {
  const name = projection ? 'CLIPTextModelWithProjection' : 'CLIPTextModel';
  const options = parseConfig(name, path, config, schema, IGNORED);
  const length = options.max_position_embeddings;
  const ids: ValueInfo = { name: 'input_ids', dtype: 'int64', shape: ['batch', length] };
  return network(name, withPrefix(weights), [ids], (net) => {
    const states = [textEmbeddings(net, options)];
    const mask = causalMask(net, length);
    for (let i = 0; i < options.num_hidden_layers; i++)
      states.push(clipLayer(net, `text_model.encoder.layers.${i}`, states[i]!, { ...options, mask }));
    const last = layerNorm(net, 'text_model.final_layer_norm', states.at(-1)!, options.layer_norm_eps);
    return {
      last_hidden_state: penultimate ? states.at(-2)! : last,
      ...(projection && { text_embeds: projected(net, last, options) }),
    };
  });
}

function textEmbeddings(net: Net, options: Options): Value {
  const { g } = net;
  const { hidden_size: width, vocab_size: words, max_position_embeddings: length } = options;
  const at = 'text_model.embeddings';
  const tokens = g.Gather(net.weight(`${at}.token_embedding.weight`, [words, width]), 'input_ids', 0);
  return g.Add(tokens, net.weight(`${at}.position_embedding.weight`, [length, width]));
}

/** A token attends to itself and to those before it: [length, length] of 0 and of -infinity above the diagonal. */
export function causalMask({ g }: Net, length: number): Value {
  const rows = Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? Number.NEGATIVE_INFINITY : 0,
  );
  return g.constant('float32', [length, length], rows);
}

/** The state of the end token: the first of its number, or of the largest number in files that give it as 2. */
function projected(net: Net, states: Value, options: Options): Value {
  const { g } = net;
  const end = options.eos_token_id;
  const marks =
    end === 2 ? 'input_ids' : g.Cast(g.Equal('input_ids', g.constant('int64', [], [end])), 'int32');
  const at = g.emit('ArgMax', [marks], {
    axis: { kind: 'int', value: 1 },
    keepdims: { kind: 'int', value: 1 },
  })[0]!;
  const pooled = g.GatherND(states, at, 1);
  return linear(net, 'text_projection', pooled, { to: options.projection_dim, bias: false });
}

/** Checkpoints of the whole CLIP have the image half, too; those of some writers have no `text_model.` before their names. */
export const withPrefix = (weights: Weights): Weights =>
  renamedWeights(weights, (name) =>
    /^(embeddings|encoder|final_layer_norm)\./.test(name) ? `text_model.${name}` : name,
  );
