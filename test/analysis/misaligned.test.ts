import { describe, expect, it } from 'vitest';
import { isMisaligned } from '../../src/analysis/roles.ts';
import { attackSettings, metricSettings } from '../../src/experiment/settings.ts';

const misaligned = (attack: string, metric: string): boolean =>
  isMisaligned(attackSettings(attack)[0]!, metricSettings(metric)[0]!);

describe('an attack that moves pixels', () => {
  it.each(['flip', 'crop-resize', 'rotate(back=false)', 'jpeg | crop-resize | webp'])(
    '%s is not judged by what compares the same places',
    (attack) => {
      for (const metric of ['ssim', 'psnr', 'lpips', 'latent-displacement', 'pixel-displacement'])
        expect(misaligned(attack, metric), metric).toBe(true);
    },
  );

  it('is judged by whole displacements, by embeddings and by mimics', () => {
    const others = ['latent-displacement(along=any)', 'embedding-displacement', 'lora-mimicry', 'frechet'];
    for (const metric of others) expect(misaligned('crop-resize', metric), metric).toBe(false);
  });

  it('is not one that leaves pixels in their places', () => {
    for (const attack of ['jpeg', 'rescale', 'rotate', 'gaussian-blur', 'identity'])
      expect(misaligned(attack, 'ssim'), attack).toBe(false);
  });
});
