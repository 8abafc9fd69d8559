/**
 * @file Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003) by TensorFlow's protocol.
 *
 *   MS-SSIM = SSIM_5^w5 * product over scales 1..4 of CS_i^wi,   CS = (2 sxy + C2) / (sx^2 + sy^2 + C2)
 *
 * for each channel, then the mean over channels. SSIM_5 and CS_i are means over the image at scale i; below 0 they count
 * as 0. Each scale halves the one before: means of 2x2 pixels, with the last row or column doubled if the number is odd.
 */
import { z } from 'zod';
import type { Size } from '../image/image.ts';
import { imageTooSmall } from '../messages/index.ts';
import { mean } from '../stats/mean.ts';
import { defineMetric } from './define.ts';
import { pixelPair } from './parts/pixels.ts';
import { C1, C2, CHANNELS, overWindows, WINDOW } from './parts/ssim-window.ts';

export const msSsim = defineMetric({
  id: 'ms-ssim',
  version: 1,
  kind: 'pair',
  label: 'MS-SSIM',
  summary: 'Structural similarity over five scales; 1 for equal images.',
  reference: 'Wang et al., Multiscale structural similarity for image quality assessment (Asilomar 2003)',
  protocol:
    'ms-ssim@1: as TensorFlow ssim_multiscale: RGB, 8 bits, data range 255, five scales with weights 0.0448 0.2856 ' +
    '0.3001 0.2363 0.1333, 2x2 means with the last odd line doubled, Gaussian 11x11 sigma 1.5, population ' +
    'covariance, windows inside the image, terms below 0 as 0, product for each channel, mean over channels',
  unit: '',
  smallestEffect: 0.01,
  higherIsBetter: true,
  measures: 'fidelity',
  params: z.strictObject({}),
  needs: () => [],
  random: false,
  measure: async (image, reference) => {
    const [a, b] = pixelPair('ms-ssim', image, reference);
    if (Math.min(image.width, image.height) < SMALLEST)
      throw imageTooSmall('ms-ssim', image, `sides of at least ${SMALLEST} px (five scales)`);
    return multiScale({ ...image, data: Float64Array.from(a) }, { ...image, data: Float64Array.from(b) });
  },
});

const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const;

/** Halved four times, rounding up, this is one window. */
const SMALLEST = (WINDOW - 1) * 2 ** (WEIGHTS.length - 1) + 1;

/** Interleaved RGB, 0..255. */
interface Pixels extends Size {
  readonly data: Float64Array;
}

function multiScale(a: Pixels, b: Pixels): number {
  const product = [1, 1, 1];
  WEIGHTS.forEach((weight, scale) => {
    const last = scale === WEIGHTS.length - 1;
    channelMeans(a, b, last).forEach((mean, channel) => {
      product[channel]! *= Math.max(0, mean) ** weight;
    });
    if (!last) [a, b] = [halved(a), halved(b)];
  });
  return mean(product);
}

/** The mean over all windows of CS, or of SSIM, in each channel. */
function channelMeans(a: Pixels, b: Pixels, withLuminance: boolean): number[] {
  const sums = [0, 0, 0];
  overWindows(a.data, b.data, a, ([ma, mb, msquares, mproducts]) => {
    for (let i = 0; i < ma.length; i++) {
      const product = ma[i]! * mb[i]!;
      const squares = ma[i]! ** 2 + mb[i]! ** 2;
      const structure = (2 * (mproducts[i]! - product) + C2) / (msquares[i]! - squares + C2);
      sums[i % CHANNELS]! += withLuminance ? (structure * (2 * product + C1)) / (squares + C1) : structure;
    }
  });
  const places = (a.height - WINDOW + 1) * (a.width - WINDOW + 1);
  return sums.map((sum) => sum / places);
}

function halved({ width, height, data }: Pixels): Pixels {
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const result = new Float64Array(w * h * CHANNELS);
  for (let y = 0; y < h; y++) {
    const [top, bottom] = [2 * y, Math.min(2 * y + 1, height - 1)].map((row) => row * width) as [
      number,
      number,
    ];
    for (let x = 0; x < w; x++) {
      const [left, right] = [2 * x, Math.min(2 * x + 1, width - 1)];
      for (let c = 0; c < CHANNELS; c++) {
        const at = (row: number, column: number): number => data[(row + column) * CHANNELS + c]!;
        result[(y * w + x) * CHANNELS + c] =
          (at(top, left) + at(top, right) + at(bottom, left) + at(bottom, right)) / 4;
      }
    }
  }
  return { width: w, height: h, data: result };
}
