/** @file The networks that ship with this package: trained by the scripts of `training/`, described in `models/<id>/`. */
import type { ModelEntry } from '../entry.ts';

/** Our own work: the project's licence holds for the weights, too. */
const OWN = {
  source: 'craquelure, trained from random weights by training/',
  licence: 'Apache-2.0',
  dtype: 'float16, computed in float32',
  embedded: true,
} as const;

const LATENT = { latent: { channels: 4, scale: 1 }, multiple: 8 };

export const atelier: readonly ModelEntry[] = [
  {
    id: 'atelier-vae',
    summary: 'Encoder and decoder in the latent space of Stable Diffusion 1 and 2, students of TAESD.',
    ...OWN,
    protocol:
      'image [n,3,h,w] 0..1, h and w multiples of 8 <-> latent [n,4,h/8,w/8], scaled as Stable Diffusion 1 takes it',
    roles: {
      'vae-encoder': { file: 'encoder.onnx', ...LATENT },
      'vae-decoder': { file: 'decoder.onnx', ...LATENT },
    },
    files: {
      'encoder.onnx': {
        bytes: 3438148,
        sha256: '1865dff05611d2a0b1c68a1695bb37b998630702f625f171741cbd31a26eaad3',
      },
      'decoder.onnx': {
        bytes: 2271330,
        sha256: 'f0be0448850b63e2e377834630e9cd62e0662d4ae5bfdc363040e59af2cdc151',
      },
    },
  },
  {
    id: 'atelier-eye',
    summary: 'Embedder of 128 px images that tells hands apart: photographs and painters. Not CLIP.',
    ...OWN,
    protocol:
      "shortest side to 128 px by Pillow's bicubic on 8 bits, centre crop; image [n,3,128,128] 0..1 -> embedding [n,128] of length 1",
    roles: { 'image-embedder': { file: 'eye.onnx', size: 128 } },
    files: {
      'eye.onnx': {
        bytes: 3498028,
        sha256: '04cfa63963e9d842aee49569dc1e928851470db71ef6636646a90e6ddede8334',
      },
    },
  },
];
