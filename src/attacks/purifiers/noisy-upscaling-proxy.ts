/**
 * @file Noisy upscaling with an upscaler of any kind: noise that drowns the protection, then a network that turns noisy
 * small pictures into clean large ones. A proxy: the published attack is `noisy-upscaling`, whose upscaler is told how much
 * noise there is; one that is not, such as Real-ESRGAN, may take the noise for texture.
 */
import { z } from 'zod';
import { type Image, toBytes, withPixels } from '../../image/image.ts';
import { resizeFloats } from '../../image/resample.ts';
import { type TensorOf, tensor } from '../../onnx/tensor.ts';
import { openRole, roleNeeds } from '../../plugin/define.ts';
import type { Random } from '../../random.ts';
import { defineAttack } from '../define.ts';
import { kernelParameter } from '../parts/resampling.ts';
import { throughNetwork, windowParameters } from '../parts/network.ts';

export const noisyUpscalingProxy = defineAttack({
  id: 'noisy-upscaling-proxy',
  version: 1,
  label: 'Noisy upscaling (proxy)',
  summary: 'Adds noise, enlarges by an upscaling network, and shrinks back to the size before.',
  reference: 'After Hönig et al., Adversarial perturbations cannot reliably protect artists (ICLR 2025)',
  params: z.strictObject({
    sigma: z
      .number()
      .min(0)
      .max(128)
      .default(25.5)
      .describe('of the noise before, in 1/255; published: 0.1 of 1'),
    kernel: kernelParameter('bicubic'),
    ...windowParameters(512),
  }),
  needs: () => roleNeeds('upscaler'),
  random: true,
  strength: { parameter: 'sigma', harsher: 'higher' },
  apply: async (image, { sigma, kernel, window, overlap }, context) => {
    const upscaler = await openRole(context, 'upscaler');
    const { multiple = 1, size } = upscaler.model.fill;
    return throughNetwork(
      noised(image, sigma, context.random),
      { window, overlap, multiple, size },
      context,
      async (part) => {
        const { upscaled } = await upscaler.run({ image: part });
        return shrunk(upscaled, part.dims, kernel);
      },
    );
  },
});

/** Normal noise on every value, clipped and rounded to 8 bits, as the published program saves it. */
export function noised(image: Image, sigma: number, random: Random): Image {
  const noisy = new Uint8ClampedArray(image.data.length); // rounds and clips on assignment
  const pixels = toBytes(image);
  for (let i = 0; i < noisy.length; i++) noisy[i] = pixels[i]! + sigma * random.normal();
  return withPixels(
    image,
    Float32Array.from(noisy, (value) => value / 255),
  );
}

/** Planes [1, 3, h, w] resampled to the sides of `dims`. */
export function shrunk(
  { dims, data }: TensorOf<'float32'>,
  [, , height, width]: readonly number[],
  kernel: Parameters<typeof resizeFloats>[3],
): TensorOf<'float32'> {
  const from = { width: dims[3]!, height: dims[2]!, channels: 1 };
  const to = { width: width!, height: height! };
  const planes = new Float32Array(3 * to.width * to.height);
  for (let plane = 0; plane < 3; plane++) {
    const area = from.width * from.height;
    const one = data.subarray(plane * area, (plane + 1) * area);
    planes.set(resizeFloats(one, from, to, kernel), plane * to.width * to.height);
  }
  return tensor('float32', [1, 3, to.height, to.width], planes);
}
