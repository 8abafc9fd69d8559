import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CellRecord, RunFolder } from '../../src/run/run-folder.ts';
import type { MetricSetting } from '../../src/experiment/setting.ts';
import { metricSettings } from '../../src/experiment/settings.ts';
import type { Row } from '../../src/run/rows.ts';
import type { RowArm } from '../../src/metrics/arms.ts';
import { unknownName } from '../../src/messages/index.ts';
import type { AnalysisOptions } from '../../src/analysis/answers.ts';
import { analyse } from '../../src/analysis/analyse.ts';
import { effectsOf } from '../../src/analysis/effect.ts';
import { type Findings, findingsOf } from '../../src/analysis/findings/findings.ts';
import { qualityOf } from '../../src/analysis/utility.ts';
import { sayWorstCase } from '../../src/analysis/findings/sentences.ts';
import { seededRandom } from '../../src/random.ts';
import { mcnemarP } from '../../src/stats/rates.ts';
import { blur, identityAttack, jpeg, makeRun, rowOf, settingOf } from '../report-fixture.ts';

const draws = 500;
const found = (run: RunFolder, options: AnalysisOptions = {}): Findings =>
  findingsOf(run, analyse(run, { draws, ...options }));

describe('the findings of a run', () => {
  let run: RunFolder;
  beforeAll(async () => {
    run = await makeRun({
      dir: await mkdtemp(join(tmpdir(), 'craquelure-findings-')),
      attacks: [identityAttack, jpeg(75), jpeg(20), blur(0.6)],
    });
  });

  it('price an attack by its time for a megapixel and by what it takes from a clean picture', () => {
    const { prices, quality } = found(run);
    expect(quality!.metric.label).toBe('ssim');
    // The fixture says that an attack takes as many ms as its label has letters.
    expect(prices.get('jpeg(quality=75)')!.msPerMegapixel).toBeCloseTo((16 * 1e6) / 48 ** 2, 6);
    expect(prices.get('identity')!.qualityLost).toBe(0);
    expect(prices.get('jpeg(quality=20)')!.qualityLost).toBeGreaterThan(
      prices.get('jpeg(quality=75)')!.qualityLost,
    );
  });

  it('read quality off a metric of fidelity, never off a detector', () => {
    const quality = (calls: readonly string[]) =>
      qualityOf(effectsOf(calls.flatMap((call) => metricSettings(call))))?.metric.label;
    expect(quality(['detector', 'detector-vae', 'linf'])).toBe('linf');
    expect(quality(['detector', 'detector-vae'])).toBeUndefined();
  });

  it('take the worst attack of other images: here the same for all, which leaves no more than any alone', () => {
    const answers = analyse(run, { draws });
    const { worstCases } = findingsOf(run, answers);
    const withEffect = worstCases.filter(({ pair }) => pair.outcome !== 'no effect');
    expect(withEffect).not.toHaveLength(0);
    for (const { pair: of, residual: worst, attacks, verdict } of withEffect) {
      const alone = answers.pairs
        .filter((pair) => pair.effect === of.effect && pair.protection.label === of.protection.label)
        .filter(({ attack }) => attack.label !== 'identity')
        .map(({ residual }) => residual.ratio.value);
      expect(attacks).toBe(3);
      expect(worst!.value).toBeLessThanOrEqual(Math.min(...alone) + 1e-12);
      // Its word is read from its own interval.
      expect(verdict).toEqual(
        expect.objectContaining({ word: expect.stringMatching(/^(broken|weakened|holds|inconclusive)$/) }),
      );
    }
  });

  it('name the cheapest attack that breaks a protection, if one does', () => {
    const answers = analyse(run, { draws, thresholds: { holds: 5, broken: 4 } }); // everything breaks
    const [worstCase] = findingsOf(run, answers).worstCases.filter(
      ({ pair }) => pair.protection.links[0]!.id === 'ripple',
    );
    expect(worstCase!.cheapestBreak!.attack).toBe('jpeg(quality=75)'); // as many letters as its sibling: the first
    expect(sayWorstCase(worstCase!)).toContain('The cheapest attack that breaks it is jpeg');
    const none = found(run, { thresholds: { holds: 0, broken: -9 } }).worstCases;
    expect(none.every(({ cheapestBreak }) => cheapestBreak === undefined)).toBe(true);
  });

  it('compare with the placebo unless told otherwise, and adjust p over the table', () => {
    const { comparisons } = found(run);
    expect(new Set(comparisons.map(({ baseline }) => baseline.protection.links[0]!.id))).toEqual(
      new Set(['noise']),
    );
    for (const { p, adjusted } of comparisons) expect(adjusted).toBeGreaterThanOrEqual(p);
    const plain = found(run, { baseline: 'identity', adjust: 'benjamini-hochberg' }).comparisons;
    expect(plain.every(({ baseline }) => baseline.protection.label === 'identity')).toBe(true);
    const own = plain.find(({ own }) => own.protection.links[0]!.id === 'ripple')!;
    expect(own.difference.value).toBeCloseTo(own.own.residual.surviving.value, 12); // nothing is left of nothing
    expect(() => found(run, { baseline: 'mist' })).toThrow(
      unknownName(
        'protection of this run',
        'mist',
        [...new Set(run.cells.map(({ protection }) => protection.label))],
        {
          code: 'USAGE',
        },
      ),
    );
  });
});

/** A run of made-up values: `value(metric, protection, attack, arm, image)`. */
function madeUp(
  metrics: readonly MetricSetting[],
  images: readonly string[],
  value: (of: { metric: string; protection: string; attack: string; arm: RowArm; i: number }) => number,
  { arms = ['clean', 'protected', 'attacked-clean', 'attacked-protected'] as readonly RowArm[] } = {},
): RunFolder {
  const none = settingOf('identity', {}, { role: 'baseline' });
  const protections = [none, ...['a', 'b', 'c'].map((id) => settingOf(id))];
  const attacks = [none, ...['x', 'y', 'z'].map((id) => settingOf(id))];
  const cells: CellRecord[] = [];
  const rows: Row[] = [];
  for (const protection of protections) {
    for (const attack of attacks) {
      for (const metric of metrics) {
        const id = `${protection.label} ${attack.label} ${metric.label}`;
        const cell: CellRecord = { id, protection, attack, metric, seed: 0, status: 'ok', errors: 0 };
        cells.push(cell);
        for (const [i, image] of images.entries()) {
          for (const arm of arms) {
            const of = { metric: metric.label, protection: protection.label, attack: attack.label, arm, i };
            rows.push(rowOf(cell, { arm, image, value: value(of) }));
          }
        }
      }
    }
  }
  const manifest = { dataset: { items: images.map((id) => ({ id, sha256: id })) } };
  return { dir: '', manifest, cells, rows, images: [] } as unknown as RunFolder;
}

const metric = (id: string, parts: Partial<MetricSetting> = {}): MetricSetting => ({
  ...settingOf(id),
  kind: 'view',
  unit: '',
  higherIsBetter: false,
  effect: parts.higherIsBetter ? 'complement' : 'value',
  protocol: id,
  ...parts,
});

const images = Array.from({ length: 12 }, (_, i) => `${i}.png`);

describe('rank agreement', () => {
  it('finds that a metric puts attacks in the order in which mimicry does, and that noise does not', () => {
    const noise = seededRandom(1);
    const left: Record<string, number> = { identity: 1, x: 0.9, y: 0.5, z: 0.1 };
    const run = madeUp(
      [metric('cheap'), metric('random'), metric('trained', { measures: 'mimicry' })],
      images,
      ({ metric: name, protection, attack, arm }) => {
        if (!arm.endsWith('protected') || protection === 'identity') return 0;
        const strength = { a: 1, b: 0.8, c: 0.6 }[protection]!;
        if (arm === 'protected') return strength * (1 + 0.01 * noise.normal());
        return strength * (name === 'random' ? noise.uniform() : left[attack]!) * (1 + 0.01 * noise.normal());
      },
    );
    const { agreements } = found(run);
    expect(agreements.map(({ cheap, mimicry }) => [cheap.metric.label, mimicry.metric.label])).toEqual([
      ['cheap', 'trained'],
      ['random', 'trained'],
    ]);
    const [cheap, random] = agreements;
    expect(cheap!.pairs).toBe(9);
    expect(cheap!.rho.value).toBeGreaterThan(0.85);
    expect(random!.rho.value).toBeLessThan(cheap!.rho.value);
  });
});

describe('metrics of hits and misses', () => {
  it('are compared by McNemar’s test, and their means have Wilson’s interval', () => {
    const run = madeUp(
      [metric('label', { higherIsBetter: true, binary: true })],
      images,
      ({ protection, attack, arm, i }) =>
        arm === 'attacked-protected' && protection === 'a' && attack === 'x' && i < 6 ? 0 : 1,
    );
    const answers = analyse(run, { draws });
    const compared = findingsOf(run, answers).comparisons.find(
      ({ own }) => own.protection.label === 'a' && own.attack.label === 'x',
    )!;
    expect(compared).toMatchObject({ test: 'McNemar', n: 12 });
    expect(compared.p).toBeCloseTo(mcnemarP(0, 6), 12);
    const { mean } = answers.pairs[0]!.arms.clean;
    expect(mean.value).toBe(1);
    expect(mean.interval!.lo).toBeCloseTo(0.7575, 3); // 12 of 12: a bootstrap would say [1, 1]
  });
});

describe('the noise floor of a set metric', () => {
  const run = madeUp(
    [metric('frechet', { kind: 'set' })],
    ['*'],
    ({ protection, arm }) =>
      arm === 'floor'
        ? 0.5
        : arm.endsWith('protected')
          ? { identity: 0, a: 0.3, b: 0.6, c: 2 }[protection]!
          : 0,
    { arms: ['clean', 'protected', 'attacked-clean', 'attacked-protected', 'floor'] },
  );

  it('makes an effect below it no effect, and leaves one above it without a verdict', () => {
    const { pairs } = analyse(run, { draws });
    const outcome = (label: string) => pairs.find(({ protection }) => protection.label === label)!;
    expect(outcome('a').floor).toBe(0.5);
    expect(outcome('a').outcome).toBe('no effect');
    expect(outcome('a').verdict.reason).toContain('noise floor');
    expect(outcome('b').outcome).toBe('inconclusive');
    expect(outcome('b').verdict.reason).toContain('no interval');
  });
});
