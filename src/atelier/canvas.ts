/** @file The painted surface: colour and relief, and what the whole of it undergoes: blur, light, grain, outlines. */
import type { Random } from '../random.ts';
import { clamp, type Rgb } from './colour.ts';
import { type Noise, valueNoise } from './noise.ts';
import type { Scene } from './scene.ts';

/** A square surface of `size` x `size` pixels. */
export interface Canvas {
  readonly size: number;
  /** sRGB 0..1, interleaved. */
  readonly rgb: Float32Array;
  /** Thickness of the paint, 0 for bare ground, about 1 for a full stroke. */
  readonly relief: Float32Array;
}

/** A canvas primed in one colour. */
export function primed(size: number, colour: Rgb): Canvas {
  const rgb = new Float32Array(size * size * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = colour[i % 3]!;
  return { size, rgb, relief: new Float32Array(size * size) };
}

/** Calls `change` for every pixel with its place in 0..1; the colour that it returns is written back. */
export function forEachPixel(canvas: Canvas, change: (c: Rgb, x: number, y: number, i: number) => Rgb): void {
  const { size, rgb } = canvas;
  for (let i = 0; i < size * size; i++) {
    const x = ((i % size) + 0.5) / size;
    const y = (Math.floor(i / size) + 0.5) / size;
    const c = change([rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!], x, y, i);
    rgb[3 * i] = clamp(c[0]);
    rgb[3 * i + 1] = clamp(c[1]);
    rgb[3 * i + 2] = clamp(c[2]);
  }
}

/** The colours of a plane mapped one by one; a new plane. */
export function mapColours(rgb: Float32Array, change: (c: Rgb, i: number) => Rgb): Float32Array {
  const out = new Float32Array(rgb.length);
  for (let k = 0; k < rgb.length; k += 3) {
    const c = change([rgb[k]!, rgb[k + 1]!, rgb[k + 2]!], k / 3);
    out[k] = c[0];
    out[k + 1] = c[1];
    out[k + 2] = c[2];
  }
  return out;
}

/** Nearly Gaussian blur with the given standard deviation in pixels (three box passes); a new plane. */
export function blurred(plane: Float32Array, size: number, sigma: number): Float32Array {
  const channels = plane.length / (size * size);
  const radius = Math.round(Math.sqrt((12 * sigma * sigma) / 3 + 1) / 2 - 0.5);
  if (radius < 1) return plane.slice();
  let from = plane;
  for (let pass = 0; pass < 3; pass++) {
    from = boxPass(from, size, channels, radius, channels, size * channels);
    from = boxPass(from, size, channels, radius, size * channels, channels);
  }
  return from;
}

/** A running mean along lines with step `along`; lines lie `across` apart. Edges repeat. */
function boxPass(
  plane: Float32Array,
  size: number,
  channels: number,
  radius: number,
  along: number,
  across: number,
): Float32Array {
  const out = new Float32Array(plane.length);
  const share = 1 / (2 * radius + 1);
  const last = size - 1;
  for (let line = 0; line < size; line++) {
    for (let k = 0; k < channels; k++) {
      const start = line * across + k;
      let sum = 0;
      for (let p = -radius; p <= radius; p++) sum += plane[start + clamp(p, 0, last) * along]!;
      for (let p = 0; p < size; p++) {
        out[start + p * along] = sum * share;
        const enters = Math.min(p + radius + 1, last);
        const leaves = p > radius ? p - radius : 0;
        sum += plane[start + enters * along]! - plane[start + leaves * along]!;
      }
    }
  }
  return out;
}

/** Raking light from the upper left on the paint's relief: ridges shine, furrows darken. */
export function rakeLight({ size, rgb, relief }: Canvas, strength: number): void {
  const scale = strength * (size / 256) ** 0.5; // slopes per pixel flatten as the picture grows
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const i = y * size + x;
      const dx = relief[i]! - relief[i - (x > 0 ? 1 : 0)]!;
      const dy = relief[i]! - relief[i - (y > 0 ? size : 0)]!;
      const shine = clamp(scale * (dx + dy), -0.5, 0.5);
      for (let k = 3 * i; k < 3 * i + 3; k++) {
        const v = rgb[k]!;
        rgb[k] = clamp(shine > 0 ? v + (1 - v) * shine * 0.75 : v * (1 + shine));
      }
    }
  }
}

/** Woven linen under thin paint: a number about 0, in -1..1, for every pixel. */
export function weave(size: number, random: Random): Float32Array {
  const noise = valueNoise(random);
  const threads = Math.min(96, size / 2.6);
  return Float32Array.from({ length: size * size }, (_, i) => {
    const x = (i % size) / size;
    const y = Math.floor(i / size) / size;
    const warp = Math.sin(2 * Math.PI * threads * x + 1.5 * noise(3 * x, 40 * y));
    const weft = Math.sin(2 * Math.PI * threads * y + 1.5 * noise(40 * x, 3 * y));
    return 0.5 * (warp * weft) + 0.5 * noise(60 * x, 60 * y);
  });
}

/** The tooth of paper, 0 in its hollows and 1 on its hills, for every pixel; about `grain` hills to a side. */
export function tooth(size: number, random: Random, grain = 90): Float32Array {
  const hills = valueNoise(random.fork('hills'));
  const fine = Float32Array.from({ length: size * size }, () => random.uniform());
  return Float32Array.from({ length: size * size }, (_, i) => {
    const x = (grain * (i % size)) / size;
    const y = (grain * Math.floor(i / size)) / size;
    // Two turned lattices hide each other's squares.
    const coarse =
      hills(0.8 * x + 0.6 * y, 0.8 * y - 0.6 * x) + hills(0.38 * x - 0.92 * y, 0.38 * y + 0.92 * x);
    return clamp(0.5 + 0.32 * coarse + 0.5 * (fine[i]! - 0.5));
  });
}

/** Outlines of the scene's things as coverage 0..1, about `width` of the picture's side wide, wider and thinner by `wobble`. */
export function outlines({ size, label }: Scene, width: number, wobble?: Noise): Float32Array {
  const marks = new Float32Array(size * size);
  for (let y = 0; y < size - 1; y++) {
    for (let x = 0; x < size - 1; x++) {
      const i = y * size + x;
      if (label[i] !== label[i + 1] || label[i] !== label[i + size]) marks[i] = 1;
    }
  }
  const sigma = Math.max(0.6, (width * size) / 2);
  const soft = blurred(marks, size, sigma);
  const gain = 2.6 * sigma; // a straight line of ones blurs to a peak of 1 / (2.5 sigma)
  return soft.map((v, i) => {
    const pressure = wobble ? 0.55 + 0.35 * wobble((9 * (i % size)) / size, (9 * i) / (size * size)) : 0.45;
    return clamp((v * gain - (1 - pressure)) * 2.2);
  });
}

/** `paper` over the colours where `cover` is 0, `ink` where it is 1. */
export function print(canvas: Canvas, cover: Float32Array, ink: Rgb, strength = 1): void {
  const { rgb } = canvas;
  for (let i = 0; i < cover.length; i++) {
    const t = cover[i]! * strength;
    for (let k = 0; k < 3; k++) rgb[3 * i + k]! += (ink[k]! - rgb[3 * i + k]!) * t;
  }
}
