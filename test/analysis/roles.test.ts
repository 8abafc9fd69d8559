import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { compareRuns } from '../../src/analysis/compare.ts';
import { findingsOf } from '../../src/analysis/findings/findings.ts';
import { isBaseline, isPlacebo } from '../../src/analysis/roles.ts';
import { attackSettings, protectionSettings } from '../../src/experiment/settings.ts';
import {
  blur,
  type FixtureAttack,
  type FixtureProtection,
  identityAttack,
  makeRun,
  noise,
  ripple,
  settingOf,
  ssim,
} from '../report-fixture.ts';

describe('the role of a setting', () => {
  it('is that of its plug-in', () => {
    const [none] = protectionSettings('identity');
    const [random] = protectionSettings('noise(level=light)');
    expect([isBaseline(none!), isPlacebo(none!)]).toEqual([true, false]);
    expect([isBaseline(random!), isPlacebo(random!)]).toEqual([false, true]);
    expect(random!.links[0]!.budget).toEqual({ epsPx: 4 });
    expect(none!.links[0]!).not.toHaveProperty('budget');
    const attacks = ['identity', 'identity | identity', 'identity | jpeg', 'jpeg'];
    expect(attacks.map((call) => isBaseline(attackSettings(call)[0]!))).toEqual([true, true, false, false]);
  });

  it('decides, and not the name: a placebo and a baseline of other names are treated as such', async () => {
    const grain: FixtureProtection = {
      ...noise,
      setting: settingOf('grain', {}, { role: 'placebo', budget: { epsPx: 8 } }),
    };
    const still: FixtureAttack = { ...identityAttack, setting: settingOf('still', {}, { role: 'baseline' }) };
    const run = await makeRun({
      dir: await mkdtemp(join(tmpdir(), 'craquelure-roles-')),
      images: Array.from({ length: 8 }, (_, i) => `${i}.png`),
      size: 32,
      protections: [grain, ripple],
      attacks: [still, blur(1.5)],
      metrics: [ssim],
    });
    const answers = analyse(run, { draws: 300 });
    const { summaries, comparisons, worstCases } = findingsOf(run, answers);
    expect(summaries.map(({ role }) => role)).toEqual(['placebo', 'protection']);
    expect(summaries[1]!.placeboTests!.map(({ attack }) => attack)).toEqual(['gaussian-blur(sigma=1.5)']);
    expect(new Set(comparisons.map(({ baseline }) => baseline.protection.label))).toEqual(new Set(['grain']));
    expect(worstCases.map(({ attacks }) => attacks)).toEqual([1, 1]);
    const { pairs } = compareRuns(run, run, { draws: 300 });
    expect(pairs.filter(({ attacked }) => !attacked).map(({ attack }) => attack)).toEqual(['still', 'still']);
    expect(answers.pairs.find(({ protection }) => protection.label === 'grain')!.outcome).toBe('no effect');
  });

  it('is missing of a protection that is only named as one', async () => {
    const named: FixtureProtection = { ...noise, setting: settingOf('noise', { level: 'medium' }) };
    const run = await makeRun({
      dir: await mkdtemp(join(tmpdir(), 'craquelure-roles-')),
      protections: [named],
      attacks: [identityAttack],
      metrics: [ssim],
    });
    expect(findingsOf(run, analyse(run, { draws: 300 })).summaries[0]!.role).toBe('protection');
  });
});
