/** @file Gaussian noise: hides the perturbation of a protection in a stronger one. */
import { z } from 'zod';
import { fromBytes, toBytes } from '../../image/image.ts';
import { rounded } from '../../plugin/transformation.ts';
import type { Random } from '../../random.ts';
import { defineAttack } from '../define.ts';

export const gaussianNoise = defineAttack({
  id: 'gaussian-noise',
  version: 1,
  label: 'Gaussian noise',
  summary: 'Adds independent Gaussian noise to every value, then clips and rounds to 8 bits.',
  reference:
    'Hönig et al., Adversarial perturbations cannot reliably protect artists (ICLR 2025): sigma 0.05 of 1',
  params: z.strictObject({
    sigma: z.number().min(0).max(128).default(12.75).describe('standard deviation of the noise, in 1/255'),
  }),
  needs: () => [],
  random: true,
  strength: { parameter: 'sigma', harsher: 'higher' },
  apply: async (image, { sigma }, { random }) => {
    const pixels = toBytes(image);
    const noisy = new Uint8ClampedArray(pixels.length); // rounds and clips on assignment
    for (let i = 0; i < noisy.length; i++) noisy[i] = pixels[i]! + sigma * random.normal();
    return fromBytes(image.width, image.height, noisy, image.alpha);
  },
  graph: ({ value, width, height }, { sigma }, { g, draw }) => {
    const noise = draw('noise', [3, height, width], (random) => normalPlanes(random, width * height));
    const noisy = g.Add(value, g.Mul(noise, g.scalar(sigma / 255, noise)));
    return { value: rounded(g, noisy), width, height };
  },
});

/** Gaussian noise as planes, drawn in the order of interleaved pixels as the attack itself draws it. */
function normalPlanes(random: Random, area: number): Float32Array {
  const planes = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) planes[c * area + i] = random.normal();
  return planes;
}
