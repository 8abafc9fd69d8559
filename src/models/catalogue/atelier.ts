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
        bytes: 6553775,
        sha256: '60dd26c819d4c77c4b753ea77ee230fdc9de5c5614b675b712129c1b9346da94',
      },
      'decoder.onnx': {
        bytes: 2271330,
        sha256: '98e83ff021e5c4c1b2f09d2d2d6883f50f318a396806d4a845230fa28c8f41d1',
      },
    },
  },
  {
    id: 'atelier-eye',
    summary:
      'Embedder of 128 px images that tells artists apart; trained on photographs and painters. Not CLIP.',
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
  {
    id: 'atelier-unet',
    summary: 'Small latent diffusion U-Net in the latent space of Stable Diffusion 1, at 256 px.',
    ...OWN,
    protocol:
      'sample [n,4,h,w], sides multiples of 4, scaled as Stable Diffusion 1 takes it; timestep [n] of its 1000; ' +
      'encoder_hidden_states [n,16,128] of atelier-text -> out_sample, the noise; the empty prompt is unconditional',
    roles: { unet: { file: 'unet.onnx', multiple: 32, diffusion: { prediction: 'epsilon', side: 256 } } },
    files: {
      'unet.onnx': {
        bytes: 14169262,
        sha256: '52fa90eae5f305453e991301b9aea28b8d7abe1a4064a401b765c8b61eef6d0b',
      },
    },
  },
  {
    id: 'atelier-text',
    summary: 'Text encoder of atelier-unet: a fixed vocabulary, with 16 free words for fine-tuning.',
    ...OWN,
    protocol:
      'input_ids [n,16] of tokenizer.json (lower case, whole words, [BOS] ... [EOS], padded) -> last_hidden_state [n,16,128]; ' +
      '<new-0> to <new-15> are words that mean nothing yet',
    roles: { 'text-encoder': { file: 'text-encoder.onnx', beside: ['tokenizer.json'] } },
    files: {
      'text-encoder.onnx': {
        bytes: 641713,
        sha256: '15bcdc6baf7796bedff4313ec7fe305a9c37c142eda1a8ce2286f5f4f0512e0e',
      },
      'tokenizer.json': {
        bytes: 10723,
        sha256: '5fb5fecc4dae07b1469973002c99b5b75efe04528d06455c91ccfcec6c316c08',
      },
    },
  },
];
