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
import { imageTooSmall } from '../messages/index.ts';
import { defineMetric } from './define.ts';
import { pixelPair } from './parts/pixels.ts';
import { C1, C2, CHANNELS, overWindows, type RowMeans, WINDOW } from './parts/ssim-window.ts';

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
  measures: 'fidelity',
  primary: 30,
  smallestEffect: 0.01,
  quality: 2,
  ruined: 0.6,
  params: z.strictObject({}),
  needs: () => [],
  random: false,
  measure: async (image, reference) => {
    const [a, b] = pixelPair('ssim', image, reference);
    if (Math.min(image.width, image.height) < WINDOW) {
      throw imageTooSmall('ssim', image, `sides of at least ${WINDOW} px`);
    }
    return meanSsim(a, b, image);
  },
});

function meanSsim(a: Readonly<Uint8Array>, b: Readonly<Uint8Array>, size: Size): number {
  let sum = 0;
  overWindows(new Float32Array(a), new Float32Array(b), size, (means) => {
    sum += ssimOfRow(means);
  });
  return sum / ((size.height - WINDOW + 1) * (size.width - WINDOW + 1) * CHANNELS);
}

function ssimOfRow([ma, mb, msquares, mproducts]: RowMeans): number {
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
