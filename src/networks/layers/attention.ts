/**
 * @file Attention of several heads (Vaswani et al. 2017, arXiv:1706.03762): `softmax(q kᵀ / sqrt(d)) v`. Queries are scaled
 * rather than scores, of which there are many more: one matrix of cells by cells less is kept for the gradient.
 */
import { linear } from './basic.ts';
import type { Net, Value } from './net.ts';

interface Attention {
  readonly heads: number;
  /** What keys and values are made from (default: what queries are). */
  readonly context?: Value;
  /** Channels of all heads together (default: as x). */
  readonly inner?: number;
  /** Added to the scores. */
  readonly mask?: Value;
  /** Names of the four projections. */
  readonly names?: { readonly q: string; readonly k: string; readonly v: string; readonly out: string };
  /** Whether q, k and v have biases. */
  readonly bias?: boolean;
}

/** The names in diffusers, and in the CLIP of transformers. */
const DIFFUSERS = { q: 'to_q', k: 'to_k', v: 'to_v', out: 'to_out.0' };
export const CLIP_NAMES = { q: 'q_proj', k: 'k_proj', v: 'v_proj', out: 'out_proj' };

/** Attention of x [n, s, c], or of x to `context` [n, t, d]; gives [n, s, c]. */
export function attention(
  net: Net,
  path: string,
  x: Value,
  { heads, context = x, inner = net.size(x, -1), mask, names = DIFFUSERS, bias = false }: Attention,
): Value {
  const { g } = net;
  const width = inner / heads;
  const projected = (name: string, from: Value): Value => {
    const y = linear(net, `${path}.${name}`, from, { to: inner, bias });
    return g.Reshape(y, net.shape(from, 0, 2, [heads, width]));
  };
  const q = g.Transpose(projected(names.q, x), [0, 2, 1, 3]);
  const k = g.Transpose(projected(names.k, context), [0, 2, 3, 1]);
  const v = g.Transpose(projected(names.v, context), [0, 2, 1, 3]);
  const scores = g.MatMul(g.Mul(q, g.scalar(1 / Math.sqrt(width), q)), k);
  const shares = g.Softmax(mask === undefined ? scores : g.Add(scores, mask), -1);
  const joined = g.Transpose(g.MatMul(shares, v), [0, 2, 1, 3]);
  return linear(net, `${path}.${names.out}`, g.Reshape(joined, net.shape(x, 0, 2, [inner])), {
    to: net.size(x, -1),
  });
}
