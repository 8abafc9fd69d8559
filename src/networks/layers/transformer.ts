/**
 * @file The transformer of a U-Net (Rombach et al. 2022, arXiv:2112.10752): the cells of a picture attend to each other and
 * to the words of a text.
 */
import { attention } from './attention.ts';
import { conv2d, gelu, groupNorm, halves, layerNorm, linear } from './basic.ts';
import type { Net, Value } from './net.ts';

interface SpatialTransformer {
  readonly heads: number;
  readonly layers: number;
  readonly groups: number;
  /** Embeddings of the text [n, tokens, d]. */
  readonly text: Value;
  /** Linear layers around the blocks in place of convolutions of 1x1. */
  readonly linearProjection: boolean;
  /** The first attention, too, is to the text. */
  readonly onlyCross: boolean;
}

/** x [n, c, h, w] and what its cells say to each other. */
export function spatialTransformer(net: Net, path: string, x: Value, options: SpatialTransformer): Value {
  const { g } = net;
  const channels = net.size(x, 1);
  const { linearProjection, layers, groups } = options;
  const asCells = (y: Value): Value => g.Transpose(g.Reshape(y, [0, channels, -1]), [0, 2, 1]);
  const asPicture = (y: Value): Value => g.Reshape(g.Transpose(y, [0, 2, 1]), net.shape(x, 0, 4, []));
  const [into, outOf] = [`${path}.proj_in`, `${path}.proj_out`];
  const normal = groupNorm(net, `${path}.norm`, x, { groups, eps: 1e-6 });
  let y = linearProjection
    ? linear(net, into, asCells(normal), { to: channels })
    : asCells(conv2d(net, into, normal, { to: channels, side: 1 }));
  for (let i = 0; i < layers; i++) y = transformerBlock(net, `${path}.transformer_blocks.${i}`, y, options);
  const back = linearProjection
    ? asPicture(linear(net, outOf, y, { to: channels }))
    : conv2d(net, outOf, asPicture(y), { to: channels, side: 1 });
  return g.Add(back, x);
}

/** Self-attention, attention to the text, and GEGLU (Shazeer 2020, arXiv:2002.05202), each added to what it takes. */
function transformerBlock(
  net: Net,
  path: string,
  x: Value,
  { heads, text, onlyCross }: SpatialTransformer,
): Value {
  const { g } = net;
  const first = layerNorm(net, `${path}.norm1`, x);
  let y = g.Add(attention(net, `${path}.attn1`, first, { heads, ...(onlyCross && { context: text }) }), x);
  const second = layerNorm(net, `${path}.norm2`, y);
  y = g.Add(attention(net, `${path}.attn2`, second, { heads, context: text }), y);
  const width = net.size(x, -1);
  const third = layerNorm(net, `${path}.norm3`, y);
  const [value, gate] = halves(net, linear(net, `${path}.ff.net.0.proj`, third, { to: 8 * width }));
  return g.Add(linear(net, `${path}.ff.net.2`, g.Mul(value, gelu(net, gate)), { to: width }), y);
}
