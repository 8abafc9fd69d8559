import { describe, expect, it } from 'vitest';
import type { CellRecord } from '../../src/run/run-folder.ts';
import type { MetricSetting } from '../../src/experiment/setting.ts';
import type { Row } from '../../src/run/rows.ts';
import { seededRandom } from '../../src/random.ts';
import type { Answers } from '../../src/analysis/answers.ts';
import { mimicGainsOf, leadingGains } from '../../src/analysis/findings/mimic-gain.ts';
import { effectsOf } from '../../src/analysis/effect.ts';
import { byLevels } from '../../src/stats/inference.ts';
import { rowOf, settingOf } from '../report-fixture.ts';

const metricOf = (id: string, kind: MetricSetting['kind'] = 'generated'): MetricSetting => ({
  ...settingOf(id, {}, { name: 'Likeness' }),
  kind,
  unit: '',
  higherIsBetter: kind === 'generated',
  effect: kind === 'generated' ? 'complement' : 'value',
  measures: 'mimicry',
  protocol: id,
});
const similarity = metricOf('lora-mimicry-similarity');
const cellsOf = (metric: MetricSetting): CellRecord[] =>
  ['mist', 'noise'].map((id) => ({
    id: `${id} ${metric.label}`,
    protection: settingOf(id),
    attack: settingOf('jpeg'),
    metric,
    seed: 0,
    status: 'ok',
    errors: 0,
  }));

/** Sixteen paintings of each artist by each of two models, in every cell: the second adds `gain` to what the first does. */
function rowsOf(metric: MetricSetting, gains: Readonly<Record<string, number>>): Row[] {
  const random = seededRandom(3);
  const paintings = Object.entries(gains).flatMap(([artist, gain]) =>
    Array.from({ length: 16 }, (_, i) => {
      const before = random.uniform();
      return {
        image: `${artist}: a tree #${i}`,
        before,
        after: before + gain + 0.2 * (random.uniform() - 0.5),
      };
    }),
  );
  return cellsOf(metric).flatMap((cell) =>
    paintings.flatMap(({ image, before, after }) => [
      rowOf(cell, { arm: 'untuned', image, value: before }),
      rowOf(cell, { arm: 'clean', image, value: after }),
    ]),
  );
}

const gained = (metrics: readonly MetricSetting[], rows: readonly Row[]) => {
  const infer: Answers['infer'] = (units) => byLevels([units]);
  return mimicGainsOf({ rows }, { effects: effectsOf(metrics), infer } as unknown as Answers);
};

describe('what the mimic has learnt', () => {
  it('is told artist by artist, over pairs of paintings that count once', () => {
    const [good, bad] = gained([similarity], rowsOf(similarity, { Vermeer: 0.3, Signac: 0 }));
    expect([good!.artist, good!.gained, good!.n]).toEqual(['Vermeer', true, 16]);
    expect(good!.gain.value).toBeCloseTo(good!.after - good!.before, 12);
    expect(Math.abs(good!.gain.value - 0.3)).toBeLessThan(0.06);
    expect(good!.gain.interval!.lo).toBeGreaterThan(0.2);
    expect(good!.sentence).toMatch(
      /^The mimic gains from training on clean images of Vermeer: Likeness is 0\.\d+ before/,
    );
    expect([bad!.artist, bad!.gained]).toEqual(['Signac', false]);
    expect(bad!.sentence).toContain('does not gain from training on clean images of Signac');
  });

  it('is no less where the gain is a loss: that is not learning', () => {
    const [only] = gained([similarity], rowsOf(similarity, { Vermeer: -0.3 }));
    expect(only!.gained).toBe(false);
  });

  it('is not asked of metrics that do not say how like the artist a painting is, nor of single values', () => {
    const noise = { ...metricOf('lora-mimicry-noise'), higherIsBetter: false };
    const one = rowsOf(similarity, { Vermeer: 0.3 }).filter(({ image }) => image.endsWith('#0'));
    expect(gained([noise], rowsOf(noise, { Vermeer: 0.3 }))).toEqual([]);
    expect(gained([similarity], one)).toEqual([]);
  });

  it('is asked of success against clean art only where nothing else is: that arm meets itself', () => {
    const success = { ...metricOf('success'), againstControl: true as const };
    const rows = [...rowsOf(success, { A: 0.3 }), ...rowsOf(similarity, { A: 0.3 })];
    const asked = (metrics: readonly MetricSetting[]) =>
      gained(metrics, rows).map(({ effect }) => effect.metric.label);
    expect(asked([success, similarity])).toEqual([similarity.label]);
    expect(asked([success])).toEqual([success.label]);
  });

  it('leads with the first metric', () => {
    const accuracy = { ...metricOf('lora-mimicry-accuracy'), label: 'accuracy' };
    const rows = [...rowsOf(similarity, { A: 0.1, B: 0.1 }), ...rowsOf(accuracy, { A: 0.1, B: 0.1 })];
    const all = gained([similarity, accuracy], rows);
    expect(all).toHaveLength(4);
    expect(leadingGains(all).map(({ effect }) => effect.metric.label)).toEqual([
      similarity.label,
      similarity.label,
    ]);
    expect(leadingGains([])).toEqual([]);
  });
});
