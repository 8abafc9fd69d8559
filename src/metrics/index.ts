/** @file Every metric, by its id. */
import { registryOf } from '../plugin/registry.ts';
import type { Metric } from './define.ts';
import { deltaE2000 } from './delta-e-2000.ts';
import { denoisingLoss } from './denoising-loss.ts';
import { detector, detectorVae } from './detector.ts';
import { clipGenre } from './clip-genre.ts';
import { clipSimilarity, embeddingSimilarity } from './embedding-similarity.ts';
import { l2 } from './l2.ts';
import { label } from './label.ts';
import { embeddingDisplacement, latentDisplacement, pixelDisplacement } from './displacement.ts';
import { linf } from './linf.ts';
import { lpips, lpipsAlex, lpipsSqueeze, lpipsVgg } from './lpips.ts';
import { msSsim } from './ms-ssim.ts';
import { conceptPoison } from './mimicry/concept-poison.ts';
import { mimicryFrechet, mimicryKernel } from './mimicry/distances.ts';
import { mimicryGenre } from './mimicry/genre.ts';
import {
  loraMimicry,
  mimicryAccuracy,
  mimicryNoise,
  mimicryQualityDrop,
  mimicrySimilarity,
} from './mimicry/judges.ts';
import { mse } from './mse.ts';
import { psnr } from './psnr.ts';
import {
  cleanFid,
  cmmd,
  cmmdU,
  frechet,
  kid,
  mmdCubic,
  mmdGaussian,
  precision,
  recall,
} from './set-distance.ts';
import { ssim } from './ssim.ts';
import { styleAccuracy } from './style-accuracy.ts';

const registry = registryOf({
  psnr,
  ssim,
  'ms-ssim': msSsim,
  linf,
  l2,
  mse,
  'delta-e-2000': deltaE2000,
  lpips,
  'lpips-squeeze': lpipsSqueeze,
  'lpips-alex': lpipsAlex,
  'lpips-vgg': lpipsVgg,
  'latent-displacement': latentDisplacement,
  'embedding-displacement': embeddingDisplacement,
  'pixel-displacement': pixelDisplacement,
  'denoising-loss': denoisingLoss,
  'lora-mimicry': loraMimicry,
  'lora-mimicry-similarity': mimicrySimilarity,
  'lora-mimicry-accuracy': mimicryAccuracy,
  'lora-mimicry-genre': mimicryGenre,
  'lora-mimicry-noise': mimicryNoise,
  'lora-mimicry-quality-drop': mimicryQualityDrop,
  'lora-mimicry-frechet': mimicryFrechet,
  'lora-mimicry-kernel': mimicryKernel,
  'concept-poison': conceptPoison,
  'embedding-similarity': embeddingSimilarity,
  'clip-similarity': clipSimilarity,
  'clip-genre': clipGenre,
  label,
  'style-accuracy': styleAccuracy,
  detector,
  'detector-vae': detectorVae,
  frechet,
  'mmd-cubic': mmdCubic,
  'mmd-gaussian': mmdGaussian,
  precision,
  recall,
  'clean-fid': cleanFid,
  kid,
  cmmd,
  'cmmd-u': cmmdU,
});

export type MetricId = keyof typeof registry;
export const metrics: Readonly<Record<MetricId, Metric>> = registry;
