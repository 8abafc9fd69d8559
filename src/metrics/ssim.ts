/**
 * @file Structural similarity (Wang et al. 2004) by scikit-image's protocol.
 *
 *   SSIM = (2 mx my + C1)(2 sxy + C2) / ((mx^2 + my^2 + C1)(sx^2 + sy^2 + C2)),  C1 = (0.01 255)^2, C2 = (0.03 255)^2
 *
 * with means, variances and covariance (divided by the sum of weights, not less one) under an 11x11 Gaussian of
 * sigma 1.5, averaged over the windows that lie inside the image, over all channels.
 */
import { z } from 'zod';
import type { Size } from '../image/image.ts';
import { imageTooSmall } from '../messages.ts';
import { defineMetric } from './define.ts';
import { pixelPair } from './pixels.ts';

export const ssim = defineMetric({
  id: 'ssim',
  version: 1,
  kind: 'pair',
  label: 'SSIM',
  summary: 'Structural similarity: local means, contrasts and correlation; 1 for equal images.',
  reference: 'Wang et al., Image quality assessment (IEEE TIP 2004)',
  protocol:
    'ssim@1: as scikit-image with gaussian_weights: RGB, 8 bits, data range 255, each channel, Gaussian 11x11 ' +
    'sigma 1.5, population covariance, border of 5 px left out',
  unit: '',
  higherIsBetter: true,
  params: z.strictObject({}),
  needs: [],
  random: false,
  measure: async (image, reference) => {
    const [a, b] = pixelPair('ssim', image, reference);
    if (Math.min(image.width, image.height) < WINDOW) {
      throw imageTooSmall('ssim', image, `sides of at least ${WINDOW} px`);
    }
    return meanSsim(a, b, image);
  },
});

const WINDOW = 11;
const CHANNELS = 3;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/** The weights at distance 0 to 5 from the centre. */
const WEIGHTS = (() => {
  const half = Float64Array.from({ length: 6 }, (_, distance) => Math.exp(-0.5 * (distance / 1.5) ** 2));
  const sum = half.reduce((total, weight, distance) => total + (distance === 0 ? 1 : 2) * weight, 0);
  return half.map((weight) => weight / sum);
})();

/** Four windowed means are enough: of a, of b, of a^2 + b^2 (the variances only occur as a sum), and of ab. */
function meanSsim(a: Readonly<Uint8Array>, b: Readonly<Uint8Array>, { width, height }: Size): number {
  const line = width * CHANNELS;
  const inside = (width - WINDOW + 1) * CHANNELS;
  const planes = [
    Float32Array.from(a),
    Float32Array.from(b),
    new Float32Array(a.length),
    new Float32Array(a.length),
  ];
  const [, , squares, products] = planes as [Float32Array, Float32Array, Float32Array, Float32Array];
  for (let i = 0; i < a.length; i++) {
    squares[i] = a[i]! * a[i]! + b[i]! * b[i]!; // below 2^24: exact in float32
    products[i] = a[i]! * b[i]!;
  }
  const column = new Float64Array(line);
  const means = planes.map(() => new Float64Array(inside));
  let sum = 0;
  for (let y = 0; y + WINDOW <= height; y++) {
    for (const [index, plane] of planes.entries()) {
      weighColumns(plane, y * line, line, column);
      weighRow(column, means[index]!);
    }
    sum += ssimOfRow(means as [Float64Array, Float64Array, Float64Array, Float64Array]);
  }
  return sum / ((height - WINDOW + 1) * inside);
}

/** Windowed sums down the columns, from the row that starts at `top`. */
function weighColumns(plane: Float32Array, top: number, line: number, out: Float64Array): void {
  const [w0, w1, w2, w3, w4, w5] = WEIGHTS as unknown as readonly [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let i = 0; i < line; i++) {
    let at = top + i;
    const r0 = plane[at]!;
    const r1 = plane[(at += line)]!;
    const r2 = plane[(at += line)]!;
    const r3 = plane[(at += line)]!;
    const r4 = plane[(at += line)]!;
    const r5 = plane[(at += line)]!;
    const r6 = plane[(at += line)]!;
    const r7 = plane[(at += line)]!;
    const r8 = plane[(at += line)]!;
    const r9 = plane[(at += line)]!;
    const r10 = plane[at + line]!;
    out[i] = w0 * r5 + w1 * (r4 + r6) + w2 * (r3 + r7) + w3 * (r2 + r8) + w4 * (r1 + r9) + w5 * (r0 + r10);
  }
}

/** Windowed sums along a row, each channel apart. */
function weighRow(row: Float64Array, out: Float64Array): void {
  const [w0, w1, w2, w3, w4, w5] = WEIGHTS as unknown as readonly [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let i = 0; i < out.length; i++) {
    out[i] =
      w0 * row[i + 15]! +
      w1 * (row[i + 12]! + row[i + 18]!) +
      w2 * (row[i + 9]! + row[i + 21]!) +
      w3 * (row[i + 6]! + row[i + 24]!) +
      w4 * (row[i + 3]! + row[i + 27]!) +
      w5 * (row[i]! + row[i + 30]!);
  }
}

function ssimOfRow([ma, mb, msquares, mproducts]: readonly [
  Float64Array,
  Float64Array,
  Float64Array,
  Float64Array,
]): number {
  let sum = 0;
  for (let i = 0; i < ma.length; i++) {
    const a = ma[i]!;
    const b = mb[i]!;
    const ab = a * b;
    const squares = a * a + b * b;
    sum +=
      ((2 * ab + C1) * (2 * (mproducts[i]! - ab) + C2)) / ((squares + C1) * (msquares[i]! - squares + C2));
  }
  return sum;
}
