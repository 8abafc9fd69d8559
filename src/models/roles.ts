/**
 * @file The roles of networks. A role is an interface: named inputs and outputs with shapes and ranges. A model fills one or
 * more roles, and is used through these whatever its files call their ports and however they scale pixels.
 *
 * Pixels are RGB, NCHW, 0..1. Latents are as the U-Net takes them: already multiplied by the VAE's scale factor.
 */

/** An input or output of a role. */
export interface RolePort {
  /** Sizes, outermost first; a name is any size. null: as the file has it. */
  readonly dims: readonly (number | string)[] | null;
  /** Pixels and latents are scaled on input and output, as the model's entry says; the rest is unchanged. */
  readonly holds: 'pixels' | 'latent' | 'numbers' | 'tokens';
  /** Names that exporters give it. */
  readonly also: readonly string[];
}

interface RoleInterface {
  readonly summary: string;
  readonly inputs: Readonly<Record<string, RolePort>>;
  readonly outputs: Readonly<Record<string, RolePort>>;
}

const pixels = (also: readonly string[], dims: RolePort['dims'] = ['n', 3, 'h', 'w']): RolePort => ({
  dims,
  holds: 'pixels',
  also,
});
const latent = (also: readonly string[]): RolePort => ({ dims: ['n', 'c', 'h', 'w'], holds: 'latent', also });
const numbers = (dims: RolePort['dims'], also: readonly string[]): RolePort => ({
  dims,
  holds: 'numbers',
  also,
});

/** Every role with its interface. */
export const ROLES = {
  'vae-encoder': {
    summary: 'image to the mean of its latent distribution',
    inputs: { image: pixels(['sample', 'pixel_values']) },
    outputs: { latent: latent(['latent_sample', 'latent_parameters', 'latents']) },
  },
  'vae-decoder': {
    summary: 'latent to image, about 0..1, not clipped',
    inputs: { latent: latent(['latent_sample', 'latents']) },
    outputs: { image: pixels(['sample', 'images']) },
  },
  unet: {
    summary: 'noisy latent, timestep and text to the noise (or velocity) in it',
    inputs: {
      latent: numbers(['n', 'c', 'h', 'w'], ['sample']),
      timestep: numbers(null, ['t']),
      text: numbers(['n', 'tokens', 'd'], ['encoder_hidden_states', 'encoder_hidden_state']),
    },
    outputs: { noise: numbers(['n', 'c', 'h', 'w'], ['out_sample', 'noise_pred']) },
  },
  'text-encoder': {
    summary: 'token ids to text embeddings; includes its tokenizer',
    inputs: { tokens: { dims: ['n', 'tokens'], holds: 'tokens', also: ['input_ids'] } },
    outputs: { text: numbers(['n', 'tokens', 'd'], ['last_hidden_state', 'hidden_states']) },
  },
  'image-embedder': {
    summary: 'image to a vector whose angles measure similarity',
    inputs: { image: pixels(['pixel_values']) },
    outputs: { embedding: numbers(['n', 'd'], ['image_embeds', 'features']) },
  },
  'text-embedder': {
    summary: 'token ids to a vector that is compared with image embeddings of the same model',
    inputs: { tokens: { dims: ['n', 'tokens'], holds: 'tokens', also: ['input_ids'] } },
    outputs: { embedding: numbers(['n', 'd'], ['text_embeds']) },
  },
  perceptual: {
    summary: 'two images of one size to a perceptual distance',
    inputs: { a: pixels([]), b: pixels([]) },
    outputs: { distance: numbers(['n'], []) },
  },
  'fid-features': {
    summary: 'image of 299x299 to the 2048 features of the 2015 Inception network',
    inputs: { image: pixels(['input'], ['n', 3, 299, 299]) },
    outputs: { features: numbers(['n', 2048], ['pool', 'output']) },
  },
  upscaler: {
    summary: 'image to a larger one',
    inputs: { image: pixels(['input']) },
    outputs: { upscaled: pixels(['output']) },
  },
  denoiser: {
    summary: 'noisy image to a clean one, blind to the noise level',
    inputs: { image: pixels(['input']) },
    outputs: { denoised: pixels(['output']) },
  },
  classifier: {
    summary: 'image to the logits of the 1000 ImageNet classes',
    inputs: { image: pixels(['input', 'data', 'pixel_values']) },
    outputs: { logits: numbers(['n', 1000], ['output']) },
  },
  'style-transfer': {
    summary: 'image to the same image in a painter’s style',
    inputs: { image: pixels(['input']) },
    outputs: { styled: pixels(['output']) },
  },
} as const satisfies Readonly<Record<string, RoleInterface>>;

/** The role of a network. */
export type ModelRole = keyof typeof ROLES;

/** The names of a role's inputs, and of its outputs. */
export type RoleInput<R extends ModelRole> = keyof (typeof ROLES)[R]['inputs'] & string;
export type RoleOutput<R extends ModelRole> = keyof (typeof ROLES)[R]['outputs'] & string;

/** Names that stand for several roles in experiment files and flags. */
export const ROLE_GROUPS = {
  vae: ['vae-encoder', 'vae-decoder'],
  diffusion: ['vae-encoder', 'vae-decoder', 'unet', 'text-encoder'],
} as const satisfies Readonly<Record<string, readonly ModelRole[]>>;

export const roleNames = Object.keys(ROLES) as readonly ModelRole[];
