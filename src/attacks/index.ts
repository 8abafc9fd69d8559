/** @file Every attack, by its id. */
import { registryOf } from '../plugin/registry.ts';
import { adverseCleaner } from './filters/adverse-cleaner.ts';
import { autoPurify } from './purifiers/auto-purify.ts';
import { avif } from './compression/avif.ts';
import { bilateral } from './filters/bilateral.ts';
import { cropResize } from './geometry/crop-resize.ts';
import type { Attack } from './define.ts';
import { denoise } from './purifiers/denoise.ts';
import { flip } from './geometry/flip.ts';
import { gaussianBlur } from './filters/gaussian-blur.ts';
import { gaussianNoise } from './filters/gaussian-noise.ts';
import { guided } from './filters/guided.ts';
import { identity } from './identity.ts';
import { img2img } from './purifiers/img2img.ts';
import { impress } from './purifiers/impress.ts';
import { jpeg } from './compression/jpeg.ts';
import { latentDiffpureProxy } from './purifiers/latent-diffpure-proxy.ts';
import { latentGridPureProxy } from './purifiers/latent-grid-pure-proxy.ts';
import { learnedRemover } from './purifiers/learned-remover.ts';
import { median } from './filters/median.ts';
import { noisyUpscaling } from './purifiers/noisy-upscaling.ts';
import { noisyUpscalingProxy } from './purifiers/noisy-upscaling-proxy.ts';
import { nonLocalMeans } from './filters/non-local-means.ts';
import { pixelDiffpureProxy } from './purifiers/pixel-diffpure-proxy.ts';
import { platform } from './display/platform.ts';
import { quantize } from './compression/quantize.ts';
import { rescale } from './geometry/rescale.ts';
import { rotate } from './geometry/rotate.ts';
import { screenPhoto } from './display/screen-photo.ts';
import { screenshot } from './display/screenshot.ts';
import { tvDenoise } from './filters/tv-denoise.ts';
import { vaeGuidedCleaner } from './purifiers/vae-guided-cleaner.ts';
import { vaeRoundTrip } from './purifiers/vae-round-trip.ts';
import { wavelet } from './filters/wavelet.ts';
import { webp } from './compression/webp.ts';

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
