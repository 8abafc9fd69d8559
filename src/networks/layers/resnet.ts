/**
 * @file The residual block of latent diffusion (Rombach et al. 2022, arXiv:2112.10752), and the blocks that halve and double
 * a picture's sides.
 */
import { conv2d, doubled, groupNorm, linear, silu } from './basic.ts';
import type { Net, Value } from './net.ts';

/** How all group normalisations of a network normalise. */
export interface Norm {
  readonly groups: number;
  readonly eps: number;
}

/** `x + conv(silu(norm(conv(silu(norm(x))) + time)))`; `time` [n, d] has been through silu. */
export function resnetBlock(
  net: Net,
  path: string,
  x: Value,
  { to, norm, time }: { readonly to: number; readonly norm: Norm; readonly time?: Value },
): Value {
  const { g } = net;
  let y = conv2d(net, `${path}.conv1`, silu(net, groupNorm(net, `${path}.norm1`, x, norm)), { to });
  if (time !== undefined)
    y = g.Add(y, g.Unsqueeze(linear(net, `${path}.time_emb_proj`, time, { to }), [2, 3]));
  y = conv2d(net, `${path}.conv2`, silu(net, groupNorm(net, `${path}.norm2`, y, norm)), { to });
  const straight = net.size(x, 1) === to ? x : conv2d(net, `${path}.conv_shortcut`, x, { to, side: 1 });
  return g.Add(straight, y);
}

/** A convolution that halves the sides. `pad`: as in `conv2d`. */
export const downsampled = (net: Net, path: string, x: Value, pad: number | readonly number[]): Value =>
  conv2d(net, `${path}.conv`, x, { to: net.size(x, 1), stride: 2, pad });

/** Twice the sides, then a convolution. */
export const upsampled = (net: Net, path: string, x: Value): Value =>
  conv2d(net, `${path}.conv`, doubled(net, x), { to: net.size(x, 1) });
