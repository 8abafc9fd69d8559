import { describe, expect, it } from 'vitest';
import { fineTuneSeed, jobSeed } from '../../src/jobs/seeds.ts';
import type { JobStep } from '../../src/experiment/step.ts';

const step = (id: string, params: JobStep['params']): [JobStep] => [{ id, version: 1, params }];

describe('the seed of a job', () => {
  it('is what it was before stages and parameters were renamed', () => {
    // Computed by version 0.1, under the names of then.
    expect(jobSeed(7, 'measure', step('lora-mimicry', { lr: 0.001, resolution: 64, steps: 3 }), 'x')).toBe(
      3802236359,
    );
    const remover = step('learned-remover', { batchSize: 4, cropSize: 32, lr: 0.1 });
    expect(jobSeed(7, 'train-attack', remover, 'x')).toBe(3890542824);
    expect(jobSeed(7, 'protect', step('ace', { lr: 0.1, method: 'lora' }), 'x')).toBe(3372287372);
    expect(jobSeed(7, 'attack', step('screen-photo', { resolution: 2 }), 'x')).toBe(3402863829);
    expect(jobSeed(7, 'attack', step('screen-photo', { samplingRatio: 2 }), 'x')).toBe(3402863829);
    const mist = step('mist', { stepSize: 2, flatShare: 0.5, gradientBlur: 1, targetImage: 'a' });
    expect(jobSeed(7, 'protect', mist, 'x')).toBe(1469484581);
    expect(jobSeed(7, 'attack', step('impress', { lr: 0.1, startNoise: 0.2 }), 'x')).toBe(3879911718);
    const grid = step('latent-grid-pure-proxy', { timestep: 10, repeats: 2, negativePrompt: 'y' });
    expect(jobSeed(7, 'attack', grid, 'x')).toBe(3296148649);
    expect(jobSeed(7, 'attack', step('noisy-upscaling', { noiseLevel: 320 }), 'x')).toBe(1788243879);
    const search = step('auto-purify', { beamWidth: 3, minPsnr: 25 });
    expect(jobSeed(7, 'train-attack', search, 'x')).toBe(3370787210);
    const genre = step('lora-mimicry-genre', { topK: 3, lr: 0.1 });
    expect(jobSeed(7, 'measure', genre, 'x')).toBe(2923471674);
    expect(fineTuneSeed(7)).toBe(3093440182);
  });

  it('depends on the picture, the stage, the parameters and the root, and not on models', () => {
    const [own] = step('jpeg', { quality: 75 });
    const seed = jobSeed(0, 'attack', [own], 'x');
    expect(jobSeed(0, 'attack', [{ ...own, models: { unet: 'a' } }], 'x')).toBe(seed);
    const others = [
      jobSeed(1, 'attack', [own], 'x'),
      jobSeed(0, 'protect', [own], 'x'),
      jobSeed(0, 'attack', [own], 'y'),
      jobSeed(0, 'attack', step('jpeg', { quality: 74 }), 'x'),
    ];
    expect(new Set([seed, ...others]).size).toBe(5);
  });
});
