import { describe, expect, it } from 'vitest';
import type { MetricSetting } from '../../src/experiment/setting.ts';
import { sweptCurves } from '../../src/report/charts/swept-curve.ts';
import type { Sheet } from '../../src/report/sheets.ts';

const metricOf = (poisoned: number, asked: string): MetricSetting => ({
  label: `concept-poison(asked=${asked}, poisoned=${poisoned})`,
  random: false,
  links: [
    { id: 'concept-poison', version: 1, params: { asked, poisoned, steps: 60 }, name: 'Concept poison' },
  ],
  kind: 'generated',
  unit: '',
  higherIsBetter: false,
  effect: 'value',
  measures: 'mimicry',
  protocol: 'concept-poison@1',
  binary: true,
});

const sheetOf = (poisoned: number, rates: Readonly<Record<string, number>>): Sheet => ({
  artist: '*',
  metrics: [metricOf(poisoned, 'concept'), metricOf(poisoned, 'neighbours')],
  prompts: [],
  swept: `poisoned=${poisoned}`,
  rows: Object.entries(rates).map(([name, value]) => {
    const mean = { value, interval: { lo: value / 2, hi: (1 + value) / 2 } };
    return {
      name,
      role: 'protection',
      pictures: [],
      losses: [],
      measures: [
        { mean, n: 8 },
        { mean, n: 16 },
      ],
    };
  }),
});

describe('what a metric says over a swept parameter', () => {
  const sheets = [1, 3, 10].map((k) => sheetOf(k, { clean: 0.1, noise: 0.1 + k / 40, poison: 0.2 + k / 20 }));

  it('is a curve for each question, with a point and an interval for each training set', () => {
    const curves = sweptCurves(sheets);
    expect(curves.map(({ metric, parameter }) => [metric, parameter])).toEqual([
      ['concept-poison, concept', 'poisoned'],
      ['concept-poison, neighbours', 'poisoned'],
    ]);
    const { data } = curves[0]!.spec as unknown as { data: { values: object[] } };
    expect(data.values).toHaveLength(9);
    expect(data.values).toContainEqual(
      expect.objectContaining({ x: 10, trainedOn: 'poison', value: 0.7, lo: 0.35, hi: 0.85 }),
    );
  });

  it('is none if nothing is swept', () => {
    expect(sweptCurves(sheets.slice(0, 1))).toEqual([]);
  });
});
