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

/** The weights at distance 0 to 5 from the centre; named, so that the loops below hold them in registers. */
const [W0, W1, W2, W3, W4, W5] = (() => {
  const half = [0, 1, 2, 3, 4, 5].map((distance) => Math.exp(-0.5 * (distance / 1.5) ** 2));
  const sum = half.reduce((total, weight, distance) => total + (distance === 0 ? 1 : 2) * weight, 0);
  return half.map((weight) => weight / sum) as [number, number, number, number, number, number];
})();

/** Four windowed means are enough: of a, of b, of a^2 + b^2 (the variances only occur as a sum), and of ab. */
function meanSsim(a: Readonly<Uint8Array>, b: Readonly<Uint8Array>, { width, height }: Size): number {
  const line = width * CHANNELS;
  const inside = (width - WINDOW + 1) * CHANNELS;
  const squares = new Float32Array(a.length); // up to 2 * 255^2: exact in float32
  const products = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) {
    squares[i] = a[i]! * a[i]! + b[i]! * b[i]!;
    products[i] = a[i]! * b[i]!;
  }
  const planes = [new Float32Array(a), new Float32Array(b), squares, products];
  const column = new Float64Array(line);
  const means: Means = [0, 1, 2, 3].map(() => new Float64Array(inside)) as unknown as Means;
  let sum = 0;
  for (let y = 0; y + WINDOW <= height; y++) {
    for (let k = 0; k < planes.length; k++) {
      weighColumns(planes[k]!, y * line, line, column);
      weighRow(column, means[k]!);
    }
    sum += ssimOfRow(means);
  }
  return sum / ((height - WINDOW + 1) * inside);
}

type Means = readonly [Float64Array, Float64Array, Float64Array, Float64Array];

/** Windowed sums down the columns, from the row that starts at `top`. */
function weighColumns(plane: Float32Array, top: number, line: number, out: Float64Array): void {
  for (let i = 0; i < line; i++) {
    const at = top + i;
    out[i] =
      W0 * plane[at + 5 * line]! +
      W1 * (plane[at + 4 * line]! + plane[at + 6 * line]!) +
      W2 * (plane[at + 3 * line]! + plane[at + 7 * line]!) +
      W3 * (plane[at + 2 * line]! + plane[at + 8 * line]!) +
      W4 * (plane[at + line]! + plane[at + 9 * line]!) +
      W5 * (plane[at]! + plane[at + 10 * line]!);
  }
}

/** Windowed sums along a row, each channel apart. */
function weighRow(row: Float64Array, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) {
    out[i] =
      W0 * row[i + 15]! +
      W1 * (row[i + 12]! + row[i + 18]!) +
      W2 * (row[i + 9]! + row[i + 21]!) +
      W3 * (row[i + 6]! + row[i + 24]!) +
      W4 * (row[i + 3]! + row[i + 27]!) +
      W5 * (row[i]! + row[i + 30]!);
  }
}

function ssimOfRow([ma, mb, msquares, mproducts]: Means): number {
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
