import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunFolder } from '../../src/run/run-folder.ts';
import { deriveSeed, type Random, seededRandom } from '../../src/random.ts';
import type { Analysis } from '../../src/analysis/answers.ts';
import { analyse } from '../../src/analysis/analyse.ts';
import { findingsOf } from '../../src/analysis/findings/findings.ts';
import { byLevels } from '../../src/stats/inference.ts';
import { residual } from '../../src/stats/residual.ts';
import { verdict } from '../../src/stats/verdict.ts';
import {
  blur,
  type FixtureMetric,
  type FixtureProtection,
  identityAttack,
  makeRun,
  noise,
  ripple,
  settingOf,
  ssim,
} from '../report-fixture.ts';

/** SSIM as if a network had said it: a measure that a protection makes its claims by. */
const { measures: _, ...claimed } = ssim.setting;
const seen: FixtureMetric = { ...ssim, setting: { ...claimed, ...settingOf('seen') } };

const made = async (protections: readonly FixtureProtection[]): Promise<RunFolder> =>
  makeRun({
    dir: await mkdtemp(join(tmpdir(), 'craquelure-placebo-')),
    images: Array.from({ length: 10 }, (_, i) => `${i}.png`),
    size: 32,
    protections,
    attacks: [identityAttack, blur(1.5)],
    metrics: [ssim, seen],
  });

const disguised = (budget: { readonly epsPx?: number; readonly lpips?: number }): FixtureProtection => ({
  ...noise,
  setting: settingOf('cloak', {}, { budget }),
  apply: (picture, random) => noise.apply(picture, random.fork('another draw')),
});

const outcomes = (run: RunFolder, protection: string, metric: string): string[] =>
  analyse(run, { draws: 500 })
    .pairs.filter(
      (pair) => pair.protection.label.startsWith(protection) && pair.effect.metric.label === metric,
    )
    .map(({ outcome }) => outcome);

describe('the placebo in verdicts', () => {
  it('is no effect itself, by whatever metric', async () => {
    const run = await made([noise]);
    for (const metric of ['ssim', 'seen'])
      expect(outcomes(run, 'noise', metric)).toEqual(['no effect', 'no effect']);
  });

  it('makes noise under another name no effect, and leaves a pattern that noise cannot draw its verdict', async () => {
    const run = await made([noise, disguised({ epsPx: 8 }), ripple]);
    expect(outcomes(run, 'cloak', 'seen')).toEqual(['no effect', 'no effect']);
    const [pair] = analyse(run, { draws: 500 }).pairs.filter(
      ({ protection, effect }) => protection.label.startsWith('cloak') && effect.metric.label === 'seen',
    );
    expect(pair!.placebo!.placebo).toBe('noise(level=medium)');
    expect(pair!.residual.effect.interval!.lo).toBeGreaterThan(0); // it moves the pictures, as noise does
    expect(pair!.verdict.reason).toMatch(/random noise of the same size/i);
    // No attack can be the worst where there is nothing to remove.
    const answers = analyse(run, { draws: 500 });
    const worstCase = findingsOf(run, answers).worstCases.find(
      ({ pair }) => pair.protection.label.startsWith('cloak') && pair.effect.metric.label === 'seen',
    );
    expect(worstCase?.verdict?.word ?? 'no effect').toBe('no effect');
  });

  it('is not asked how far pixels are moved: noise moves them further than most', async () => {
    const run = await made([noise, ripple]);
    expect(outcomes(run, 'ripple', 'ssim')).not.toContain('no effect');
  });

  it('is found by its measured norm where a protection has no budget in pixels', async () => {
    const run = await made([noise, disguised({ lpips: 0.1 })]);
    const label = (of: RunFolder): (string | undefined)[] =>
      analyse(of, { draws: 100 })
        .pairs.filter(({ protection }) => protection.label.startsWith('cloak'))
        .map(({ placebo }: Analysis) => placebo?.placebo);
    expect(new Set(label(run))).toEqual(new Set(['noise(level=medium)']));
    const farther = run.images.map((image) =>
      image.protection?.startsWith('cloak') ? { ...image, psnr: 36 } : image,
    );
    expect(new Set(label({ ...run, images: farther }))).toEqual(new Set([undefined]));
  });
});

/** One experiment of 16 pictures: their effects vary, and so does what noise does to each. */
function simulated(beyond: number, random: Random): string {
  const n = 16;
  const draw = (): number => 0.02 * random.normal();
  const difficulty = Array.from({ length: n }, () => 0.2 * Math.exp(0.4 * random.normal()));
  const placebo = difficulty.map((d) => d + draw());
  const own = difficulty.map((d) => d + beyond + draw());
  const inference = byLevels([own.map((_, i) => String(i))]);
  const found = residual(
    {
      clean: new Float64Array(n),
      protected: own,
      attackedClean: own.map(() => 0.01 * random.normal()),
      attackedProtected: own.map((d) => 0.95 * d + 0.01 * random.normal()),
    },
    inference,
  );
  const by = own.map((d, i) => d - placebo[i]!);
  return verdict({ ...found, excess: inference.mean(by), smallest: 0.01 }).word;
}

describe('simulated protections and their placebo', () => {
  const shareWithEffect = (beyond: number): number => {
    const words = Array.from({ length: 300 }, (_, k) =>
      simulated(beyond, seededRandom(deriveSeed(`${beyond} ${k}`))),
    );
    return words.filter((word) => word !== 'no effect' && word !== 'inconclusive').length / words.length;
  };

  it('that are noise are taken for an effect in no more than one of twenty runs', () => {
    expect(shareWithEffect(0)).toBeLessThan(0.05); // one side of a 95 % interval: 2.5 % expected
  });

  it('that do a fifth more than noise are found', () => {
    expect(shareWithEffect(0.04)).toBeGreaterThan(0.9);
  });
});
