/** @file Smooth seeded noise over the plane. */
import type { Random } from '../random.ts';

/** A smooth function of the plane with values in -1..1 and features about one unit apart. */
export type Noise = (x: number, y: number) => number;

const SIDE = 64; // the lattice repeats after 64 units: far more than any picture spans

/** Value noise: random numbers on the integer lattice, joined by quintic steps. */
export function valueNoise(random: Random): Noise {
  const lattice = Float32Array.from({ length: SIDE * SIDE }, () => 2 * random.uniform() - 1);
  const at = (i: number, j: number): number => lattice[(j & (SIDE - 1)) * SIDE + (i & (SIDE - 1))]!;
  return (x, y) => {
    const i = Math.floor(x);
    const j = Math.floor(y);
    const u = fade(x - i);
    const v = fade(y - j);
    const top = at(i, j) + (at(i + 1, j) - at(i, j)) * u;
    const bottom = at(i, j + 1) + (at(i + 1, j + 1) - at(i, j + 1)) * u;
    return top + (bottom - top) * v;
  };
}

const fade = (t: number): number => t * t * t * (t * (6 * t - 15) + 10);

/** Octaves of a noise, each twice as fine and half as strong; still in -1..1. */
export function fractal(noise: Noise, octaves: number): Noise {
  const total = 2 - 2 ** (1 - octaves);
  return (x, y) => {
    let sum = 0;
    for (let k = 0, scale = 1; k < octaves; k++, scale *= 2)
      sum += noise(x * scale + 17 * k, y * scale) / scale;
    return sum / total;
  };
}
