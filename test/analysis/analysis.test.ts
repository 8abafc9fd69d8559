import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Row } from '../../src/run/rows.ts';
import type { RunFolder } from '../../src/run/run-folder.ts';
import { unknownName } from '../../src/messages/index.ts';
import type { Analysis } from '../../src/analysis/answers.ts';
import { analyse } from '../../src/analysis/analyse.ts';
import { findingsOf } from '../../src/analysis/findings/findings.ts';
import { familiesOf } from '../../src/analysis/families.ts';
import { placeboTests } from '../../src/analysis/placebo.ts';
import { sayPlacebo } from '../../src/analysis/findings/sentences.ts';
import { sayDetectable, summarise } from '../../src/analysis/findings/sentences.ts';
import { findingsDocument } from '../../src/analysis/findings/findings-file.ts';
import {
  blur,
  chain,
  type FixtureOptions,
  type FixtureProtection,
  identityAttack,
  identityProtection,
  jpeg,
  makeRun,
  noise,
  psnr,
  ripple,
  settingOf,
  ssim,
} from '../report-fixture.ts';

const draws = 500;
const made = async (options: Omit<FixtureOptions, 'dir'> = {}): Promise<RunFolder> =>
  makeRun({ dir: await mkdtemp(join(tmpdir(), 'craquelure-report-')), ...options });

const documentOf = (run: RunFolder) => {
  const answers = analyse(run, { draws });
  return findingsDocument('run', answers, findingsOf(run, answers));
};

const find = (pairs: readonly Analysis[], protection: string, attack: string, metric = 'ssim'): Analysis =>
  pairs.find(
    (pair) =>
      pair.protection.label.startsWith(protection) &&
      pair.attack.label === attack &&
      pair.effect.metric.label === metric,
  )!;

describe('the analysis of a run', () => {
  let run: RunFolder;
  beforeAll(async () => {
    run = await made();
  });

  it('takes SSIM as the primary effect, and any other metric on request', () => {
    expect(analyse(run, { draws }).effects.map(({ symbol }) => symbol)).toEqual([
      '1 − SSIM',
      '10^(−PSNR/20)',
    ]);
    expect(analyse(run, { draws, effect: 'psnr' }).effects[0]!.metric.label).toBe('psnr');
    expect(() => analyse(run, { effect: 'lpips' })).toThrow(
      unknownName('metric of this run', 'lpips', ['psnr', 'ssim'], { code: 'USAGE' }),
    );
  });

  it('finds no effect where nothing was protected', () => {
    const { pairs } = analyse(run, { draws });
    for (const pair of pairs.filter(({ protection }) => protection.label === 'identity')) {
      expect(pair.outcome).toBe('no effect');
      expect(pair.residual.effect.value).toBe(0);
    }
  });

  it('finds everything left where nothing attacked', () => {
    const { ratio } = find(analyse(run, { draws }).pairs, 'ripple', 'identity').residual;
    expect(ratio).toEqual({ value: 1, interval: { lo: 1, hi: 1 } });
  });

  it('computes R from the rows by its formula', () => {
    const pair = find(analyse(run, { draws }).pairs, 'ripple', 'jpeg(quality=40)');
    const meanOf = (arm: Row['arm']): number => {
      const own = run.rows.filter((row) => row.cell === pair.cells[0]!.id && row.arm === arm);
      return own.reduce((sum, { value }) => sum + 1 - value!, 0) / own.length;
    };
    const formula =
      (meanOf('attacked-protected') - meanOf('attacked-clean')) / (meanOf('protected') - meanOf('clean'));
    expect(pair.residual.ratio.value).toBeCloseTo(formula, 12);
    expect(pair.residual.n).toBe(4);
  });

  it('keeps the infinite PSNR of equal images out of the mean, and counts it', () => {
    const { arms, outcome } = find(analyse(run, { draws }).pairs, 'ripple', 'jpeg(quality=40)', 'psnr');
    expect(arms.clean).toEqual({ mean: { value: Infinity, interval: undefined }, infinite: 4, n: 4 });
    expect(arms.protected.infinite).toBe(0);
    expect(arms.protected.mean.value).toBeGreaterThan(20);
    expect(outcome).not.toBe('failed');
  });

  it('does not depend on the order of the rows', () => {
    const shuffled = { ...run, rows: [...run.rows].reverse() };
    expect(documentOf(shuffled)).toEqual(documentOf(run));
  });

  it('leaves an image without a measurement in some arm out of the residual', () => {
    const lost = (row: Row): boolean => row.image === 'mill.png' && row.arm === 'attacked-clean';
    const rows = run.rows.map(
      (row): Row => (lost(row) ? { ...row, value: null, status: 'error', error: 'lost' } : row),
    );
    const { pairs } = analyse({ ...run, rows }, { draws });
    expect(pairs.every(({ residual, excluded }) => residual.n === 3 && excluded === 1)).toBe(true);
  });

  it('counts a measurement that was made again once, with its last value', () => {
    const failed = run.rows.map((row): Row => ({ ...row, value: null, status: 'error', error: 'full disk' }));
    expect(documentOf({ ...run, rows: [...failed, ...run.rows] })).toEqual(documentOf(run));
  });

  it('draws whole artists when asked to', () => {
    const one = analyse(run, { draws, cluster: 'artist' }); // all pictures of the fixture have one artist
    expect(find(one.pairs, 'ripple', 'jpeg(quality=40)').outcome).toBe('inconclusive');
  });
});

describe('seeds', () => {
  it('are pooled image by image into one pair', async () => {
    const run = await made({ seeds: [0, 1], protections: [noise], attacks: [jpeg(40)], metrics: [ssim] });
    const { cells, pairs } = analyse(run, { draws });
    expect(cells).toHaveLength(2);
    expect(pairs).toHaveLength(1);
    expect(pairs[0]!.residual.n).toBe(4);
    const effects = cells.map(({ residual }) => residual.effect.value);
    expect(effects[0]).not.toBe(effects[1]);
    expect(pairs[0]!.residual.effect.value).toBeCloseTo((effects[0]! + effects[1]!) / 2, 12);
  });
});

describe('one image', () => {
  it('is inconclusive, and says why', async () => {
    const run = await made({
      images: ['alone.png'],
      protections: [ripple],
      attacks: [jpeg(40)],
      metrics: [ssim],
    });
    const [pair] = analyse(run, { draws }).pairs;
    expect(pair!.verdict).toEqual({
      word: 'inconclusive',
      reason: 'One image gives no interval.',
      open: [],
    });
    expect(pair!.residual.ratio.value).toBeGreaterThan(0);
  });
});

describe('attack families', () => {
  it('are the settings that differ in one strength parameter only', async () => {
    const run = await made({
      images: ['a.png', 'b.png'],
      protections: [ripple],
      attacks: [
        identityAttack,
        jpeg(90),
        jpeg(50),
        blur(1),
        chain(jpeg(75), blur(0.6)),
        chain(jpeg(75), blur(1.2)),
        chain(jpeg(30), blur(1.2)),
      ],
      metrics: [ssim],
    });
    const families = familiesOf(analyse(run, { draws }).pairs);
    expect(
      families.map(({ label, parameter, points }) => [
        label,
        parameter,
        points.map(({ strength }) => strength),
      ]),
    ).toEqual([
      ['jpeg', 'quality', [50, 90]],
      ['jpeg(quality=75) | gaussian-blur', 'sigma', [0.6, 1.2]],
      ['jpeg | gaussian-blur(sigma=1.2)', 'quality', [30, 75]],
    ]);
  });
});

describe('the placebo check', () => {
  const images = Array.from({ length: 8 }, (_, i) => `${i}.png`);
  const sentenceOn = async (protection: FixtureProtection, epsPx = 8): Promise<string | undefined> => {
    const placebo: FixtureProtection = {
      ...noise,
      setting: { ...noise.setting, links: [{ ...noise.setting.links[0]!, budget: { epsPx } }] },
    };
    const run = await made({
      images,
      size: 32,
      protections: [placebo, protection],
      attacks: [identityAttack, blur(1.5)],
      metrics: [ssim],
    });
    const { pairs, infer } = analyse(run, { draws });
    const found = placeboTests(protection.setting, pairs, infer);
    return found && sayPlacebo(found);
  };

  it('finds that a smooth pattern outlasts noise under a blur', async () => {
    expect(await sentenceOn(ripple)).toBe(
      '1 of 1 attack leaves more of it than of random noise of the same budget ' +
        '(sign-flip test over images, Holm over 1 attack, least p = 0.0078).',
    );
  });

  it('says so of noise under another name', async () => {
    const disguised = { ...noise, setting: settingOf('cloak', {}, { budget: { epsPx: 8 } }) };
    expect(await sentenceOn(disguised)).toMatch(
      /^No attack is shown to leave more of it than of random noise/,
    );
  });

  it('is silent without a placebo of the same budget', async () => {
    expect(await sentenceOn(ripple, 16)).toBeUndefined();
  });
});

describe('the sentence on a protection', () => {
  it('says plainly when there is no effect to begin with', async () => {
    const run = await made({ protections: [identityProtection], metrics: [ssim] });
    expect(summarise(analyse(run, { draws }).pairs)).toBe(
      'No effect: the effect before any attack is 0 for every image. d[protected] − d[clean] = 0 [0, 0]. There is nothing for an attack to remove.',
    );
  });

  it('says what the effect is where nothing attacked it, as in an experiment on poison', async () => {
    const made1 = (protection: typeof ripple) =>
      made({ protections: [protection], attacks: [identityAttack], metrics: [ssim] });
    const sentence = summarise(analyse(await made1(ripple), { draws }).pairs);
    expect(sentence).toMatch(
      /^It has an effect: d\[protected\] − d\[clean\] = 0\.\d+ \[0\.\d+, 0\.\d+\]\. No attack was made on it\.$/,
    );
    expect(summarise(analyse(await made1(identityProtection), { draws }).pairs)).toMatch(/^No effect: /);
  });

  it('never promises that a share would have shown beyond 1', async () => {
    const [pair] = analyse(await made({ protections: [ripple], metrics: [ssim] }), { draws }).pairs;
    const of = (detectable: number, binary?: true) => {
      const metric = { ...pair!.effect.metric, ...(binary && { binary }) };
      return sayDetectable([{ ...pair!, detectable, effect: { ...pair!.effect, metric } }]);
    };
    expect(of(2.4, true)).toBe(' There are too few images to show any effect.');
    expect(of(0.4, true)).toBe(' An effect of 0.400 or more would have been shown.');
    expect(of(2.4)).toBe(' An effect of 2.40 or more would have been shown.');
    expect(of(Number.NaN)).toBe('');
  });

  it('counts verdicts over real attacks only', async () => {
    const run = await made({
      protections: [ripple],
      attacks: [identityAttack, jpeg(75), blur(4)],
      metrics: [ssim],
    });
    const sentence = summarise(analyse(run, { draws }).pairs);
    expect(sentence).toMatch(/^Does not hold: 1 of 2 attacks breaks it \(gaussian-blur\(sigma=4\)\)/);
    expect(sentence).toMatch(
      /The attack that leaves least is gaussian-blur\(sigma=4\): R = \S+ \[\S+, \S+\], which is (none|\d+ %) of the effect\.$/,
    );
    expect(sentence).not.toContain('identity');
  });

  it('says what could not be judged', async () => {
    const run = await made({
      protections: [ripple],
      attacks: [jpeg(75), blur(2)],
      metrics: [psnr],
      fails: ({ attack }) => (attack.startsWith('jpeg') ? 'no encoder' : undefined),
    });
    expect(summarise(analyse(run, { draws }).pairs)).toMatch(/1 attack could not be judged\.$/);
  });
});
