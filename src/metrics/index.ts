/** @file Every metric, by its id. */
import { registryOf } from '../plugin/registry.ts';
import type { Metric } from './define.ts';
import { latentShift } from './latent-shift.ts';
import { linf } from './linf.ts';
import { lpipsAlex, lpipsSqueeze, lpipsVgg } from './lpips.ts';
import { mse } from './mse.ts';
import { psnr } from './psnr.ts';
import { ssim } from './ssim.ts';

const registry = registryOf({
  psnr,
  ssim,
  linf,
  mse,
  'lpips-squeeze': lpipsSqueeze,
  'lpips-alex': lpipsAlex,
  'lpips-vgg': lpipsVgg,
  'latent-shift': latentShift,
});

export type MetricId = keyof typeof registry;
export const metrics: Readonly<Record<MetricId, Metric>> = registry;
