/** @file The choice of a resampling kernel, as a parameter. */
import { z } from 'zod';
import { RESAMPLE_KERNELS, type ResampleKernel } from '../../image/resample.ts';

/** The parameter `kernel`. Kernels are Pillow's: antialiased when shrinking, bicubic with a = -0.5. */
export const kernelParameter = (standard: ResampleKernel) =>
  z.enum(RESAMPLE_KERNELS).default(standard).describe("Pillow's kernel of that name");
