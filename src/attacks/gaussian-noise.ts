/** @file Gaussian noise: hides a protection's pattern in a coarser one. */
import { z } from 'zod';
import { fromBytes, toBytes } from '../image/image.ts';
import { defineAttack } from './define.ts';

export const gaussianNoise = defineAttack({
  id: 'gaussian-noise',
  version: 1,
  label: 'Gaussian noise',
  summary: 'Adds independent normal noise to every value, then clips and rounds to 8 bits.',
  reference:
    'Hönig et al., Adversarial perturbations cannot reliably protect artists (ICLR 2025): sigma 0.05 of 1',
  params: z.strictObject({
    sigma: z.number().min(0).max(128).default(12.75).describe('standard deviation in 1/255'),
  }),
  needs: [],
  random: true,
  strength: { parameter: 'sigma', harsher: 'higher' },
  apply: async (image, { sigma }, { random }) => {
    const pixels = toBytes(image);
    const noisy = new Uint8ClampedArray(pixels.length); // rounds and clips on assignment
    for (let i = 0; i < noisy.length; i++) noisy[i] = pixels[i]! + sigma * random.normal();
    return fromBytes(image.width, image.height, noisy, image.alpha);
  },
});
