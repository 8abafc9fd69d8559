/** @file A layer of CLIP's transformers: attention, then two linear layers, each on the normalised x and added to it. */
import { attention, CLIP_NAMES } from './attention.ts';
import { gelu, layerNorm, linear, quickGelu } from './basic.ts';
import type { Net, Value } from './net.ts';

interface ClipLayer {
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly hidden_act: 'quick_gelu' | 'gelu';
  readonly layer_norm_eps: number;
  readonly mask?: Value;
}

/** x [n, s, d] to the same shape. */
export function clipLayer(net: Net, path: string, x: Value, options: ClipLayer): Value {
  const { g } = net;
  const {
    num_attention_heads: heads,
    intermediate_size: wide,
    layer_norm_eps: eps,
    hidden_act,
    mask,
  } = options;
  const first = layerNorm(net, `${path}.layer_norm1`, x, eps);
  const attended = attention(net, `${path}.self_attn`, first, {
    heads,
    names: CLIP_NAMES,
    bias: true,
    ...(mask !== undefined && { mask }),
  });
  const y = g.Add(x, attended);
  const inner = linear(net, `${path}.mlp.fc1`, layerNorm(net, `${path}.layer_norm2`, y, eps), { to: wide });
  const active = hidden_act === 'gelu' ? gelu(net, inner) : quickGelu(net, inner);
  return g.Add(y, linear(net, `${path}.mlp.fc2`, active, { to: net.size(x, -1) }));
}
