import { describe, expect, it } from 'vitest';
import type { Effect, Measured } from '../../src/analysis/answers.ts';
import { destructionOf, qualityCosts } from '../../src/analysis/utility.ts';
import { settingOf } from '../report-fixture.ts';

const similarity = {
  symbol: '1 − similarity',
  of: (value: number) => 1 - value,
  metric: { measures: 'mimicry' },
};
const quality = {
  symbol: '1 − SSIM',
  of: (value: number) => 1 - value,
  metric: { measures: 'fidelity', ruined: 0.6, aligned: true },
};

/** A cell whose metric falls from `clean` to `attacked` by the attack alone. */
const cell = (
  effect: object,
  [clean, attacked]: readonly [number, number],
  fields: Partial<Measured> = {},
): Measured =>
  ({
    effect: effect as Effect,
    protection: settingOf('mist'),
    attack: settingOf('gaussian-noise'),
    cells: [{ seed: 0 }],
    values: new Map([['a', Float64Array.of(clean, clean, attacked, attacked)]]),
    ...fields,
  }) as unknown as Measured;

describe('an attack that ruins the image', () => {
  const told = (one: Measured, all: readonly Measured[] = [one]): string | undefined =>
    destructionOf(one, qualityCosts(all));

  it('is told by what a mimic of attacked clean images keeps of the gain', () => {
    // The base model is at 0, the clean mimic at 0.5: the range is 0.5.
    expect(told(cell(similarity, [0.5, 0.2], { range: 0.5 }))).toMatch(/keeps 0\.40 .*less than 0\.5/);
    expect(told(cell(similarity, [0.5, 0.3], { range: 0.5 }))).toBeUndefined();
    expect(told(cell(similarity, [0.5, -0.2], { range: 0.5 }))).toMatch(/keeps 0\.00 /);
  });

  it('is told by the quality of attacked clean images, if no mimic was trained', () => {
    const other = cell(similarity, [0.5, 0.5]);
    const ruined = cell(quality, [1, 0.3]);
    expect(told(other, [other, ruined])).toMatch(/costs 1 − SSIM = 0\.70, more than 0\.6/);
    expect(told(other, [other, cell(quality, [1, 0.5])])).toBeUndefined();
    expect(told(other, [other])).toBeUndefined();
  });

  it('is not told by pixels that an attack has moved', () => {
    const attack = settingOf('flip');
    const moved = { ...attack, links: attack.links.map((link) => ({ ...link, misaligns: true as const })) };
    const ruined = cell(quality, [1, 0.1], { attack: moved });
    expect(told(ruined)).toBeUndefined();
    expect(told(cell(quality, [1, 0.1]))).toMatch(/little is left/);
  });

  it('is never the baseline', () => {
    const attack = settingOf('identity', {}, { role: 'baseline' });
    expect(told(cell(quality, [1, 0.1], { attack }))).toBeUndefined();
  });
});
