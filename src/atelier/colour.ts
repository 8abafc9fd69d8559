/** @file Colours as painters mix them: sRGB triples in 0..1, and changes of lightness, chroma and hue in OKLCH. */
import type { Random } from '../random.ts';

/** Red, green, blue in sRGB, 0..1. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** `hex('#ff8000')`. */
export const hex = (code: string): Rgb => {
  const value = Number.parseInt(code.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
};

export const clamp = (v: number, low = 0, high = 1): number => (v < low ? low : Math.min(v, high));

/** 0 below `low`, 1 above `high`, and a smooth cubic step between. */
export const smoothstep = (low: number, high: number, v: number): number => {
  const t = clamp((v - low) / (high - low));
  return t * t * (3 - 2 * t);
};

/** `a` at 0, `b` at 1. */
export const mix = (a: Rgb, b: Rgb, t: number): Rgb => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];

/** Light of colour `light` on a surface of colour `surface`. */
export const times = (surface: Rgb, light: Rgb | number): Rgb =>
  typeof light === 'number'
    ? [surface[0] * light, surface[1] * light, surface[2] * light]
    : [surface[0] * light[0], surface[1] * light[1], surface[2] * light[2]];

/** Luma of Rec. 709, 0..1. */
export const luma = (c: Rgb): number => 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];

// The transfer curve of sRGB and its inverse as tables: a picture asks for them a million times.
const STEPS = 4096;
const LINEAR = Float64Array.from({ length: STEPS + 2 }, (_, k) => {
  const v = k / STEPS;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
});
const GAMMA = Float64Array.from({ length: STEPS + 2 }, (_, k) => {
  const v = (k / STEPS) ** 2; // finer steps in the dark, where the curve is steep
  return v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055;
});

const lookUp = (table: Float64Array, t: number): number => {
  const k = Math.floor(t * STEPS);
  return table[k]! + (table[k + 1]! - table[k]!) * (t * STEPS - k);
};

const toLinear = (v: number): number => lookUp(LINEAR, clamp(v));
const toGamma = (v: number): number => lookUp(GAMMA, Math.sqrt(clamp(v)));

/** Lightness, and the two opponent axes: Ottosson's OKLab (2020). */
export function oklab(c: Rgb): [number, number, number] {
  const r = toLinear(c[0]);
  const g = toLinear(c[1]);
  const b = toLinear(c[2]);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** The sRGB colour of OKLab coordinates, clipped to what a screen can show. */
export function fromOklab(L: number, a: number, b: number): Rgb {
  const l = cube(L + 0.3963377774 * a + 0.2158037573 * b);
  const m = cube(L - 0.1055613458 * a - 0.0638541728 * b);
  const s = cube(L - 0.0894841775 * a - 1.291485548 * b);
  return [
    toGamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toGamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toGamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const cube = (v: number): number => v * v * v;

/** A change of colour in OKLCH. */
export interface Tuning {
  /** Added to lightness (0..1). */
  readonly lift?: number;
  /** Factor of lightness about middle grey (0.6). */
  readonly contrast?: number;
  /** Factor of chroma. */
  readonly chroma?: number;
  /** Turn of hue, in radians. */
  readonly turn?: number;
}

/** `c` with lightness, chroma and hue changed. */
export function tune(c: Rgb, { lift = 0, contrast = 1, chroma = 1, turn = 0 }: Tuning): Rgb {
  const [L, a, b] = oklab(c);
  const cos = Math.cos(turn) * chroma;
  const sin = Math.sin(turn) * chroma;
  return fromOklab(clamp((L - 0.6) * contrast + 0.6 + lift), a * cos - b * sin, a * sin + b * cos);
}

/** A neighbour of `c`: each of the three at random, uniform within the given reach to both sides. */
export function jitter(c: Rgb, random: Random, reach: { lift: number; chroma: number; turn: number }): Rgb {
  const draw = (): number => 2 * random.uniform() - 1;
  return tune(c, {
    lift: reach.lift * draw(),
    chroma: 1 + reach.chroma * draw(),
    turn: reach.turn * draw(),
  });
}

/** A painter's palette: the function that finds its nearest colour in OKLab. Lightness counts `weight` times. */
export function palette(codes: readonly string[], weight = 1): (c: Rgb) => Rgb {
  const paints = codes.map((code) => ({ paint: hex(code), lab: oklab(hex(code)) }));
  return (c) => {
    const [L, a, b] = oklab(c);
    let best = paints[0]!.paint;
    let least = Number.POSITIVE_INFINITY;
    for (const { paint, lab } of paints) {
      const distance = weight * (L - lab[0]) ** 2 + (a - lab[1]) ** 2 + (b - lab[2]) ** 2;
      if (distance < least) [best, least] = [paint, distance];
    }
    return best;
  };
}
