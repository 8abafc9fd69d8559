/** @file The choice of a resampling kernel, as a parameter. */
import { z } from 'zod';
import { RESAMPLE_KERNELS, type ResampleKernel } from '../../image/resample.ts';

/** The parameter `kernel`. The kernels are those of Pillow: antialiased when shrinking, bicubic with a = -0.5. */
export const kernelParameter = (standard: ResampleKernel) =>
  z.enum(RESAMPLE_KERNELS).default(standard).describe('resampling kernel, as in Pillow');
