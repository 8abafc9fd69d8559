import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Adapter, type TuningMethod, withAdapters } from '../../src/diffusion/adapter.ts';
import { type FineTuneOptions, fineTune } from '../../src/diffusion/finetune.ts';
import { sampleLatents } from '../../src/diffusion/generate.ts';
import type { OpenRole } from '../../src/diffusion/open.ts';
import { fewerImagesThanBatch, resolutionNotMultiple, unknownToken } from '../../src/messages/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { openPool } from '../../src/models/pool.ts';
import type { TrainingState } from '../../src/optim/train.ts';
import { seededRandom } from '../../src/random.ts';
import { emptyHome, temporaryFolder } from '../models/fixture.ts';
import { randomImage } from '../pictures.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';

const shelf = openPool({ threads: 1 });
afterAll(() => shelf.close());

const needs = (['vae-encoder', 'vae-decoder', 'unet', 'text-encoder'] as const).map((role) => ({
  role,
  by: 'test',
}));
const folder = await writeTinyDiffusion(join(await temporaryFolder(), 'tiny'));
const choices = parseModelChoices({ diffusion: folder });
const open: OpenRole = shelf.of(
  await resolveNeeds(needs, choices, { home: await emptyHome(), baseDirs: ['/'] }),
).open;

const pictures = [1, 2, 3].map((i) => ({ image: randomImage(40 + 8 * i, 48), caption: `a cat ${i}` }));
const options: FineTuneOptions = {
  method: { kind: 'lora', rank: 2, alpha: 2 },
  steps: 6,
  batchSize: 2,
  lr: 0.01,
  resolution: 32,
  crop: 'random',
  flip: true,
};
const tune = (given: Partial<FineTuneOptions> = {}, more: Partial<Parameters<typeof fineTune>[2]> = {}) =>
  fineTune(pictures, { ...options, ...given }, { open, random: seededRandom(5), ...more });
const sampled = (adapter: Adapter) =>
  withAdapters(open, [adapter], async (tuned) => {
    const size = { width: 32, height: 32 };
    return (await sampleLatents(tuned, { randoms: [seededRandom(1)], prompts: ['a cat'], steps: 3, size }))
      .data;
  });

describe('fine-tuning', () => {
  const methods: TuningMethod[] = [
    { kind: 'lora', rank: 2, alpha: 2 },
    { kind: 'full' },
    { kind: 'textual-inversion', token: 'cat</w>' },
  ];
  it.each(methods)(
    'by $kind changes what is generated, and the same seed gives the same weights',
    async (method) => {
      const [once, again] = [await tune({ method }), await tune({ method })];
      expect(again).toEqual(once);
      expect(once.losses).toHaveLength(options.steps);
      const untrained = await tune({ method, steps: 0 });
      expect(await sampled(once.adapter)).not.toEqual(await sampled(untrained.adapter));
    },
  );

  it('lowers the loss of what it trains on', async () => {
    const { losses } = await tune({ method: { kind: 'full' }, steps: 60, batchSize: 3, lr: 0.005 });
    const mean = (list: readonly number[]) => list.reduce((a, b) => a + b) / list.length;
    expect(mean(losses.slice(-15))).toBeLessThan(mean(losses.slice(0, 15)));
  });

  it('ends at the same weights where it is cut off and goes on', async () => {
    const saved: TrainingState[] = [];
    const save = async (state: TrainingState) => void saved.push(structuredClone(state));
    await tune({}, { checkpoint: { name: 'memory', every: 4, save } });
    const resumed = await tune({}, { resume: saved[0]! });
    expect(saved[0]!.step).toBe(4);
    expect(resumed).toEqual(await tune());
  });

  it('has the same gradient whether rows run together or one at a time', async () => {
    const [together, apart] = [await tune({ steps: 1 }), await tune({ steps: 1, microBatch: 1 })];
    expect(apart.losses[0]).toBeCloseTo(together.losses[0]!, 5);
  });

  it('keeps prior pictures in mind, and weighs timesteps by min-SNR where asked to', async () => {
    const still = { steps: 6, lr: 1e-12 };
    const { losses } = await tune(still);
    const { losses: both } = await tune({ ...still, prior: { pictures, weight: 0.5 } });
    const { losses: weighed } = await tune({ ...still, weighting: 'min-snr' });
    expect(both.every((loss, i) => loss > losses[i]!)).toBe(true);
    expect(weighed.every((loss, i) => loss <= losses[i]!)).toBe(true);
    expect(weighed).not.toEqual(losses);
  });

  it('asks for as many pictures as a batch has, and for a token that is one', async () => {
    await expect(tune({ batchSize: 4 })).rejects.toThrow(fewerImagesThanBatch(3, 4));
    await expect(tune({ resolution: 40 })).rejects.toThrow(resolutionNotMultiple(40, 16));
    await expect(tune({ method: { kind: 'textual-inversion', token: '<nobody>' } })).rejects.toThrow(
      unknownToken('<nobody>'),
    );
  });
});
