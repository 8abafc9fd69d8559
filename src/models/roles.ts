/** @file The roles that networks play. A role is an interface; a model fills one or more roles. */

/** What a network is for. */
export type ModelRole =
  | 'vae-encoder'
  | 'vae-decoder'
  | 'unet'
  | 'text-encoder'
  | 'image-embedder'
  | 'perceptual'
  | 'fid-features'
  | 'upscaler'
  | 'denoiser'
  | 'classifier'
  | 'style-transfer';
