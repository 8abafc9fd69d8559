/**
 * @file 8-bit CIE L*a*b* of linear RGB under D65, as OpenCV's `COLOR_LRGB2Lab` and `COLOR_Lab2LRGB`: L in 0..255,
 * a and b around 128. Values stand as they are: colours are not taken out of sRGB's curve first.
 *
 * Both ways are OpenCV's fixed point, bit by bit. Source: CIE 15 (2004); OpenCV 4.6, `RGB2Lab_b` and `Lab2RGBinteger`.
 */
import { roundHalfEven } from './round.ts';

const WHITE = [0.950456, 1, 1.088754] as const;
/** Below this share of white the cube root gives way to a line. */
const LINEAR = 216 / 24389;

/** OpenCV computes the way to Lab in fixed point: matrix entries in 2^-12, cube roots in 2^-15, tabled by 2^-3. */
const MATRIX_BITS = 12;
const ROOT_BITS = 15;
const TABLE_BITS = 3;

const descale = (value: number, bits: number): number => (value + 2 ** (bits - 1)) >> bits;

const MATRIX = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
].map((row, i) => row.map((entry) => Math.round((entry / WHITE[i]!) * 2 ** MATRIX_BITS)));

const { fround } = Math;

const ROOTS = Int32Array.from({ length: (256 * 3 * 2 ** TABLE_BITS) / 2 }, (_, i) => {
  const share = i / (255 * 2 ** TABLE_BITS);
  const root = share < LINEAR ? (841 / 108) * share + 16 / 116 : fround(Math.cbrt(share)); // OpenCV's is a float
  return roundHalfEven(2 ** ROOT_BITS * root);
});

const L_SCALE = Math.trunc((116 * 255 + 50) / 100);
const L_SHIFT = -Math.trunc((16 * 255 * 2 ** ROOT_BITS + 50) / 100);
const MIDDLE = 128 * 2 ** ROOT_BITS;

/** Interleaved RGB as a plane of L and interleaved a, b. */
export function toLab(rgb: Readonly<Uint8Array>): { lightness: Uint8Array; colour: Uint8Array } {
  const lightness = new Uint8ClampedArray(rgb.length / 3);
  const colour = new Uint8ClampedArray(lightness.length * 2);
  const root = (row: readonly number[], at: number): number => {
    const sum = row[0]! * rgb[at]! + row[1]! * rgb[at + 1]! + row[2]! * rgb[at + 2]!;
    return ROOTS[descale(sum * 2 ** TABLE_BITS, MATRIX_BITS)]!;
  };
  for (let i = 0; i < lightness.length; i++) {
    const x = root(MATRIX[0]!, 3 * i);
    const y = root(MATRIX[1]!, 3 * i);
    const z = root(MATRIX[2]!, 3 * i);
    lightness[i] = descale(L_SCALE * y + L_SHIFT, ROOT_BITS);
    colour[2 * i] = descale(500 * (x - y) + MIDDLE, ROOT_BITS);
    colour[2 * i + 1] = descale(200 * (y - z) + MIDDLE, ROOT_BITS);
  }
  return { lightness: new Uint8Array(lightness.buffer), colour: new Uint8Array(colour.buffer) };
}

/**
 * The way back: numbers in 2^-14 between L, a, b and XYZ, matrix entries in 2^-12, results in 2^-12 before they are cut to
 * 8 bits. Tables are made in float32.
 */
const BASE = 2 ** 14;

/** For each L: Y, and f(Y) = (L + 16) / 116 (with L in 0..100) that a and b are added to. */
const FROM_L = Array.from({ length: 256 }, (_, l) => {
  if (l <= 20) {
    const share = fround(fround(16 / 116) + fround((l * 5) / (3 * 17 * 29)));
    return [roundHalfEven(fround((l * BASE * 20 * 9) / (17 * 29 ** 3))), roundHalfEven(fround(BASE * share))];
  }
  const f = fround(fround((l * 100 * BASE) / (255 * 116)) + fround((16 * BASE) / 116));
  return [roundHalfEven(fround(fround(fround(f * f) * f) / (BASE * BASE))), roundHalfEven(f)];
});

/** X and Z, as shares of white, of f between these bounds. */
const LEAST_F = -8145;
const FROM_F = Int32Array.from({ length: (BASE * 9) / 4 }, (_, i) => {
  const f = i + LEAST_F;
  if (f > 3390) return Math.trunc((Math.trunc((f * f) / BASE) * f) / BASE); // 6 / 29
  return Math.trunc((f * 108) / 841) - Math.trunc((Math.trunc((BASE * 16) / 116) * 108) / 841);
});

const TO_RGB = [
  [3.240479, -1.53715, -0.498535],
  [-0.969256, 1.875991, 0.041556],
  [0.055648, -0.204043, 1.057311],
].map((row) => row.map((entry, j) => Math.round(entry * WHITE[j]! * 2 ** MATRIX_BITS)));

/** Interleaved RGB of a plane of L and interleaved a, b; truncated, as OpenCV does. */
export function fromLab(lightness: Readonly<Uint8Array>, colour: Readonly<Uint8Array>): Uint8Array {
  const rgb = new Uint8Array(lightness.length * 3);
  for (let i = 0; i < lightness.length; i++) {
    const [y, f] = FROM_L[lightness[i]!]!;
    const a = ((5 * 53687 * colour[2 * i]! + 2 ** 7) >> 13) - 4194;
    const b = ((41943 * colour[2 * i + 1]! + 2 ** 4) >> 9) - 10484;
    const x = FROM_F[f! + a - LEAST_F]!;
    const z = FROM_F[f! - b - LEAST_F]!;
    for (let c = 0; c < 3; c++) {
      const [r, g, d] = TO_RGB[c]!;
      const value = descale(r! * x + g! * y! + d! * z, 14);
      rgb[3 * i + c] = (255 * Math.min(Math.max(value, 0), 4095)) >> 12;
    }
  }
  return rgb;
}
