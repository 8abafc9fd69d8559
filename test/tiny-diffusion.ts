/**
 * @file A latent diffusion model of a few thousand random weights in the layout that `optimum-cli export onnx` writes, with
 * the networks of Stable Diffusion 1 in small: residual and transformer blocks with self- and cross-attention, GroupNorm
 * spelled as InstanceNormalization, SiLU and GEGLU, skip connections, an encoder that gives moments, a causal text encoder
 * with quick GELU. Every path that a user of the real one takes can be walked on it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { float, int } from '../src/onnx/attributes.ts';
import { builtModel, type GraphBuilder, graphBuilder } from '../src/onnx/builder.ts';
import { writeModel } from '../src/onnx/files.ts';
import type { Model, ValueInfo } from '../src/onnx/model.ts';
import { seededRandom } from '../src/random.ts';

const CHANNELS = [8, 16] as const;
const GROUPS = 4;
const HEADS = 2;
const TEXT = 12;
const TOKENS = 77;

/** Layers under the paths that PyTorch's exporter writes into the names of nodes. */
function layers(g: GraphBuilder, seed: number) {
  const random = seededRandom(seed);
  /** Named weights: the exporter keeps the names of convolutions and norms, and numbers the factors of MatMul. */
  const weight = (name: string, dims: readonly number[], spread: number, centre = 0): string => {
    const count = dims.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: count }, () => centre + spread * random.normal());
    const raw = new Uint8Array(values.buffer);
    stored.push({ name, dtype: 'float32', dims, raw });
    g.declare(name, { dtype: 'float32', shape: dims });
    return name;
  };
  const stored: Model['graph']['initializers'][number][] = [];
  let numbered = 0;

  const at = (path: string, opType: string, inputs: readonly string[], attributes = {}): string => {
    const name = `/${path.replaceAll(/\.(?=\D)/g, '/')}/${opType}`;
    const [output] = [g.fresh(`${name}_output_0`)];
    g.append({ name, opType, domain: '', inputs, outputs: [output], attributes });
    return output;
  };

  const linear = (path: string, x: string, from: number, to: number, bias = true): string => {
    const factor = weight(`onnx::MatMul_${1000 + numbered++}`, [from, to], 1 / Math.sqrt(from));
    const y = at(path, 'MatMul', [x, factor]);
    return bias ? at(path, 'Add', [weight(`${path}.bias`, [to], 0.1), y]) : y;
  };

  const conv = (path: string, x: string, from: number, to: number, { side = 3, stride = 1 } = {}): string => {
    const pad = side === 3 ? 1 : 0;
    const kernel = weight(`${path}.weight`, [to, from, side, side], 1 / Math.sqrt(from * side * side));
    const attributes = {
      kernel_shape: { kind: 'ints', value: [side, side] },
      strides: { kind: 'ints', value: [stride, stride] },
      pads: { kind: 'ints', value: [pad, pad, pad, pad] },
    } as const;
    return at(path, 'Conv', [x, kernel, weight(`${path}.bias`, [to], 0.1)], attributes);
  };

  const silu = (x: string): string => g.Mul(x, g.Sigmoid(x));

  /** As opset 17 has it: groups as channels of an InstanceNormalization, then scale and shift by channel. */
  const groupNorm = (path: string, x: string, channels: number): string => {
    const shape = g.Shape(x);
    const grouped = at(path, 'Reshape', [x, g.ints([0, GROUPS, -1])]);
    const [ones, zeros] = [1, 0].map((value) =>
      g.constant('float32', [GROUPS], new Array(GROUPS).fill(value)),
    );
    const normal = at(path, 'InstanceNormalization', [grouped, ones!, zeros!], { epsilon: float(1e-5) });
    const back = g.Reshape(normal, shape);
    const scaled = g.Mul(back, weight(`${path}.weight`, [channels, 1, 1], 0.05, 1));
    return g.Add(scaled, weight(`${path}.bias`, [channels, 1, 1], 0.05));
  };

  const layerNorm = (path: string, x: string, size: number): string =>
    at(
      path,
      'LayerNormalization',
      [x, weight(`${path}.weight`, [size], 0.05, 1), weight(`${path}.bias`, [size], 0.05)],
      {
        axis: int(-1),
      },
    );

  /** x [n, cells, from]; queries from x, keys and values from `context`. */
  const attention = (
    path: string,
    x: string,
    size: number,
    context: string,
    from: number,
    mask?: string,
  ): string => {
    const split = (y: string): string =>
      g.Transpose(g.Reshape(y, [0, -1, HEADS, size / HEADS]), [0, 2, 1, 3]);
    const q = split(linear(`${path}.to_q`, x, size, size, false));
    const k = split(linear(`${path}.to_k`, context, from, size, false));
    const v = split(linear(`${path}.to_v`, context, from, size, false));
    const scores = g.Mul(g.MatMul(q, g.Transpose(k, [0, 1, 3, 2])), g.scalar(1 / Math.sqrt(size / HEADS), q));
    const shares = g.Softmax(mask === undefined ? scores : g.Add(scores, mask), -1);
    const joined = g.Reshape(g.Transpose(g.MatMul(shares, v), [0, 2, 1, 3]), [0, -1, size]);
    return linear(`${path}.to_out.0`, joined, size, size);
  };

  const gelu = (x: string): string => {
    const bell = g.Add(g.Erf(g.Mul(x, g.scalar(Math.SQRT1_2, x))), g.scalar(1, x));
    return g.Mul(g.Mul(x, bell), g.scalar(0.5, x));
  };

  /** Attention over the cells of a picture, then over the text, then GEGLU; between two convolutions of 1x1. */
  const transformer = (path: string, x: string, channels: number, text: string): string => {
    const shape = g.Shape(x);
    const projected = conv(`${path}.proj_in`, groupNorm(`${path}.norm`, x, channels), channels, channels, {
      side: 1,
    });
    let y = g.Transpose(g.Reshape(projected, [0, channels, -1]), [0, 2, 1]);
    const block = `${path}.transformer_blocks.0`;
    const own = layerNorm(`${block}.norm1`, y, channels);
    y = g.Add(attention(`${block}.attn1`, own, channels, own, channels), y);
    y = g.Add(attention(`${block}.attn2`, layerNorm(`${block}.norm2`, y, channels), channels, text, TEXT), y);
    const both = linear(
      `${block}.ff.net.0.proj`,
      layerNorm(`${block}.norm3`, y, channels),
      channels,
      4 * channels,
    );
    const [value, gate] = [0, 1].map((half) =>
      g.Slice(both, [half * 2 * channels], [(half + 1) * 2 * channels], [2]),
    );
    y = g.Add(linear(`${block}.ff.net.2`, g.Mul(value!, gelu(gate!)), 2 * channels, channels), y);
    const cells = g.Reshape(g.Transpose(y, [0, 2, 1]), shape);
    return g.Add(conv(`${path}.proj_out`, cells, channels, channels, { side: 1 }), x);
  };

  const resnet = (path: string, x: string, from: number, to: number, time?: string): string => {
    let y = conv(`${path}.conv1`, silu(groupNorm(`${path}.norm1`, x, from)), from, to);
    if (time !== undefined) {
      const shift = linear(`${path}.time_emb_proj`, silu(time), 4 * CHANNELS[0], to);
      y = g.Add(y, g.Unsqueeze(shift, [2, 3]));
    }
    y = conv(`${path}.conv2`, silu(groupNorm(`${path}.norm2`, y, to)), to, to);
    return g.Add(from === to ? x : conv(`${path}.conv_shortcut`, x, from, to, { side: 1 }), y);
  };

  const upsample = (path: string, x: string, channels: number): string => {
    const scales = g.constant('float32', [4], [1, 1, 2, 2]);
    const doubled = at(path, 'Resize', [x, '', scales], {
      mode: { kind: 'string', value: 'nearest' },
      coordinate_transformation_mode: { kind: 'string', value: 'asymmetric' },
      nearest_mode: { kind: 'string', value: 'floor' },
    });
    return conv(`${path}.conv`, doubled, channels, channels);
  };

  /** A residual block of CLIP: attention, then two layers with quick GELU between them. */
  const block = (path: string, x: string, size: number, mask?: string): string => {
    const normal = layerNorm(`${path}.layer_norm1`, x, size);
    const y = g.Add(attention(`${path}.self_attn`, normal, size, normal, size, mask), x);
    const wide = linear(`${path}.mlp.fc1`, layerNorm(`${path}.layer_norm2`, y, size), size, 4 * size);
    const quick = g.Mul(wide, g.Sigmoid(g.Mul(wide, g.scalar(1.702, wide))));
    return g.Add(linear(`${path}.mlp.fc2`, quick, 4 * size, size), y);
  };

  return {
    g,
    stored,
    at,
    block,
    weight,
    linear,
    conv,
    silu,
    groupNorm,
    layerNorm,
    attention,
    transformer,
    resnet,
    upsample,
  };
}

export type Layers = ReturnType<typeof layers>;

const OPSET = 17;

/** A model whose weights are those that its layers have made. */
export function model(
  inputs: readonly ValueInfo[],
  seed: number,
  name: string,
  build: (parts: Layers) => string,
): Model {
  const g = graphBuilder({ opset: OPSET });
  for (const { name: input, dtype, shape } of inputs) {
    g.declare(input, { dtype: dtype!, shape: shape!.map((size) => size ?? '?') });
  }
  const parts = layers(g, seed);
  const result = build(parts);
  g.append({
    name: `/${name}`,
    opType: 'Identity',
    domain: '',
    inputs: [result],
    outputs: [name],
    attributes: {},
  });
  const built = builtModel(g, inputs, [name]);
  return {
    ...built,
    graph: { ...built.graph, initializers: [...built.graph.initializers, ...parts.stored] },
  };
}

export const info = (
  name: string,
  shape: readonly (number | string)[],
  dtype: ValueInfo['dtype'] = 'float32',
) => ({
  name,
  dtype: dtype!,
  shape,
});

/**
 * sample, timestep, encoder_hidden_states -> out_sample; an upscaler's sees the small picture beside the latent and is told
 * its noise level by class_labels.
 */
export function tinyUnet(seed = 1, { upscaler = false } = {}): Model {
  const [low, high] = CHANNELS;
  const inputs = [
    info('sample', ['batch', upscaler ? 7 : 4, 'height', 'width']),
    info('timestep', ['batch'], 'int64'),
    info('encoder_hidden_states', ['batch', 'sequence', TEXT]),
    ...(upscaler ? [info('class_labels', ['batch'], 'int64')] : []),
  ];
  return model(
    inputs,
    seed,
    'out_sample',
    ({ g, weight, linear, conv, silu, groupNorm, transformer, resnet, upsample }) => {
      const frequencies = Array.from({ length: low / 2 }, (_, i) => 10000 ** (-i / (low / 2)));
      const t = g.Unsqueeze(g.Cast('timestep', 'float32'), [1]);
      const angles = g.Mul(t, g.constant('float32', [1, low / 2], frequencies));
      const waves = g.Concat([g.Cos(angles), g.Sin(angles)], 1);
      const first = silu(linear('time_embedding.linear_1', waves, low, 4 * low));
      let time = linear('time_embedding.linear_2', first, 4 * low, 4 * low);
      if (upscaler) {
        const levels = weight('class_embedding.weight', [1000, 4 * low], 0.5);
        time = g.Add(time, g.Gather(levels, 'class_labels', 0));
      }
      const text = 'encoder_hidden_states';

      const start = conv('conv_in', 'sample', upscaler ? 7 : 4, low);
      const r0 = resnet('down_blocks.0.resnets.0', start, low, low, time);
      const a0 = transformer('down_blocks.0.attentions.0', r0, low, text);
      const halved = conv('down_blocks.0.downsamplers.0.conv', a0, low, low, { stride: 2 });
      const r1 = resnet('down_blocks.1.resnets.0', halved, low, high, time);

      let y = resnet('mid_block.resnets.0', r1, high, high, time);
      y = transformer('mid_block.attentions.0', y, high, text);
      y = resnet('mid_block.resnets.1', y, high, high, time);

      y = resnet('up_blocks.0.resnets.0', g.Concat([y, r1], 1), 2 * high, high, time);
      y = resnet('up_blocks.0.resnets.1', g.Concat([y, halved], 1), high + low, high, time);
      y = upsample('up_blocks.0.upsamplers.0', y, high);
      y = resnet('up_blocks.1.resnets.0', g.Concat([y, a0], 1), high + low, low, time);
      y = transformer('up_blocks.1.attentions.0', y, low, text);
      y = resnet('up_blocks.1.resnets.1', g.Concat([y, start], 1), 2 * low, low, time);
      y = transformer('up_blocks.1.attentions.1', y, low, text);
      return conv('conv_out', silu(groupNorm('conv_norm_out', y, low)), low, 4);
    },
  );
}

/** sample [n, 3, h, w] of -1..1 -> latent_parameters [n, 8, h / 8, w / 8]: mean and log-variance. */
function tinyEncoder(seed = 2): Model {
  const [low, high] = CHANNELS;
  const inputs = [info('sample', ['batch', 3, 'height', 'width'])];
  return model(inputs, seed, 'latent_parameters', ({ g, conv, silu, groupNorm, attention, resnet }) => {
    let y = conv('encoder.conv_in', 'sample', 3, low);
    for (const i of [0, 1, 2]) {
      y = resnet(`encoder.down_blocks.${i}.resnets.0`, y, low, low);
      y = conv(`encoder.down_blocks.${i}.downsamplers.0.conv`, y, low, low, { stride: 2 });
    }
    y = resnet('encoder.mid_block.resnets.0', y, low, high);
    const shape = g.Shape(y);
    const normal = groupNorm('encoder.mid_block.attentions.0.group_norm', y, high);
    const cells = g.Transpose(g.Reshape(normal, [0, high, -1]), [0, 2, 1]);
    const seen = attention('encoder.mid_block.attentions.0', cells, high, cells, high);
    y = g.Add(g.Reshape(g.Transpose(seen, [0, 2, 1]), shape), y);
    y = conv('encoder.conv_out', silu(groupNorm('encoder.conv_norm_out', y, high)), high, 8);
    return conv('quant_conv', y, 8, 8, { side: 1 });
  });
}

/** latent_sample -> sample [n, 3, 8h, 8w] of about -1..1. */
function tinyDecoder(seed = 3, { doublings = 3 } = {}): Model {
  const [low, high] = CHANNELS;
  const inputs = [info('latent_sample', ['batch', 4, 'height', 'width'])];
  return model(inputs, seed, 'sample', ({ conv, silu, groupNorm, resnet, upsample }) => {
    let y = conv('decoder.conv_in', conv('post_quant_conv', 'latent_sample', 4, 4, { side: 1 }), 4, high);
    y = resnet('decoder.mid_block.resnets.0', y, high, low);
    for (let i = 0; i < doublings; i++) {
      y = resnet(`decoder.up_blocks.${i}.resnets.0`, y, low, low);
      y = upsample(`decoder.up_blocks.${i}.upsamplers.0`, y, low);
    }
    return conv('decoder.conv_out', silu(groupNorm('decoder.conv_norm_out', y, low)), low, 3);
  });
}

/** input_ids [n, 77] -> last_hidden_state [n, 77, d]: CLIP's text encoder with one layer. */
function tinyTextEncoder(vocabulary: number, seed = 4): Model {
  const inputs = [info('input_ids', ['batch', TOKENS], 'int32')];
  return model(inputs, seed, 'last_hidden_state', (parts) => clipText(parts, vocabulary));
}

/** What CLIP's text encoder makes of `input_ids`, [n, 77, 12]. */
export function clipText({ g, weight, layerNorm, block }: Layers, vocabulary: number): string {
  const words = weight('text_model.embeddings.token_embedding.weight', [vocabulary, TEXT], 0.5);
  const places = weight('text_model.embeddings.position_embedding.weight', [1, TOKENS, TEXT], 0.1);
  const causal = Float32Array.from({ length: TOKENS * TOKENS }, (_, i) =>
    i % TOKENS > Math.floor(i / TOKENS) ? -1e9 : 0,
  );
  const mask = g.constant('float32', [1, 1, TOKENS, TOKENS], causal);
  const embedded = g.Add(g.Gather(words, 'input_ids', 0), places);
  const y = block('text_model.encoder.layers.0', embedded, TEXT, mask);
  return layerNorm('text_model.final_layer_norm', y, TEXT);
}

/** Letters, letters that end a word, a few merges, and CLIP's two special tokens. */
function tinyVocabulary(): { vocab: Record<string, number>; merges: readonly string[] } {
  const letters = [...`abcdefghijklmnopqrstuvwxyz0123456789!,.-`];
  const merges = ['c a', 'ca t</w>', 'd o', 'do g</w>', 'a n', 'o f</w>', 'p a', 'b y</w>'];
  const tokens = [
    ...letters,
    ...letters.map((letter) => `${letter}</w>`),
    ...merges.map((merge) => merge.replace(' ', '')),
    '<|startoftext|>',
    '<|endoftext|>',
  ];
  return { vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges };
}

/** A model for a file in `folder` with its weights beside it, as exporters write models beyond 2 GB. */
async function weightsOutside({ graph, ...rest }: Model, folder: string): Promise<Model> {
  const location = 'weights.pb';
  const parts: Uint8Array[] = [];
  let offset = 0;
  const initializers = graph.initializers.map((stored) => {
    if (!stored.name.includes('.') && !stored.name.startsWith('onnx::')) return stored; // constants stay
    const { raw, ...other } = stored;
    const external = { location, offset, length: raw!.length };
    parts.push(raw!);
    offset += raw!.length;
    return { ...other, external };
  });
  await writeFile(join(folder, location), Buffer.concat(parts));
  return { ...rest, graph: { ...graph, initializers }, folder };
}

/** Writes the whole model into `folder`; `upscaler`: one of the kind of Stable Diffusion's x4 upscaler. */
export async function writeTinyDiffusion(
  folder: string,
  {
    prediction = 'epsilon',
    upscaler = false,
  }: { readonly prediction?: 'epsilon' | 'v_prediction'; readonly upscaler?: boolean } = {},
): Promise<string> {
  const { vocab, merges } = tinyVocabulary();
  const networks: Readonly<Record<string, Model>> = {
    unet: tinyUnet(1, { upscaler }),
    vae_encoder: tinyEncoder(),
    vae_decoder: tinyDecoder(3, { doublings: upscaler ? 2 : 3 }),
    text_encoder: tinyTextEncoder(Object.keys(vocab).length),
  };
  const texts: Readonly<Record<string, string>> = {
    'unet/config.json': JSON.stringify({ sample_size: 8, block_out_channels: CHANNELS }),
    'vae_encoder/config.json': '{"scaling_factor": 0.18215}',
    'vae_decoder/config.json': '{"scaling_factor": 0.18215}',
    'scheduler/scheduler_config.json': JSON.stringify({
      beta_start: 0.00085,
      beta_end: 0.012,
      beta_schedule: 'scaled_linear',
      num_train_timesteps: 1000,
      prediction_type: prediction,
    }),
    'tokenizer/vocab.json': JSON.stringify(vocab),
    'tokenizer/merges.txt': `#version: 0.2\n${merges.join('\n')}\n`,
    'tokenizer/special_tokens_map.json': '{"pad_token": "<|endoftext|>"}',
  };
  for (const part of [...Object.keys(networks), 'scheduler', 'tokenizer']) {
    await mkdir(join(folder, part), { recursive: true });
  }
  for (const [part, network] of Object.entries(networks)) {
    const dir = join(folder, part);
    await writeModel(part === 'unet' ? await weightsOutside(network, dir) : network, join(dir, 'model.onnx'));
  }
  for (const [path, text] of Object.entries(texts)) await writeFile(join(folder, path), text);
  return folder;
}
