/**
 * @file 8-bit CIE L*a*b* of linear RGB under D65, as OpenCV's `COLOR_LRGB2Lab` and `COLOR_Lab2LRGB`: L in 0..255,
 * a and b around 128. Values stand as they are: colours are not taken out of sRGB's curve first.
 *
 * Source: CIE 15 (2004); OpenCV 4.6, `RGB2Lab_b`. The way back is in doubles and differs from OpenCV by up to 1.
 */

const WHITE = [0.950456, 1, 1.088754] as const;
/** Below this share of white the cube root gives way to a line. */
const LINEAR = 216 / 24389;

const inverse = (t: number): number => (t > 6 / 29 ? t ** 3 : (t - 16 / 116) / 7.787);

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

const ROOTS = Int32Array.from({ length: (256 * 3 * 2 ** TABLE_BITS) / 2 }, (_, i) => {
  const share = i / (255 * 2 ** TABLE_BITS);
  return Math.round(2 ** ROOT_BITS * (share < LINEAR ? (841 / 108) * share + 16 / 116 : Math.cbrt(share)));
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

/** Interleaved RGB of a plane of L and interleaved a, b; truncated, as OpenCV does. */
export function fromLab(lightness: Readonly<Uint8Array>, colour: Readonly<Uint8Array>): Uint8Array {
  const rgb = new Uint8ClampedArray(lightness.length * 3);
  for (let i = 0; i < lightness.length; i++) {
    const l = lightness[i]! / 2.55;
    const y = l <= 8 ? l / 903.3 : ((l + 16) / 116) ** 3;
    const middle = l <= 8 ? 7.787 * y + 16 / 116 : (l + 16) / 116;
    const x = inverse(middle + (colour[2 * i]! - 128) / 500) * WHITE[0];
    const z = inverse(middle - (colour[2 * i + 1]! - 128) / 200) * WHITE[2];
    rgb[3 * i] = Math.floor(255 * (3.240479 * x - 1.53715 * y - 0.498535 * z));
    rgb[3 * i + 1] = Math.floor(255 * (-0.969256 * x + 1.875991 * y + 0.041556 * z));
    rgb[3 * i + 2] = Math.floor(255 * (0.055648 * x - 0.204043 * y + 1.057311 * z));
  }
  return new Uint8Array(rgb.buffer);
}
