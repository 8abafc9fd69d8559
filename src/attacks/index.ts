/** @file Every attack, by its id. */
import { registryOf } from '../plugin/registry.ts';
import { adverseCleaner } from './adverse-cleaner.ts';
import { autoPurify } from './auto-purify.ts';
import { avif } from './avif.ts';
import { bilateral } from './bilateral.ts';
import { cropResize } from './crop-resize.ts';
import type { Attack } from './define.ts';
import { denoise } from './denoise.ts';
import { flip } from './flip.ts';
import { gaussianBlur } from './gaussian-blur.ts';
import { gaussianNoise } from './gaussian-noise.ts';
import { guided } from './guided.ts';
import { identity } from './identity.ts';
import { img2img } from './img2img.ts';
import { impress } from './impress.ts';
import { jpeg } from './jpeg.ts';
import { latentDiffpureProxy } from './latent-diffpure-proxy.ts';
import { latentGridPureProxy } from './latent-grid-pure-proxy.ts';
import { learnedRemover } from './learned-remover.ts';
import { median } from './median.ts';
import { noisyUpscaling } from './noisy-upscaling.ts';
import { noisyUpscalingProxy } from './noisy-upscaling-proxy.ts';
import { nonLocalMeans } from './non-local-means.ts';
import { pixelDiffpureProxy } from './pixel-diffpure-proxy.ts';
import { platform } from './platform.ts';
import { quantize } from './quantize.ts';
import { rescale } from './rescale.ts';
import { rotate } from './rotate.ts';
import { screenPhoto } from './screen-photo.ts';
import { screenshot } from './screenshot.ts';
import { tvDenoise } from './tv-denoise.ts';
import { vaeGuidedCleaner } from './vae-guided-cleaner.ts';
import { vaeRoundTrip } from './vae-round-trip.ts';
import { wavelet } from './wavelet.ts';
import { webp } from './webp.ts';

const registry = registryOf({
  identity,
  jpeg,
  webp,
  avif,
  rescale,
  'crop-resize': cropResize,
  rotate,
  flip,
  'gaussian-blur': gaussianBlur,
  median,
  bilateral,
  guided,
  'non-local-means': nonLocalMeans,
  'tv-denoise': tvDenoise,
  wavelet,
  'gaussian-noise': gaussianNoise,
  quantize,
  platform,
  screenshot,
  'screen-photo': screenPhoto,
  'adverse-cleaner': adverseCleaner,
  'vae-guided-cleaner': vaeGuidedCleaner,
  'learned-remover': learnedRemover,
  'auto-purify': autoPurify,
  'vae-round-trip': vaeRoundTrip,
  denoise,
  'noisy-upscaling': noisyUpscaling,
  'noisy-upscaling-proxy': noisyUpscalingProxy,
  img2img,
  impress,
  'latent-diffpure-proxy': latentDiffpureProxy,
  'latent-grid-pure-proxy': latentGridPureProxy,
  'pixel-diffpure-proxy': pixelDiffpureProxy,
});

export type AttackId = keyof typeof registry;
export const attacks: Readonly<Record<AttackId, Attack>> = registry;
