import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/analysis/answers.ts';
import { isJudged } from '../../src/analysis/outcome.ts';
import { isMisaligned, tellsGain } from '../../src/analysis/roles.ts';
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

describe('a pair', () => {
  const judged = (attack: string, metric: string, fields: object = {}): boolean =>
    isJudged({
      attack: attackSettings(attack)[0]!,
      effect: { metric: metricSettings(metric)[0]! },
      outcome: 'broken',
      residual: { n: 5 },
      ...fields,
    } as Analysis);

  it('is judged only if the attack leaves an image, in its place, and there are numbers', () => {
    expect(judged('jpeg', 'ssim')).toBe(true);
    expect(judged('flip', 'ssim')).toBe(false);
    expect(judged('jpeg', 'ssim', { outcome: 'destroyed' })).toBe(false);
    expect(judged('jpeg', 'ssim', { residual: { n: 0 } })).toBe(false);
  });

  it('has a range by metrics that say how much a mimic gains, not by the noise of samples', () => {
    const tells = (call: string): boolean => tellsGain(metricSettings(call)[0]!);
    expect(['lora-mimicry', 'lora-mimicry-similarity', 'lora-mimicry-accuracy'].every(tells)).toBe(true);
    expect(['lora-mimicry-noise', 'lora-mimicry-quality-drop', 'ssim'].some(tells)).toBe(false);
  });
});
