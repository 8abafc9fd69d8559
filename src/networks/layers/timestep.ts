/** @file Timesteps and sizes as the sines and cosines of geometric frequencies, and the two layers behind them. */
import { linear, silu } from './basic.ts';
import type { Net, Value } from './net.ts';

interface Sinusoids {
  readonly width: number;
  /** Cosines before sines. */
  readonly flip: boolean;
  /** Taken from the number of frequencies in the exponent's denominator. */
  readonly shift: number;
}

/** `cos(t f_i), sin(t f_i)` with `f_i = 10000^(-i / (width / 2 - shift))`, of t [n]: [n, width]. */
export function sinusoids({ g }: Net, t: Value, { width, flip, shift }: Sinusoids): Value {
  const half = width / 2;
  const frequencies = Array.from({ length: half }, (_, i) =>
    Math.exp(Math.fround(Math.fround(-Math.log(10000) * i) / (half - shift))),
  );
  const angles = g.Mul(g.Unsqueeze(t, [1]), g.constant('float32', [1, half], frequencies));
  const parts = [g.Sin(angles), g.Cos(angles)];
  return g.Concat(flip ? parts.reverse() : parts, 1);
}

/** Two linear layers with silu between them. */
export const embedded = (net: Net, path: string, x: Value, to: number): Value =>
  linear(net, `${path}.linear_2`, silu(net, linear(net, `${path}.linear_1`, x, { to })), { to });
