/**
 * @file Noisy upscaling with any upscaler: noise that hides the protection, then a network that turns small noisy images into
 * large clean ones. A proxy: the published attack is `noisy-upscaling`, whose upscaler is told the noise level. An upscaler
 * that is not, such as Real-ESRGAN, may take the noise for texture.
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
  summary: 'Adds noise, enlarges the image by an upscaling network and shrinks it to the original size.',
  reference: 'After Hönig et al., Adversarial perturbations cannot reliably protect artists (ICLR 2025)',
  params: z.strictObject({
    sigma: z.number().min(0).max(128).default(25.5).describe('standard deviation of the noise, in 1/255'),
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

/** Adds Gaussian noise to every value, clipped and rounded to 8 bits, as the published program saves it. */
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
