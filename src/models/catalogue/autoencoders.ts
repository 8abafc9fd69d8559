/** @file Tiny autoencoders (madebyollin's TAESD family): each a distilled stand-in for the VAE of a diffusion model. */
import { type ModelEntry, type ModelFile, onHub, pixelRange } from '../entry.ts';

interface Tiny {
  readonly id: string;
  readonly of: string;
  readonly channels: number;
  readonly dtype?: string;
  readonly encoder?: ModelFile;
  readonly decoder?: ModelFile;
  /** Whether the hub has it as an `AutoencoderTiny` of diffusers. */
  readonly onHub?: boolean;
}

/** The files of an `AutoencoderTiny`, whose pixels are -1..1 and whose latents come scaled. */
function published(id: string, channels: number): NonNullable<ModelEntry['published']> {
  const [file, config] = ['diffusion_pytorch_model.safetensors', 'config.json'];
  const fill = {
    latent: { channels, scale: 1 },
    multiple: 8,
    ...pixelRange(-1, 1),
    network: 'AutoencoderTiny',
  };
  const role = { file, beside: [config], ...fill };
  return {
    roles: { 'vae-encoder': role, 'vae-decoder': role },
    files: Object.fromEntries(
      [file, config].map((name) => [name, { url: onHub(`madebyollin/${id}`, name) }]),
    ),
  };
}

/** Latents of all members come already scaled as the U-Net takes them, and pixels are 0..1. */
function tiny({
  id,
  of,
  channels,
  dtype = 'float32',
  encoder = {},
  decoder = {},
  onHub: here = true,
}: Tiny): ModelEntry {
  const fill = { latent: { channels, scale: 1 }, multiple: 8 };
  return {
    id,
    summary: `Tiny autoencoder in the latent space of ${of}.`,
    source: `github madebyollin/taesd, weights ${id}_encoder and ${id}_decoder`,
    licence: 'MIT',
    dtype,
    protocol: `image [n,3,h,w] 0..1, h and w multiples of 8 <-> latent [n,${channels},h/8,w/8], scaled as ${of} takes it`,
    roles: {
      'vae-encoder': { file: `${id}-encoder.onnx`, ...fill },
      'vae-decoder': { file: `${id}-decoder.onnx`, ...fill },
    },
    files: { [`${id}-encoder.onnx`]: encoder, [`${id}-decoder.onnx`]: decoder },
    ...(here
      ? { published: published(id, channels) }
      : {
          obtain: `export both halves with torch.onnx.export (opset 17, dynamic n, h, w; inputs 'image' and 'latent')`,
        }),
  };
}

export const autoencoders: readonly ModelEntry[] = [
  tiny({
    id: 'taesd',
    of: 'Stable Diffusion 1 and 2',
    channels: 4,
    dtype: 'float32 holding FP8-rounded weights',
    encoder: {
      bytes: 4904431,
      sha256: 'fff2bf9484eda0778a3b4d60bba153c25da9c3726ade934ccbf9bb6e969e68ff',
    },
    decoder: {
      bytes: 4905570,
      sha256: 'efa38e634c38ef838acc7d93be5de4e9d84090669479df42e195916aff0a1a4d',
    },
  }),
  tiny({ id: 'taesdxl', of: 'Stable Diffusion XL', channels: 4 }),
  tiny({ id: 'taesd3', of: 'Stable Diffusion 3', channels: 16 }),
  tiny({ id: 'taef1', of: 'FLUX.1', channels: 16 }),
  tiny({
    id: 'taef2',
    of: 'FLUX.2',
    channels: 32,
    onHub: false,
    encoder: {
      bytes: 5374524,
      sha256: 'c160804bfd5b29e615e9ab54f90a568692574c8d4c5a0bd52c6af152f0303dd8',
    },
    decoder: {
      bytes: 5375549,
      sha256: 'c0d040b95f2a24ae994652f82c9566abb344d188a7d564a5cdfd6d801d4f69b4',
    },
  }),
];
