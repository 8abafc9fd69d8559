/** @file Networks without weights: formulas as graphs, for roles that need one on every machine. */
import type { ModelEntry } from '../entry.ts';

export const formulas: readonly ModelEntry[] = [
  {
    id: 'ssim-distance',
    summary: '1 - SSIM as a graph: the perceptual budget of a machine without LPIPS.',
    source: 'Wang et al. 2004, written by models/ssim-distance/make.mjs of this project',
    licence: 'Apache-2.0',
    dtype: 'float32',
    protocol:
      'a, b [n,3,h,w] 0..1, sides of at least 11 -> 1 - SSIM [n]: Gaussian 11x11 sigma 1.5, windows inside the image, ' +
      'mean over pixels and channels. Not LPIPS',
    roles: { perceptual: { file: 'ssim-distance.onnx' } },
    files: {
      'ssim-distance.onnx': {
        bytes: 3025,
        sha256: '98806a2622b295772c7b93f0f7fb6fd1cd8f3f6e19fda75dffe1ab1c1bdf42f4',
      },
    },
    embedded: true,
  },
];
