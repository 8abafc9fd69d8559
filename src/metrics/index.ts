/** @file Every metric, by its id. */
import { registryOf } from '../plugin/registry.ts';
import type { Metric } from './define.ts';
import { deltaE2000 } from './delta-e-2000.ts';
import { l2 } from './l2.ts';
import { latentShift } from './latent-shift.ts';
import { linf } from './linf.ts';
import { lpipsAlex, lpipsSqueeze, lpipsVgg } from './lpips.ts';
import { msSsim } from './ms-ssim.ts';
import { mse } from './mse.ts';
import { psnr } from './psnr.ts';
import { ssim } from './ssim.ts';

const registry = registryOf({
  psnr,
  ssim,
  'ms-ssim': msSsim,
  linf,
  l2,
  mse,
  'delta-e-2000': deltaE2000,
  'lpips-squeeze': lpipsSqueeze,
  'lpips-alex': lpipsAlex,
  'lpips-vgg': lpipsVgg,
  'latent-shift': latentShift,
});

export type MetricId = keyof typeof registry;
export const metrics: Readonly<Record<MetricId, Metric>> = registry;
